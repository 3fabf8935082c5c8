// What is said of a found input in one number.

import assert from "node:assert/strict";
import fc from "fast-check";
import { absoluteDistances, hamming, ratioOf, repetition } from "../../src/experiments/metrics.ts";

describe("metrics", () => {
  it("sum absolute differences restart by restart", () => {
    assert.deepEqual(absoluteDistances(Float64Array.of(1, 2, 3, 4), Float64Array.of(0, 4, 3, -1), 2), [3, 5]);
  });

  it("have no ratio where the output has not moved", () => {
    assert.equal(ratioOf(3, 0), null);
    assert.equal(ratioOf(3, 2), 1.5);
  });

  it("count the positions whose token is not the first, or not among the first five", () => {
    assert.deepEqual(hamming([1, 2, 5, 6]), { top1: 0.75, top5: 0.25 });
    assert.deepEqual(hamming([1, 1]), { top1: 0, top5: 0 });
  });

  it("call a text of one token over and over repetitive, and one of different tokens not", () => {
    const rows = (...ids: number[]) => ids.map((id) => [id]);
    assert.deepEqual(repetition([7, 7, 7, 7], rows(7, 7, 7, 7)), { repeated: 0.75, distinct1: 0.25, distinct2: 1 / 3 });
    assert.deepEqual(repetition([1, 2, 3], rows(1, 2, 3)), { repeated: 0, distinct1: 1, distinct2: 1 });
    assert.deepEqual(repetition([1], rows(1)), { repeated: 0, distinct1: 1, distinct2: 0 });
  });

  it("read pairs along a place of the lists, not across places", () => {
    // First places: 1 2, second places: 2 1: two different pairs of two.
    assert.deepEqual(
      repetition(
        [1, 2],
        [
          [1, 2],
          [2, 1],
        ],
      ),
      { repeated: 0, distinct1: 0.5, distinct2: 1 },
    );
  });

  it("stay shares between 0 and 1, whatever the lists", () => {
    const lists = fc
      .integer({ min: 1, max: 6 })
      .chain((k) => fc.array(fc.array(fc.nat(3), { minLength: k, maxLength: k }), { minLength: 1, maxLength: 8 }));
    fc.assert(
      fc.property(lists, (topIds) => {
        for (const value of Object.values(
          repetition(
            topIds.map(([best]) => best),
            topIds,
          ),
        )) {
          assert.ok(value >= 0 && value <= 1);
        }
      }),
    );
  });
});
