// What is done to states before they are given away: number formats against their own bits, noise against its size.

import assert from "node:assert/strict";
import fc from "fast-check";
import { fromFloat16 } from "../../../src/checkpoints/rows.ts";
import { protect, type Rounding } from "../../../src/experiments/exact/protection.ts";

const rounded = (values: readonly number[], round: Rounding): number[] =>
  Array.from(protect(Float64Array.from(values), values.length, { round }, 0, 0));

/** Every finite number of a format of 16 bits, from low to high. */
const numbersOf = (valueOf: (word: number) => number): number[] =>
  [...new Set(Array.from({ length: 0x1_0000 }, (_, word) => valueOf(word)).filter(Number.isFinite))].sort(
    (a, b) => a - b,
  );
const FORMATS = {
  float16: numbersOf(fromFloat16),
  bfloat16: numbersOf((word) => new Float32Array(Uint32Array.of(word << 16).buffer)[0]),
};

/** By a search among all numbers of the format. */
function nearest(value: number, all: readonly number[]): readonly number[] {
  let [low, high] = [0, all.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (all[middle] <= value) low = middle;
    else high = middle;
  }
  const [below, above] = [value - all[low], all[high] - value];
  return below < above ? [all[low]] : above < below ? [all[high]] : [all[low], all[high]];
}

describe("protected states", () => {
  for (const round of ["float16", "bfloat16"] as const) {
    it(`are the nearest numbers of ${round}`, () => {
      fc.assert(
        fc.property(fc.integer({ min: -30, max: 15 }), fc.double({ min: -1, max: 1, noNaN: true }), (power, share) => {
          const value = share * 2 ** power;
          const [found] = rounded([value], round);
          assert.ok(nearest(value, FORMATS[round]).includes(found === 0 ? 0 : found), `${value} → ${found}`);
        }),
      );
    });

    it(`stay as they are where they are numbers of ${round}`, () => {
      fc.assert(
        fc.property(fc.constantFrom(...FORMATS[round]), (value) => assert.equal(rounded([value], round)[0], value)),
      );
    });
  }

  it("take halves of float16 to the even one", () => {
    assert.deepEqual(rounded([1 + 2 ** -11, 1 + 3 * 2 ** -11], "float16"), [1, 1 + 2 ** -9]);
  });

  for (const [round, levels] of [
    ["int8", 127],
    ["int4", 7],
  ] as const) {
    it(`are whole multiples of one scale with ${round}, within half of it`, () => {
      fc.assert(
        fc.property(fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 1, maxLength: 20 }), (row) => {
          const scale = Math.max(...row.map(Math.abs)) / levels;
          rounded(row, round).forEach((value, i) => {
            assert.ok(Math.abs(value - row[i]) <= scale * 0.500001);
            if (scale > 1e-300) assert.ok(Math.abs(value / scale - Math.round(value / scale)) < 1e-6);
          });
        }),
      );
    });
  }

  it("keep the channels of the largest size", () => {
    const kept = protect(Float64Array.of(1, -5, 2, 0.5, 4, -3), 3, { round: "none", keepChannels: 2 }, 0, 0);
    assert.deepEqual([...kept], [0, -5, 2, 0, 4, -3]);
  });

  it("get noise of the size that is asked for, relative to each state, and other noise in each restart", () => {
    const width = 20_000;
    const states = new Float64Array(2 * width).fill(3, 0, width).fill(500, width);
    const apart = (restart: number, row: number): number => {
      const noisy = protect(states, width, { noise: 0.1, round: "none" }, 7, restart);
      const part = (values: ArrayLike<number>) => Array.from(values).slice(row * width, (row + 1) * width);
      const own = part(states);
      return Math.hypot(...part(noisy).map((value, i) => value - own[i])) / Math.hypot(...own);
    };
    for (const row of [0, 1]) assert.ok(Math.abs(apart(0, row) - 0.1) < 0.003);
    assert.notEqual(apart(0, 0), apart(1, 0));
  });
});
