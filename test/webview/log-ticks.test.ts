import assert from "node:assert/strict";
import * as fc from "fast-check";
import { logTicks } from "../../webview/log-ticks.ts";

describe("the lines of a logarithmic axis", () => {
  it("are the powers of ten, or fewer of them where there is no room", () => {
    assert.deepEqual(logTicks(0.1, 1000, 10), [0.1, 1, 10, 100, 1000]);
    assert.deepEqual(logTicks(1e-6, 1e6, 5), [1e-6, 1e-3, 1, 1e3, 1e6]);
  });

  it("are between the powers where few powers are in sight", () => {
    assert.deepEqual(logTicks(3, 60, 10), [5, 10, 20, 50]);
  });

  it("lie within the axis, in order, each once, and not too many of them", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -12, max: 12, noNaN: true }),
        fc.double({ min: 0.5, max: 20, noNaN: true }),
        (from, span) => {
          const [low, high] = [10 ** from, 10 ** (from + span)];
          const ticks = logTicks(low, high, 6);
          assert.deepEqual(
            ticks,
            [...new Set(ticks)].toSorted((a, b) => a - b),
          );
          assert.ok(ticks.every((tick) => tick >= low && tick <= high));
          assert.ok(ticks.length >= 1 && ticks.length <= 9, `${ticks.length} lines`);
        },
      ),
    );
  });
});
