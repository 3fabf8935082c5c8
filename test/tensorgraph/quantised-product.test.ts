// Products with matrices of bytes, against the product with the real numbers that the bytes stand for.

import assert from "node:assert/strict";
import fc from "fast-check";
import { type FloatArray, type FloatType, floats } from "../../src/common/floats.ts";
import { randomStream } from "../../src/common/random.ts";
import { compile } from "../../src/runtime/compile.ts";
import { quantisedMatMul } from "../../src/tensorgraph/quantised-product.ts";
import { constant, input } from "../../src/tensorgraph/tensor.ts";
import { dequantised, randomMatrix, randomValues } from "../support/quantised.ts";

interface Product {
  readonly rows: number;
  readonly shape: readonly [number, number];
  readonly axis: 0 | 1;
  readonly transposed: boolean;
  readonly seed: number;
}

const product: fc.Arbitrary<Product> = fc.record({
  rows: fc.integer({ min: 1, max: 4 }),
  shape: fc.tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 70 })),
  axis: fc.constantFrom(0, 1),
  transposed: fc.boolean(),
  seed: fc.nat({ max: 1e6 }),
});

/** By ONNX Runtime, and by plain sums in float64. */
async function bothWays({ rows, shape, axis, transposed, seed }: Product, x: FloatArray, type: FloatType) {
  const [R, C] = shape;
  const [inner, outer] = transposed ? [C, R] : [R, C];
  const y = quantisedMatMul(input("x", [rows, inner], type), randomMatrix(shape, axis, seed, type), { transposed });
  const graph = await compile({ y }, { device: "cpu", memory: "speed" });
  const actual = (await graph.run({ x }, ["y"])).y;
  await graph.release();

  const W = dequantised(randomValues(shape, axis, seed), C, axis);
  const entry = (i: number, o: number): number => (transposed ? W[o * C + i] : W[i * C + o]);
  const expected = Float64Array.from({ length: rows * outer }, (_, at) => {
    let sum = 0;
    for (let i = 0; i < inner; i++) sum += x[Math.floor(at / outer) * inner + i] * entry(i, at % outer);
    return sum;
  });
  return { actual, expected };
}

const points = ({ rows, shape, transposed, seed }: Product, type: FloatType): FloatArray =>
  randomStream(seed, "x").normal(rows * shape[transposed ? 1 : 0], 0, 1, type);

describe("a product with a matrix of bytes", () => {
  for (const [type, tolerance] of [
    ["float32", 3e-6],
    ["float64", 1e-14],
  ] as const) {
    it(`is that with the numbers they stand for, to the precision of ${type}`, async () => {
      await fc.assert(
        fc.asyncProperty(product, async (sample) => {
          const { actual, expected } = await bothWays(sample, points(sample, type), type);
          // Entries of W are at most 1.3 or so, and those of x a few.
          expected.forEach((value, i) =>
            assert.ok(Math.abs(actual[i] - value) < tolerance * Math.sqrt(70), `${actual[i]} ${value}`),
          );
        }),
        { numRuns: 40, seed: 20261124 },
      );
    });
  }

  const wide: Product = { rows: 3, shape: [400, 96], axis: 1, transposed: false, seed: 1 };

  it("keeps small elements beside one that is a thousand times larger", async () => {
    const x = points(wide, "float32").with(5, 3000);
    const { actual, expected } = await bothWays(wide, x, "float32");
    // A digit less would leave errors of 1e-2.
    expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 1e-3, `${actual[i]} ${value}`));
  });

  it("of the largest bytes with the largest digits does not overflow", async () => {
    for (const transposed of [false, true]) {
      for (const byte of [1, 255]) {
        const x = new Float32Array(512).fill(1);
        const matrix = {
          bytes: constant(new Uint8Array(512 * 512).fill(byte), [512, 512], "uint8"),
          scale: constant(new Float32Array(512).fill(1), [512], "float32"),
          axis: 1,
        } as const;
        const y = quantisedMatMul(input("x", [1, 512], "float32"), matrix, { transposed });
        const graph = await compile({ y }, { device: "cpu", memory: "low" });
        const result = (await graph.run({ x }, ["y"])).y;
        for (const value of result) assert.ok(Math.abs(value / (512 * (byte - 128)) - 1) < 1e-6, `${value}`);
      }
    }
  });

  it("of zeros is zero, and of what is no number is none", async () => {
    const row = (value: number) => floats("float32", 1200).fill(value);
    const zero = await bothWays(wide, row(0), "float32");
    assert.deepEqual([...new Set(zero.actual.map(Math.abs))], [0]);
    for (const value of [NaN, Infinity]) {
      const { actual } = await bothWays(wide, row(value), "float32");
      assert.ok(
        actual.every((entry) => !Number.isFinite(entry)),
        `${value}`,
      );
    }
  });

  it("refuses shapes and types that do not fit", () => {
    const matrix = randomMatrix([6, 5], 1, 0, "float32");
    const x = (width: number, type: FloatType = "float32") => input("x", [2, width], type);
    assert.throws(
      () => quantisedMatMul(x(5), matrix),
      /QuantisedMatMul cannot take float32 \[2, 5\] and uint8 \[6, 5\]/,
    );
    assert.throws(() => quantisedMatMul(x(6), matrix, { transposed: true }), /cannot take/);
    assert.throws(() => quantisedMatMul(x(6, "float64"), matrix), /cannot take/);
  });
});
