import assert from "node:assert/strict";
import fc from "fast-check";
import { normalQuantile, randomStream, threefry2x32, type Words } from "../../src/common/random.ts";

describe("Threefry-2x32-20", () => {
  // From Random123's kat_vectors, the known answers that its authors publish.
  const KNOWN: { counter: Words; key: Words; block: Words }[] = [
    { counter: [0, 0], key: [0, 0], block: [0x6b200159, 0x99ba4efe] },
    { counter: [0xffffffff, 0xffffffff], key: [0xffffffff, 0xffffffff], block: [0x1cb996fc, 0xbb002be7] },
    { counter: [0x243f6a88, 0x85a308d3], key: [0x13198a2e, 0x03707344], block: [0xc4923a9c, 0x483df7a0] },
  ];
  for (const { counter, key, block } of KNOWN) {
    it(`gives the published block for key ${key.map((word) => word.toString(16)).join(" ")}`, () => {
      assert.deepEqual(threefry2x32(key, counter), block);
    });
  }
});

describe("the normal quantile", () => {
  // √2·erf⁻¹(2p − 1) with p = (word + ½)/2³², computed with 40 digits.
  const KNOWN = [
    [0, -6.3379577545537895],
    [1, -6.166429517819751],
    [12345, -4.535422762090428],
    [322122546, -1.4395314720898174],
    [322122547, -1.4395314704450153],
    [0x40000000, -0.6744897498297384],
    [0x9e3779b9, 0.3003213853916895],
    [3972844748, 1.4395314704450153],
    [0xffffffff, 6.3379577545537895],
  ];
  for (const [word, expected] of KNOWN) {
    it(`is right to 15 digits at word ${word}`, () => {
      assert.ok(Math.abs(normalQuantile(word) / expected - 1) < 1e-15 * 4, `${normalQuantile(word)}`);
    });
  }

  it("is odd about the middle and rises with the word", () => {
    fc.assert(
      fc.property(fc.nat(0xfffffffe), (word) => {
        assert.equal(normalQuantile(word), -normalQuantile(0xffffffff - word));
        assert.ok(normalQuantile(word) < normalQuantile(word + 1));
      }),
    );
  });
});

describe("a random stream", () => {
  const seeds = fc.maxSafeNat();
  const types = fc.constantFrom("float32" as const, "float64" as const);

  it("gives the same numbers for any slice, wherever it starts", () => {
    const arbitrary = [seeds, fc.string(), types, fc.nat(5000), fc.nat(5000)] as const;
    fc.assert(
      fc.property(...arbitrary, (seed, name, type, from, length) => {
        const whole = randomStream(seed, name).normal(from + length, 0.5, 3, type);
        const slice = type === "float32" ? new Float32Array(length) : new Float64Array(length);
        randomStream(seed, name).fillNormal(slice, 0.5, 3, from);
        assert.deepEqual(slice, whole.subarray(from));
      }),
    );
  });

  it("gives in float32 what it gives in float64, rounded", () => {
    fc.assert(
      fc.property(seeds, fc.string(), (seed, name) => {
        const stream = randomStream(seed, name);
        const wide = stream.normal(100, 0.001, 0.02, "float64");
        assert.deepEqual(stream.normal(100, 0.001, 0.02, "float32"), Float32Array.from(wide));
      }),
    );
  });

  it("changes altogether with the seed or the name", () => {
    const first = (seed: number, name: string) => randomStream(seed, name).normal(8, 0, 1, "float64").join();
    const names = ["", "a", "a\0", "aa", "h.0.ln_1", "h.1.ln_1", "wte.weight", "ë", "a".repeat(9)];
    const seen = [0, 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER].flatMap((seed) =>
      names.map((name) => first(seed, name)),
    );
    assert.equal(new Set(seen).size, seen.length);
  });

  it("has the numbers of today, so that stored checkpoints and records stay what they are", () => {
    assert.deepEqual(
      [...randomStream(0, "wte.weight").normal(4, 0, 0.02, "float32")],
      [0.01709878258407116, -0.02009628526866436, 0.0004395177820697427, -0.004102850332856178],
    );
  });

  it("is normal: Kolmogorov–Smirnov over a million numbers", () => {
    const n = 1_000_000;
    const sorted = randomStream(3, "ks").normal(n, 0, 1, "float64").sort();
    // The share of words below x is an independent check of the quantile: Φ by its series, exact enough at n = 10⁶.
    let worst = 0;
    for (let i = 0; i < n; i += 97) worst = Math.max(worst, Math.abs(normalCdf(sorted[i]) - (i + 0.5) / n));
    assert.ok(worst < 1.95 / Math.sqrt(n), `largest gap ${worst}`);
  });

  it("is uniform where that is asked for, and any slice of it is the same", () => {
    const n = 1_000_000;
    const whole = new Float64Array(n);
    randomStream(3, "uniform").fillUniform(whole, -2, 6);
    const slice = new Float64Array(1001);
    randomStream(3, "uniform").fillUniform(slice, -2, 6, 4999);
    assert.deepEqual(slice, whole.subarray(4999, 6000));
    const sorted = whole.toSorted();
    assert.ok(sorted[0] > -2 && sorted[n - 1] < 6);
    let worst = 0;
    for (let i = 0; i < n; i += 97) worst = Math.max(worst, Math.abs((sorted[i] + 2) / 8 - (i + 0.5) / n));
    assert.ok(worst < 1.95 / Math.sqrt(n), `largest gap ${worst}`);
  });

  it("has no correlation between neighbours, nor between streams", () => {
    const n = 1_000_000;
    const a = randomStream(3, "a").normal(n + 1, 0, 1, "float64");
    const b = randomStream(3, "b").normal(n, 0, 1, "float64");
    const correlation = (other: (i: number) => number) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += a[i] * other(i);
      return Math.abs(sum) / Math.sqrt(n);
    };
    assert.ok(correlation((i) => a[i + 1]) < 4);
    assert.ok(correlation((i) => b[i]) < 4);
  });
});

/** Φ(x) by Marsaglia's Taylor series around 0. */
function normalCdf(x: number): number {
  if (Math.abs(x) > 7) return x > 0 ? 1 : 0;
  let term = x;
  let sum = x;
  for (let i = 3; sum !== sum + term; i += 2) sum += term = (term * x * x) / i;
  return 0.5 + (sum * Math.exp(-(x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
