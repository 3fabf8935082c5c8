// Every gradient rule against central finite differences, in float64, run by ONNX Runtime itself, on random shapes.

import assert from "node:assert/strict";
import fc from "fast-check";
import { randomStream } from "../../src/common/random.ts";
import type { FloatArray } from "../../src/common/floats.ts";
import { compile } from "../../src/runtime/compile.ts";
import { differentiableOperators, gradient } from "../../src/tensorgraph/gradients.ts";
import * as op from "../../src/tensorgraph/operations.ts";
import { halfMatMul } from "../../src/tensorgraph/half-product.ts";
import { quantisedMatMul } from "../../src/tensorgraph/quantised-product.ts";
import { randomMatrix } from "../support/quantised.ts";
import { apply, constant, input, scalar, sizeOf, type Tensor, topologicalOrder } from "../../src/tensorgraph/tensor.ts";

type Shape = readonly number[];

/** An operation to check: shapes of its inputs, and how it is built from them. */
interface Case {
  readonly shapes: readonly Shape[];
  readonly build: (...inputs: Tensor[]) => Tensor;
  /** Keeps away from poles and kinks. */
  readonly positive?: boolean;
}

const extent = fc.integer({ min: 1, max: 3 });
const shape = (minLength = 1): fc.Arbitrary<number[]> => fc.array(extent, { minLength, maxLength: 3 });
const axisOf = (rank: number): fc.Arbitrary<number> => fc.nat({ max: rank - 1 });

/** Two shapes that broadcast together: some axes of one are 1, and it may lack leading axes. */
const broadcastPair: fc.Arbitrary<[number[], number[]]> = shape()
  .chain((full) =>
    fc.tuple(
      fc.constant(full),
      fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }),
      fc.nat({ max: full.length }),
      fc.boolean(),
    ),
  )
  .map(([full, ones, drop, swap]) => {
    const small = full.map((size, axis) => (ones[axis] ? 1 : size)).slice(drop);
    return swap ? [small, full] : [full, small];
  });

const binary = (build: Case["build"], positive = false): fc.Arbitrary<Case> =>
  broadcastPair.map((shapes) => ({ shapes, build, positive }));
const unary = (build: Case["build"], positive = false): fc.Arbitrary<Case> =>
  shape().map((only) => ({ shapes: [only], build, positive }));

/** Sums over random axes, built by the given reduction. */
const reduction = (reduce: (x: Tensor, axes: readonly number[]) => Tensor): fc.Arbitrary<Case> =>
  shape()
    .chain((s) => fc.tuple(fc.constant(s), fc.subarray([...s.keys()], { minLength: 1 })))
    .map(([s, axes]) => ({ shapes: [s], build: (x) => reduce(x, axes) }));

const CASES: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  Add: binary((a, b) => op.add(a, b)),
  Sub: binary((a, b) => op.subtract(a, b)),
  Mul: binary((a, b) => op.multiply(a, b)),
  Div: binary((a, b) => op.divide(a, b), true),
  Neg: unary(op.negate),
  Abs: unary(op.absolute),
  Sqrt: unary(op.squareRoot, true),
  Exp: unary(op.exponential),
  Tanh: unary(op.tanh),
  Where: broadcastPair.map((shapes) => ({
    shapes,
    build: (a, b) => op.where(op.greater(a, b), op.multiply(a, a), b),
  })),
  MatMul: fc.tuple(extent, extent, extent, broadcastPair).map(([m, k, n, [a, b]]) => ({
    shapes: [
      [...a, m, k],
      [...b, k, n],
    ],
    build: op.matMul,
  })),
  Gemm: fc
    .tuple(extent, extent, extent, fc.boolean(), fc.boolean(), fc.boolean())
    .map(([m, k, n, transA, transB, biased]) => ({
      shapes: [transA ? [k, m] : [m, k], transB ? [n, k] : [k, n], ...(biased ? [[n]] : [])],
      build: (a, b, bias) => op.gemm(a, b, { bias, transA, transB }),
    })),
  QuantisedMatMul: fc
    .tuple(extent, extent, extent, fc.constantFrom(0, 1), fc.boolean(), fc.nat())
    .map(([n, r, c, axis, transposed, seed]) => ({
      shapes: [[n, transposed ? c : r]],
      build: (x) => quantisedMatMul(x, randomMatrix([r, c], axis, seed, x.type), { transposed }),
    })),
  HalfMatMul: fc.tuple(extent, extent, extent, fc.boolean(), fc.nat()).map(([n, r, c, transposed, seed]) => ({
    shapes: [[n, transposed ? c : r]],
    build: (x) => {
      const matrix = constant(randomStream(seed, "w").normal(r * c, 0, 1, "float32"), [r, c], "float32");
      return halfMatMul(x, op.cast(matrix, "float16"), { transposed });
    },
  })),
  Reshape: shape().map((s) => ({ shapes: [s], build: (x) => op.reshape(x, [sizeOf(s), 1]) })),
  Transpose: shape(2)
    .chain((s) => fc.tuple(fc.constant(s), fc.shuffledSubarray([...s.keys()], { minLength: s.length })))
    .map(([s, permutation]) => ({ shapes: [s], build: (x) => op.transpose(x, permutation) })),
  Split: shape()
    .chain((s) => fc.tuple(fc.constant(s), axisOf(s.length), extent, fc.boolean()))
    .map(([s, axis, more, both]) => ({
      shapes: [s.with(axis, s[axis] + more)],
      build: (x) => {
        const [first, second] = op.split(x, axis, [s[axis], more]);
        return both ? op.concat([op.multiply(second, second), first], axis) : second;
      },
    })),
  Concat: shape()
    .chain((s) => fc.tuple(fc.constant(s), axisOf(s.length), extent))
    .map(([s, axis, more]) => ({ shapes: [s, s.with(axis, more)], build: (a, b) => op.concat([a, b], axis) })),
  ReduceSum: reduction(op.reduceSum),
  ReduceMean: reduction(op.reduceMean),
  Expand: broadcastPair.map(([a, b]) => {
    const [small, full] = sizeOf(a) <= sizeOf(b) ? [a, b] : [b, a];
    return { shapes: [small], build: (x) => op.broadcastTo(x, op.broadcastShape(small, full)!) };
  }),
  Softmax: unary(op.softmax),
};

/** Operators that exist in float32 only; their rules are checked against the float64 composition instead. */
const FUSED: Readonly<Record<string, Case>> = {
  "Sigmoid": { shapes: [[4, 6]], build: op.sigmoid },
  "Erf": { shapes: [[4, 6]], build: op.errorFunction },
  "Gelu (tanh)": { shapes: [[4, 6]], build: (x) => op.gelu(x, "tanh") },
  "Gelu (exact)": { shapes: [[4, 6]], build: (x) => op.gelu(x, "none") },
  "LayerNormalization": { shapes: [[3, 8], [8], [8]], build: (x, a, b) => op.layerNormalization(x, a, b, 1e-5) },
};

const names = ["a", "b", "c"];

/** The scalar Σ cᵢ yᵢ of an operation's output with fixed uneven weights c, and its gradient for each input. */
function graphOf({ shapes, build }: Case, type: "float32" | "float64") {
  const inputs = shapes.map((s, index) => input(names[index], s, type));
  const output = build(...inputs);
  const cotangent = constant(randomStream(7, "cotangent").normal(sizeOf(output.shape), 0, 1, type), output.shape, type);
  const axes = [...output.shape.keys()];
  const value = op.reduceSum(op.multiply(output, cotangent), axes);
  const gradients = inputs.map((tensor) => gradient(output, cotangent, tensor));
  return { value, gradients: Object.fromEntries(gradients.map((g, index) => [`d${names[index]}`, g])) };
}

function pointFor({ shapes, positive }: Case, seed: number): Record<string, Float64Array> {
  return Object.fromEntries(
    shapes.map((s, index) => {
      const values = randomStream(seed, names[index]).normal(sizeOf(s), 0, 1, "float64") as Float64Array;
      return [names[index], positive ? values.map((x) => 0.5 + Math.abs(x)) : values];
    }),
  );
}

function assertClose(actual: FloatArray, expected: ArrayLike<number>, tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  for (let i = 0; i < actual.length; i++) {
    assert.ok(
      Math.abs(actual[i] - expected[i]) <= tolerance * scale,
      `${what}[${i}] is ${actual[i]}, expected ${expected[i]}`,
    );
  }
}

describe("gradient rules", () => {
  for (const [operator, cases] of Object.entries(CASES)) {
    it(`${operator} has the gradient that finite differences give`, async () => {
      await fc.assert(
        fc.asyncProperty(cases, fc.nat({ max: 1e6 }), async (sample, seed) => {
          const { value, gradients } = graphOf(sample, "float64");
          const graph = await compile({ value, ...gradients }, { device: "cpu", memory: "speed" });
          const point = pointFor(sample, seed);
          const analytic = await graph.run(point, Object.keys(gradients));
          const h = 1e-5;
          for (const [name, values] of Object.entries(point)) {
            const differences = new Float64Array(values.length);
            for (let i = 0; i < values.length; i++) {
              const at = async (x: number) =>
                (await graph.run({ ...point, [name]: values.with(i, x) }, ["value"])).value[0];
              differences[i] = ((await at(values[i] + h)) - (await at(values[i] - h))) / (2 * h);
            }
            assertClose(analytic[`d${name}`], differences, 1e-7, `gradient of ${operator} for ${name}`);
          }
          await graph.release();
        }),
        { numRuns: 15, seed: 20261124 },
      );
    });
  }

  for (const [name, sample] of Object.entries(FUSED)) {
    it(`${name} in float32 agrees with its composition in float64`, async () => {
      const point = pointFor(sample, 3);
      const wide = graphOf(sample, "float64");
      const exact = await compile({ value: wide.value, ...wide.gradients }, { device: "cpu", memory: "speed" });
      const expected = await exact.run(point, ["value", ...Object.keys(wide.gradients)]);
      const narrow = graphOf(sample, "float32");
      const fused = await compile({ value: narrow.value, ...narrow.gradients }, { device: "cpu", memory: "speed" });
      const rounded = Object.fromEntries(Object.entries(point).map(([key, x]) => [key, Float32Array.from(x)]));
      const actual = await fused.run(rounded, Object.keys(expected));
      for (const key of Object.keys(expected)) assertClose(actual[key], expected[key], 2e-6, `${name} ${key}`);
    });

    it(`${name} composed in float64 has the gradient that finite differences give`, async () => {
      const { value, gradients } = graphOf(sample, "float64");
      const graph = await compile({ value, ...gradients }, { device: "cpu", memory: "speed" });
      const point = pointFor(sample, 5);
      const { da } = await graph.run(point, ["da"]);
      const h = 1e-5;
      for (let i = 0; i < point.a.length; i++) {
        const at = async (x: number) => (await graph.run({ ...point, a: point.a.with(i, x) }, ["value"])).value[0];
        const difference = ((await at(point.a[i] + h)) - (await at(point.a[i] - h))) / (2 * h);
        assert.ok(Math.abs(da[i] - difference) < 1e-7, `element ${i}: ${da[i]} and ${difference}`);
      }
    });
  }

  it("are all checked here", () => {
    const checked = [...Object.keys(CASES), ...Object.keys(FUSED).map((name) => name.split(" ")[0])];
    assert.deepEqual([...new Set(checked)].sort(), [...differentiableOperators()].sort());
  });

  it("fail by naming an operator that has none", () => {
    const x = input("x", [2], "float64");
    const [y] = apply("Sin", [x], [x]);
    assert.throws(() => gradient(y, scalar(1, "float64"), x), /no gradient rule for the operator Sin/);
  });

  it("emit nothing for inputs whose gradient nobody asked for", () => {
    const x = input("x", [2, 3], "float64");
    const w = input("w", [3, 3], "float64");
    const y = op.gemm(x, w);
    const dx = gradient(y, op.multiply(y, 0), x);
    const gemms = topologicalOrder([dx]).filter(({ operator }) => operator === "Gemm");
    assert.equal(gemms.length, 2); // forward, and back to x
  });

  it("sum over all paths from an input", async () => {
    const x = input("a", [1], "float64");
    const y = op.add(op.multiply(x, x), op.multiply(x, 3));
    const graph = await compile(
      { slope: gradient(y, constant([1], [1], "float64"), x) },
      { device: "cpu", memory: "speed" },
    );
    assert.equal((await graph.run({ a: Float64Array.of(5) }, ["slope"])).slope[0], 13);
  });
});
