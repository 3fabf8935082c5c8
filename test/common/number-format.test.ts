import assert from "node:assert/strict";
import { duration, figure, roughTime } from "../../src/common/number-format.ts";

describe("figures and times", () => {
  it("are short", () => {
    const four = [0, 0.000123456, 1234.56, 98765.4].map((value) => figure(value));
    assert.deepEqual(four, ["0", "0.0001235", "1235", "98770"]);
    assert.equal(figure(0.66666, 2), "0.67");
    assert.deepEqual([0, 59_949, 59_950, 125_000, 3_725_000].map(duration), [
      "0.0 s",
      "59.9 s",
      "1 min 0 s",
      "2 min 5 s",
      "1 h 2 min",
    ]);
  });

  it("are rough where they are an estimate", () => {
    const times = [200, 89_000, 91_000, 7_200_000, 9_100_000].map(roughTime);
    assert.deepEqual(times, ["1 s", "89 s", "2 min", "2 h", "2.5 h"]);
  });
});
