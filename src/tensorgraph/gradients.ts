// Reverse-mode differentiation of a graph into a graph: one rule an operator, applied in reverse topological order.
// Rules may build more than is asked for: what no output needs is never emitted.

import { LabError } from "../common/errors.ts";
import {
  add,
  broadcastTo,
  concat,
  divide,
  errorFunction,
  exponential,
  gemm,
  matMul,
  multiply,
  negate,
  reduceMean,
  reduceSum,
  reshape,
  sign,
  split,
  subtract,
  tanh,
  transpose,
  where,
} from "./operations.ts";
import { halfMatMul } from "./half-product.ts";
import { quantisedMatMul } from "./quantised-product.ts";
import { type Operation, scalar, type Tensor, topologicalOrder } from "./tensor.ts";

/**
 * Cotangents of an operation's inputs from those of its outputs (zero where an output is not used); null for an input
 * that has none, as a shape, a condition or a matrix of bytes.
 */
type Rule = (operation: Operation, cotangents: readonly Tensor[]) => readonly (Tensor | null)[];

const { PI, SQRT1_2 } = Math;

/** Sums a cotangent over the axes along which its operand had been repeated. */
function unbroadcast(cotangent: Tensor, shape: readonly number[]): Tensor {
  if (cotangent.shape.join() === shape.join()) return cotangent;
  const lead = cotangent.shape.length - shape.length;
  const repeated = cotangent.shape.flatMap((extent, axis) =>
    axis < lead || (shape[axis - lead] === 1 && extent !== 1) ? [axis] : [],
  );
  return reshape(reduceSum(cotangent, repeated), shape);
}

const swapLast = (x: Tensor): Tensor => {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
};

const zerosLike = ({ type, shape }: Tensor): Tensor => broadcastTo(scalar(0, type), shape);

/** d gelu(x) / dx for GPT-2's approximation x/2 · (1 + tanh u), u = √(2/π) (x + 0.044715 x³). */
function tanhGeluSlope(x: Tensor): Tensor {
  const linear = Math.sqrt(2 / PI);
  const cubic = linear * 0.044715;
  const square = multiply(x, x);
  const t = tanh(multiply(x, add(multiply(square, cubic), linear)));
  const du = add(multiply(square, 3 * cubic), linear);
  const sech2 = subtract(1, multiply(t, t));
  return multiply(add(add(t, 1), multiply(multiply(x, sech2), du)), 0.5);
}

/** d gelu(x) / dx = Φ(x) + x φ(x). */
function exactGeluSlope(x: Tensor): Tensor {
  const cumulative = multiply(add(errorFunction(multiply(x, SQRT1_2)), 1), 0.5);
  const density = multiply(exponential(multiply(multiply(x, x), -0.5)), 1 / Math.sqrt(2 * PI));
  return add(cumulative, multiply(x, density));
}

const RULES: Readonly<Record<string, Rule>> = {
  Add: ({ inputs: [a, b] }, [g]) => [unbroadcast(g, a.shape), unbroadcast(g, b.shape)],
  Sub: ({ inputs: [a, b] }, [g]) => [unbroadcast(g, a.shape), unbroadcast(negate(g), b.shape)],
  Mul: ({ inputs: [a, b] }, [g]) => [unbroadcast(multiply(g, b), a.shape), unbroadcast(multiply(g, a), b.shape)],
  Div: ({ inputs: [a, b], outputs: [quotient] }, [g]) => [
    unbroadcast(divide(g, b), a.shape),
    unbroadcast(negate(divide(multiply(g, quotient), b)), b.shape),
  ],
  Neg: (_, [g]) => [negate(g)],
  Abs: ({ inputs: [x] }, [g]) => [multiply(g, sign(x))],
  Sqrt: ({ outputs: [root] }, [g]) => [divide(multiply(g, 0.5), root)],
  Exp: ({ outputs: [power] }, [g]) => [multiply(g, power)],
  Tanh: ({ outputs: [t] }, [g]) => [multiply(g, subtract(1, multiply(t, t)))],
  Sigmoid: ({ outputs: [s] }, [g]) => [multiply(g, multiply(s, subtract(1, s)))],
  Erf: ({ inputs: [x] }, [g]) => [multiply(g, multiply(exponential(negate(multiply(x, x))), 2 / Math.sqrt(PI)))],
  Gelu: ({ inputs: [x], attributes: { approximate } }, [g]) => [
    multiply(g, approximate === "tanh" ? tanhGeluSlope(x) : exactGeluSlope(x)),
  ],
  Where: ({ inputs: [condition, a, b] }, [g]) => [
    null,
    unbroadcast(where(condition, g, scalar(0, g.type)), a.shape),
    unbroadcast(where(condition, scalar(0, g.type), g), b.shape),
  ],
  MatMul: ({ inputs: [a, b] }, [g]) => [
    unbroadcast(matMul(g, swapLast(b)), a.shape),
    unbroadcast(matMul(swapLast(a), g), b.shape),
  ],
  Gemm: ({ inputs: [a, b, bias], attributes: { transA, transB } }, [g]) => [
    transA ? gemm(b, g, { transA: Boolean(transB), transB: true }) : gemm(g, b, { transB: !transB }),
    transB ? gemm(g, a, { transA: true, transB: Boolean(transA) }) : gemm(a, g, { transA: !transA }),
    bias ? unbroadcast(g, bias.shape) : null,
  ],
  QuantisedMatMul: ({ inputs: [, bytes, scale], attributes: { axis, transposed } }, [g]) => [
    quantisedMatMul(g, { bytes, scale, axis: axis as 0 | 1 }, { transposed: !transposed }),
    null,
    null,
  ],
  HalfMatMul: ({ inputs: [, matrix], attributes: { transposed } }, [g]) => [
    halfMatMul(g, matrix, { transposed: !transposed }),
    null,
  ],
  Reshape: ({ inputs: [x] }, [g]) => [reshape(g, x.shape), null],
  Transpose: ({ attributes: { perm } }, [g]) => {
    const permutation = perm as readonly number[];
    return [
      transpose(
        g,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    ];
  },
  Split: ({ attributes: { axis } }, cotangents) => [concat(cotangents, axis as number), null],
  Concat: ({ inputs, attributes: { axis } }, [g]) =>
    split(
      g,
      axis as number,
      inputs.map(({ shape }) => shape[axis as number]),
    ),
  ReduceSum: ({ inputs: [x] }, [g]) => [broadcastTo(g, x.shape), null],
  ReduceMean: ({ inputs: [x] }, [g]) => {
    const repeats = x.shape.reduce((product, extent, axis) => (product * extent) / g.shape[axis], 1);
    return [broadcastTo(multiply(g, 1 / repeats), x.shape), null];
  },
  Expand: ({ inputs: [x] }, [g]) => [unbroadcast(g, x.shape), null],
  Softmax: ({ outputs: [p] }, [g]) => {
    const weighted = multiply(g, p);
    return [subtract(weighted, multiply(p, reduceSum(weighted, [p.shape.length - 1])))];
  },
  LayerNormalization: ({ inputs: [x, scale, shift], outputs: [, mean, inverseDeviation] }, [g]) => {
    const last = [x.shape.length - 1];
    const normal = multiply(subtract(x, mean), inverseDeviation);
    const inner = multiply(g, scale);
    const alongNormal = multiply(normal, reduceMean(multiply(inner, normal), last));
    return [
      multiply(inverseDeviation, subtract(subtract(inner, reduceMean(inner, last)), alongNormal)),
      unbroadcast(multiply(g, normal), scale.shape),
      unbroadcast(g, shift.shape),
    ];
  },
};

/** Operators that have a gradient rule. */
export const differentiableOperators = (): readonly string[] => Object.keys(RULES);

/**
 * The cotangent of `source` from that of `output`: vᵀ ∂output/∂source, with the source's shape. A scalar distance takes
 * a cotangent of ones. Throws a LabError naming the operator when one on the way has no rule.
 */
export function gradient(output: Tensor, cotangent: Tensor, source: Tensor): Tensor {
  const dependent = new Set<Tensor>([source]);
  const path = topologicalOrder([output]).filter(({ inputs, outputs }) => {
    const onPath = inputs.some((tensor) => dependent.has(tensor));
    if (onPath) outputs.forEach((tensor) => dependent.add(tensor));
    return onPath;
  });

  const cotangents = new Map<Tensor, Tensor>([[output, cotangent]]);
  for (const operation of path.reverse()) {
    if (!operation.outputs.some((tensor) => cotangents.has(tensor))) continue;
    const rule = RULES[operation.operator];
    if (!rule) throw new LabError("badInput", `There is no gradient rule for the operator ${operation.operator}.`);
    const contributions = rule(
      operation,
      operation.outputs.map((tensor) => cotangents.get(tensor) ?? zerosLike(tensor)),
    );
    operation.inputs.forEach((tensor, index) => {
      const contribution = contributions[index];
      if (!contribution || !dependent.has(tensor)) return;
      const sum = cotangents.get(tensor);
      cotangents.set(tensor, sum ? add(sum, contribution) : contribution);
    });
  }
  return cotangents.get(source) ?? zerosLike(source);
}
