// Forward operations: shapes that are inferred, values that ONNX Runtime computes, and sentences for what does not fit.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { FloatArray } from "../../src/common/floats.ts";
import { compile } from "../../src/runtime/compile.ts";
import * as op from "../../src/tensorgraph/operations.ts";
import { constant, input, scalar, type Tensor } from "../../src/tensorgraph/tensor.ts";

const cpu = { device: "cpu", memory: "speed" } as const;

async function evaluate(tensor: Tensor, feeds: Record<string, FloatArray> = {}): Promise<number[]> {
  const graph = await compile({ result: tensor }, cpu);
  const { result } = await graph.run(feeds, ["result"]);
  await graph.release();
  return [...result];
}

const x = (...shape: number[]): Tensor => input("x", shape, "float64");

describe("operations", () => {
  it("know the shape that two shapes broadcast to, whichever comes first", () => {
    const shape = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 });
    fc.assert(fc.property(shape, shape, (a, b) => assert.deepEqual(op.broadcastShape(a, b), op.broadcastShape(b, a))));
    assert.deepEqual(op.broadcastShape([5, 1, 3], [2, 1]), [5, 2, 3]);
    assert.equal(op.broadcastShape([2], [3]), undefined);
  });

  it("refuse shapes that do not fit, by naming operator and shapes", () => {
    assert.throws(() => op.add(x(2), input("y", [3], "float64")), /Add cannot take float64 \[2\] and float64 \[3\]/);
    assert.throws(() => op.matMul(x(2, 3), x(2, 3)), /MatMul cannot take/);
    assert.throws(() => op.gemm(x(2, 3), x(2, 3)), /Gemm cannot take/);
    assert.throws(() => op.reshape(x(2, 3), [5]), /Reshape cannot turn \[2, 3\] into \[5\]/);
    assert.throws(() => op.transpose(x(2, 3), [0, 0]), /Transpose cannot order/);
    assert.throws(() => op.split(x(4), 0, [1, 2]), /Split cannot cut axis 0 of \[4\]/);
    assert.throws(() => op.broadcastTo(x(3), [4]), /Expand cannot turn/);
    assert.throws(() => op.concat([x(2, 3), x(2, 4)], 0), /Concat cannot take/);
    assert.throws(() => constant([1, 2], [3], "float64"), /cannot hold 2 values/);
  });

  it("refuse operands of different types", () => {
    assert.throws(() => op.add(x(2), input("y", [2], "float32")), /float64 \[2\] and float32 \[2\]/);
  });

  it("give the sign of negative numbers, zero and positive numbers without the operator Sign", async () => {
    const values = Float64Array.of(-2, -0, 0, 1e-300, 3);
    assert.deepEqual(await evaluate(op.sign(x(5)), { x: values }), [-1, 0, 0, 1, 1]);
  });

  it("compute erf in float64 to 1e-15", async () => {
    // Values of Python's math.erf.
    const expected = new Map([
      [0, 0],
      [0.1, 0.1124629160182849],
      [0.46875, 0.4926134732179379],
      [-0.7, -0.6778011938374184],
      [1.5, 0.9661051464753108],
      [3, 0.9999779095030014],
      [-6, -1],
    ]);
    const actual = await evaluate(op.errorFunction(x(expected.size)), { x: Float64Array.from(expected.keys()) });
    [...expected.values()].forEach((value, i) =>
      assert.ok(Math.abs(actual[i] - value) < 1e-15, `${actual[i]} ${value}`),
    );
  });

  it("normalise rows to mean 0 and deviation 1", async () => {
    const one = constant([1, 1, 1, 1], [4], "float64");
    const zero = constant([0, 0, 0, 0], [4], "float64");
    const [a, b, c, d] = await evaluate(op.layerNormalization(x(1, 4), one, zero, 0), {
      x: Float64Array.of(1, 3, 1, 3),
    });
    assert.deepEqual([a, b, c, d], [-1, 1, -1, 1]);
  });

  it("may be outputs under several names, and so may inputs and constants", async () => {
    const a = x(1);
    const sum = op.add(a, 1);
    const outputs = { first: sum, second: sum, same: a, five: scalar(5, "float64") };
    const graph = await compile(outputs, cpu);
    const { first, second, same, five } = await graph.run({ x: Float64Array.of(2) }, Object.keys(outputs));
    assert.deepEqual([first[0], second[0], same[0], five[0]], [3, 3, 2, 5]);
  });
});
