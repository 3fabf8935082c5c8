// Intervals against published values, and against what they promise.

import assert from "node:assert/strict";
import fc from "fast-check";
import { randomStream } from "../../src/common/random.ts";
import { median, medianInterval, wilson } from "../../src/common/statistics.ts";

describe("Wilson's interval", () => {
  it("has the values that R's prop.test(correct = FALSE) gives", () => {
    for (const [successes, trials, low, high] of [
      [20, 20, 0.838875, 1],
      [0, 10, 0, 0.2775328],
      [4, 5, 0.3755346, 0.9637758],
      [7, 20, 0.1811918, 0.5671457],
    ]) {
      const found = wilson(successes, trials);
      assert.ok(Math.abs(found.low - low) < 1e-6 && Math.abs(found.high - high) < 1e-6, JSON.stringify(found));
    }
  });

  it("holds the rate, lies in [0, 1] and narrows with more trials", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, share) => {
        const successes = Math.round(share * trials);
        const { low, high } = wilson(successes, trials);
        assert.ok(low >= 0 && high <= 1 && low <= successes / trials && high >= successes / trials);
        const more = wilson(successes * 4, trials * 4);
        assert.ok(more.high - more.low < high - low);
      }),
    );
  });
});

describe("the median's interval", () => {
  it("is the second and ninth of ten, the whole range below six", () => {
    const ten = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1];
    assert.deepEqual(medianInterval(ten), { low: 2, high: 9 });
    assert.deepEqual(medianInterval([3, 1, 2]), { low: 1, high: 3 });
    assert.deepEqual(medianInterval([1, 2, 3, 4, 5, 6]), { low: 1, high: 6 });
    // P(X ≤ 3) = 0.011 and P(X ≤ 4) = 0.038 for 16 values: the fourth from either end.
    assert.deepEqual(medianInterval(Array.from({ length: 16 }, (_, i) => i + 1)), { low: 4, high: 13 });
    assert.equal(median(ten), 5.5);
  });

  it("covers the truth in 95 of 100 samples or more, whatever their distribution", () => {
    const n = 15;
    const samples = 4000;
    const numbers = randomStream(0, "median").normal(n * samples, 0, 1, "float64");
    let covered = 0;
    for (let i = 0; i < samples; i++) {
      // exp of a normal is far from symmetric; its median is 1.
      const { low, high } = medianInterval([...numbers.subarray(i * n, (i + 1) * n)].map(Math.exp));
      if (low <= 1 && high >= 1) covered++;
    }
    assert.ok(covered / samples > 0.95 && covered / samples < 0.98, `${covered / samples}`);
  });

  it("takes what was never reached for larger than all", () => {
    assert.equal(median([1, Infinity, Infinity]), Infinity);
    assert.equal(median([1, 2, Infinity]), 2);
    assert.equal(median([Infinity, Infinity]), Infinity);
  });
});
