// The parts that blocks are made of: their gradients against finite differences at several sizes, and laws that they keep.

import assert from "node:assert/strict";
import fc from "fast-check";
import { randomStream } from "../../src/common/random.ts";
import { activate, ACTIVATION_NAMES, activationNamed } from "../../src/networks/activations.ts";
import { cachedAttention, causalAttention, causalMask, MASKED } from "../../src/networks/layers.ts";
import { frequencies, rotate, type Rotary, turnOfMask, turnOfPlaces } from "../../src/networks/rotary.ts";
import { compile } from "../../src/runtime/compile.ts";
import { gradient } from "../../src/tensorgraph/gradients.ts";
import { multiply, reduceSum, reshape, rootMeanSquareNorm } from "../../src/tensorgraph/operations.ts";
import { constant, input, sizeOf, type Tensor } from "../../src/tensorgraph/tensor.ts";
import { relativeError } from "../support/numbers.ts";

const drawn = (name: string, count: number): Float64Array =>
  randomStream(3, name).normal(count, 0, 1, "float64") as Float64Array;

async function evaluated(outputs: Record<string, Tensor>, feeds: Record<string, Float64Array>) {
  const graph = await compile(outputs, { device: "cpu", memory: "low" });
  try {
    return await graph.run(feeds, Object.keys(outputs));
  } finally {
    await graph.release();
  }
}

/** Σ cᵢ yᵢ with uneven weights c, against central differences for each entry of each input. */
async function checkGradient(shapes: readonly (readonly number[])[], build: (...inputs: Tensor[]) => Tensor) {
  const inputs = shapes.map((shape, i) => input(`x${i}`, shape, "float64"));
  const output = build(...inputs);
  const cotangent = constant(drawn("cotangent", sizeOf(output.shape)), output.shape, "float64");
  const value = reduceSum(multiply(output, cotangent), [...output.shape.keys()]);
  const graph = await compile(
    { value, ...Object.fromEntries(inputs.map((x, i) => [`d${i}`, gradient(output, cotangent, x)])) },
    { device: "cpu", memory: "low" },
  );
  const point = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, drawn(`x${i}`, sizeOf(shape))]));
  const analytic = await graph.run(
    point,
    inputs.map((_, i) => `d${i}`),
  );
  const h = 1e-5;
  for (const [i] of inputs.entries()) {
    const values = point[`x${i}`];
    const differences = new Float64Array(values.length);
    for (let at = 0; at < values.length; at++) {
      const moved = async (x: number) =>
        (await graph.run({ ...point, [`x${i}`]: values.with(at, x) }, ["value"])).value[0];
      differences[at] = ((await moved(values[at] + h)) - (await moved(values[at] - h))) / (2 * h);
    }
    const apart = Math.max(...differences.map((difference, at) => Math.abs(difference - analytic[`d${i}`][at])));
    assert.ok(apart < 1e-7, `input ${i} of ${JSON.stringify(shapes)} is ${apart} off`);
  }
  await graph.release();
}

const ROTARY: Rotary = { channels: 4, theta: 100 };

describe("parts of blocks", () => {
  for (const name of ACTIVATION_NAMES) {
    it(`${name} has the gradient that finite differences give`, () =>
      checkGradient([[3, 7]], (x) => activate(x, activationNamed(name)!)));
  }

  for (const shape of [
    [1, 1],
    [3, 8],
    [2, 3, 5],
  ]) {
    it(`RMSNorm of [${shape.join(", ")}] has the gradient that finite differences give`, () =>
      checkGradient([shape, shape.slice(-1)], (x, scale) => rootMeanSquareNorm(x, scale, 1e-3)));
  }

  for (const [T, H, d] of [
    [1, 1, 4],
    [3, 2, 4],
    [4, 1, 7],
  ]) {
    it(`rotations of [${T}, ${H}, ${d}] have the gradient that finite differences give`, () =>
      checkGradient([[T, H, d]], (x) => rotate(x, turnOfPlaces(ROTARY, T, "float64"))));
  }

  for (const [T, H, G, d] of [
    [1, 1, 1, 1],
    [3, 4, 2, 2],
    [4, 6, 3, 5],
    [3, 2, 1, 4],
  ]) {
    it(`attention of ${H} heads in groups of ${G}, ${T} tokens and width ${d}, too`, () =>
      checkGradient(
        [
          [T, H, d],
          [T, H / G, d],
          [T, H / G, d],
        ],
        (q, k, v) =>
          // prettier-ignore
          causalAttention(q, k, v, causalMask(T, "float64", 2)),
      ));
  }

  it("rotations keep lengths, and products depend on the distance alone", async () => {
    const [T, H, d] = [6, 1, 4];
    const x = drawn("row", d);
    const rows = Float64Array.from({ length: T * d }, (_, i) => x[i % d]);
    const { y } = await evaluated(
      { y: rotate(input("x", [T, H, d], "float64"), turnOfPlaces(ROTARY, T, "float64")) },
      { x: rows },
    );
    const product = (s: number, t: number) => x.reduce((sum, _, i) => sum + y[s * d + i] * y[t * d + i], 0);
    assert.deepEqual(y.subarray(0, d), x);
    for (let s = 0; s + 1 < T; s++) {
      assert.ok(Math.abs(product(s, s) - product(0, 0)) < 1e-12);
      assert.ok(Math.abs(product(s, s + 1) - product(0, 1)) < 1e-12);
    }
    assert.ok(Math.abs(product(0, 1) - product(0, 0)) > 0.01);
  });

  it("places are what a mask shows, in any order of rows", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }), async (places) => {
        const M = 12;
        const values = places.flatMap((place) => Array.from({ length: M }, (_, i) => (i * 5) % M <= place ? 0 : MASKED)); // prettier-ignore
        const { cos, sin } = turnOfMask(ROTARY, constant(values, [places.length, M], "float64"));
        const table = turnOfPlaces(ROTARY, 10, "float64");
        const found = await evaluated({ cos, sin, c: multiply(table.cos, 1), s: multiply(table.sin, 1) }, {});
        places.forEach((place, row) => {
          for (let i = 0; i < 4; i++) {
            assert.ok(Math.abs(found.cos[row * 4 + i] - found.c[place * 4 + i]) < 1e-14);
            assert.ok(Math.abs(found.sin[row * 4 + i] - found.s[place * 4 + i]) < 1e-14);
          }
        });
      }),
      { numRuns: 10, seed: 5 },
    );
  });

  it("low frequencies are slowed as Llama 3.1 has it: fast ones stay, slow ones are divided, the rest lies between", () => {
    const plain = { channels: 64, theta: 500_000 };
    const scaling = { kind: "llama3", factor: 8, lowFrequency: 1, highFrequency: 4, originalPositions: 8192 } as const;
    const [before, after] = [frequencies(plain), frequencies({ ...plain, scaling })];
    const wavelength = (i: number) => (2 * Math.PI) / before[i];
    before.forEach((rate, i) => {
      if (wavelength(i) < 8192 / 4) assert.equal(after[i], rate);
      else if (wavelength(i) > 8192) assert.equal(after[i], rate / 8);
      else assert.ok(after[i] < rate && after[i] > rate / 8);
    });
    assert.ok(before.some((rate, i) => after[i] !== rate && after[i] !== rate / 8));
  });

  it("rows behind cached keys and values attend as they do in the whole text, heads in groups", async () => {
    const [T, H, K, d, P] = [6, 4, 2, 3, 4];
    const sizes = { q: T * H * d, k: T * K * d, v: T * K * d };
    const feeds = Object.fromEntries(Object.entries(sizes).map(([name, count]) => [name, drawn(name, count)]));
    const [q, k, v] = (["q", "k", "v"] as const).map((n) => input(n, [T, n === "q" ? H : K, d], "float64"));
    const { whole } = await evaluated({ whole: causalAttention(q, k, v, causalMask(T, "float64")) }, feeds);
    // Tokens from P on as rows of a pass, head by head.
    const cut = (values: Float64Array, heads: number, from: number, to: number): Float64Array =>
      Float64Array.from({ length: heads * (to - from) * d }, (_, i) => {
        const [head, t, c] = [Math.floor(i / ((to - from) * d)), from + (Math.floor(i / d) % (to - from)), i % d];
        return values[(t * heads + head) * d + c];
      });
    const part = (name: string, heads: number, from: number, to: number) =>
      constant(cut(feeds[name], heads, from, to), [heads, to - from, d], "float64");
    const mask = Array.from({ length: (T - P) * T }, (_, i) => (i % T > P + Math.floor(i / T) ? MASKED : 0));
    const { rows } = await evaluated(
      {
        rows: reshape(
          cachedAttention(
            part("q", H, P, T),
            { keys: part("k", K, P, T), values: part("v", K, P, T) },
            constant(mask, [T - P, T], "float64"),
            { keys: part("k", K, 0, P), values: part("v", K, 0, P) },
          ),
          [T - P, H, d],
        ),
      },
      {},
    );
    assert.ok(relativeError(rows, whole.subarray(P * H * d)) < 1e-14);
  });
});
