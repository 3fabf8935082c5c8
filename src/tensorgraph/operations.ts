// Forward operations with shape inference. Each builds one ONNX operator; its gradient rule stands in gradients.ts under
// the operator's name.

import { LabError } from "../common/errors.ts";
import { apply, constant, type ElementType, integers, scalar, sizeOf, type Tensor } from "./tensor.ts";

const show = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

function mismatch(operator: string, ...tensors: Tensor[]): never {
  const shapes = tensors.map(({ type, shape }) => `${type} ${show(shape)}`).join(" and ");
  throw new LabError("badInput", `${operator} cannot take ${shapes}.`);
}

/** Shape that two shapes broadcast to (NumPy's rule); undefined when they do not. */
export function broadcastShape(a: readonly number[], b: readonly number[]): readonly number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    shape.push(left === 1 ? right : left);
  }
  return shape;
}

/** A tensor, or a number that takes the other operand's type. */
export type Operand = Tensor | number;

function elementwise(operator: string, a: Operand, b: Operand, result?: ElementType): Tensor {
  const type = typeof a === "number" ? (b as Tensor).type : a.type;
  const left = typeof a === "number" ? scalar(a, type) : a;
  const right = typeof b === "number" ? scalar(b, type) : b;
  const shape = broadcastShape(left.shape, right.shape);
  if (!shape || left.type !== right.type) mismatch(operator, left, right);
  return apply(operator, [left, right], [{ type: result ?? type, shape }])[0];
}

/**
 * A number that multiplies or divides x. In float64 it is repeated along x's first axis of several elements: a lone number
 * beside a MatMul is moved by ONNX Runtime into an attribute, and attributes are float32 (docs/FLOAT64.md).
 */
function factor(value: Operand, x: Operand): Operand {
  if (typeof value !== "number" || typeof x === "number" || x.type !== "float64") return value;
  const axis = x.shape.findIndex((extent) => extent > 1);
  if (axis < 0) return value;
  const shape = x.shape.slice(axis).map((extent, index) => (index === 0 ? extent : 1));
  return constant(new Float64Array(shape[0]).fill(value), shape, x.type);
}

const unary = (operator: string, x: Tensor, attributes = {}): Tensor => apply(operator, [x], [x], attributes)[0];

export const add = (a: Operand, b: Operand): Tensor => elementwise("Add", a, b);
export const subtract = (a: Operand, b: Operand): Tensor => elementwise("Sub", a, b);
export const multiply = (a: Operand, b: Operand): Tensor => elementwise("Mul", factor(a, b), factor(b, a));
export const divide = (a: Operand, b: Operand): Tensor => elementwise("Div", a, factor(b, a));
export const greater = (a: Operand, b: Operand): Tensor => elementwise("Greater", a, b, "bool");
export const less = (a: Operand, b: Operand): Tensor => elementwise("Less", a, b, "bool");

export const negate = (x: Tensor): Tensor => unary("Neg", x);
export const absolute = (x: Tensor): Tensor => unary("Abs", x);
export const squareRoot = (x: Tensor): Tensor => unary("Sqrt", x);
export const exponential = (x: Tensor): Tensor => unary("Exp", x);
/** Without a gradient rule: of angles that no input has a part in. */
export const sine = (x: Tensor): Tensor => unary("Sin", x);
export const tanh = (x: Tensor): Tensor => unary("Tanh", x);
/** The nearest whole number; the even one of two. */
export const round = (x: Tensor): Tensor => unary("Round", x);

/**
 * 1 / (1 + exp(−x)). In float64 from its parts: ONNX Runtime makes one operator of x σ(x), and has that in float32 only.
 */
export const sigmoid = (x: Tensor): Tensor =>
  x.type === "float32" ? unary("Sigmoid", x) : multiply(add(tanh(multiply(x, 0.5)), 1), 0.5);

/** erf(x). In float64 from its parts (see wideErrorFunction): ONNX Runtime's CPU provider has Erf in float32 only. */
export const errorFunction = (x: Tensor): Tensor => (x.type === "float32" ? unary("Erf", x) : wideErrorFunction(x));

/**
 * `tanh`: GPT-2's approximation x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))); `none`: x Φ(x) with the error function
 * (PyTorch's default). In float64 from its parts: ONNX defines Gelu with constants in float32.
 */
export function gelu(x: Tensor, approximate: "tanh" | "none"): Tensor {
  if (x.type === "float32") return unary("Gelu", x, { approximate });
  const cubic = multiply(multiply(multiply(x, x), x), 0.044715);
  const twice =
    approximate === "tanh"
      ? add(tanh(multiply(add(x, cubic), Math.sqrt(2 / Math.PI))), 1)
      : add(errorFunction(multiply(x, Math.SQRT1_2)), 1);
  return multiply(multiply(x, 0.5), twice);
}

/** −1, 0 or 1 an element. Written with operators that every GPU provider has: `Sign` has no WebGPU kernel. */
export function sign(x: Tensor): Tensor {
  return where(greater(x, 0), scalar(1, x.type), where(less(x, 0), scalar(-1, x.type), scalar(0, x.type)));
}

/** Elements of `a` where the condition holds, else of `b`. All three broadcast. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  const branches = broadcastShape(a.shape, b.shape);
  const shape = branches && broadcastShape(condition.shape, branches);
  if (!shape || condition.type !== "bool" || a.type !== b.type) mismatch("Where", condition, a, b);
  return apply("Where", [condition, a, b], [{ type: a.type, shape }])[0];
}

export function cast(x: Tensor, type: ElementType): Tensor {
  return x.type === type ? x : apply("Cast", [x], [{ type, shape: x.shape }])[0];
}

/** [..., M, K] × [..., K, N] → [..., M, N]; leading axes broadcast. */
export function matMul(a: Tensor, b: Tensor): Tensor {
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [m, k] = a.shape.slice(-2);
  const [inner, n] = b.shape.slice(-2);
  if (!batch || a.shape.length < 2 || b.shape.length < 2 || k !== inner || a.type !== b.type) mismatch("MatMul", a, b);
  return apply("MatMul", [a, b], [{ type: a.type, shape: [...batch, m, n] }])[0];
}

/** Matrices [M, K] × [K, N] (+ bias [N]) → [M, N]; either factor may be given transposed. */
export function gemm(
  a: Tensor,
  b: Tensor,
  { bias, transA = false, transB = false }: { bias?: Tensor; transA?: boolean; transB?: boolean } = {},
): Tensor {
  const [m, k] = transA ? [a.shape[1], a.shape[0]] : a.shape;
  const [inner, n] = transB ? [b.shape[1], b.shape[0]] : b.shape;
  if (a.shape.length !== 2 || b.shape.length !== 2 || k !== inner || a.type !== b.type) mismatch("Gemm", a, b);
  if (bias && (bias.type !== a.type || bias.shape.length !== 1 || bias.shape[0] !== n)) mismatch("Gemm", a, b, bias);
  const attributes = { transA: Number(transA), transB: Number(transB) };
  return apply("Gemm", bias ? [a, b, bias] : [a, b], [{ type: a.type, shape: [m, n] }], attributes)[0];
}

export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  if (sizeOf(shape) !== sizeOf(x.shape)) {
    throw new LabError("badInput", `Reshape cannot turn ${show(x.shape)} into ${show(shape)}.`);
  }
  return apply("Reshape", [x, integers(shape)], [{ type: x.type, shape }])[0];
}

/** Axis i of the result is axis `permutation[i]` of x. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  const shape = permutation.map((axis) => x.shape[axis]);
  if (permutation.length !== x.shape.length || new Set(permutation).size !== permutation.length) {
    throw new LabError("badInput", `Transpose cannot order ${show(x.shape)} by ${show(permutation)}.`);
  }
  return apply("Transpose", [x], [{ type: x.type, shape }], { perm: permutation })[0];
}

/** Cuts an axis into parts of the given sizes. */
export function split(x: Tensor, axis: number, sizes: readonly number[]): readonly Tensor[] {
  if (sizes.reduce((sum, size) => sum + size, 0) !== x.shape[axis]) {
    throw new LabError("badInput", `Split cannot cut axis ${axis} of ${show(x.shape)} into ${show(sizes)}.`);
  }
  const outputs = sizes.map((size) => ({ type: x.type, shape: x.shape.with(axis, size) }));
  return apply("Split", [x, integers(sizes)], outputs, { axis });
}

/** Joins tensors that agree in all other axes. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  const extent = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const fits = ({ type, shape }: Tensor): boolean =>
    type === first.type && shape.with(axis, 0).join() === first.shape.with(axis, 0).join();
  if (!parts.every(fits)) mismatch("Concat", ...parts);
  return apply("Concat", parts, [{ type: first.type, shape: first.shape.with(axis, extent) }], { axis })[0];
}

function reduce(operator: string, x: Tensor, axes: readonly number[]): Tensor {
  const shape = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  return apply(operator, [x, integers(axes)], [{ type: x.type, shape }], { keepdims: 1 })[0];
}

/** Sum over axes, which stay with extent 1. */
export const reduceSum = (x: Tensor, axes: readonly number[]): Tensor => reduce("ReduceSum", x, axes);
/** Mean over axes, which stay with extent 1. */
export const reduceMean = (x: Tensor, axes: readonly number[]): Tensor => reduce("ReduceMean", x, axes);
/** Largest over axes, which stay with extent 1. */
export const reduceMax = (x: Tensor, axes: readonly number[]): Tensor => reduce("ReduceMax", x, axes);

/** Repeats axes of extent 1, and adds leading ones, up to the shape. */
export function broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
  if (x.shape.join() === shape.join()) return x;
  if (broadcastShape(x.shape, shape)?.join() !== shape.join()) {
    throw new LabError("badInput", `Expand cannot turn ${show(x.shape)} into ${show(shape)}.`);
  }
  return apply("Expand", [x, integers(shape)], [{ type: x.type, shape }])[0];
}

/** Softmax over the last axis. */
export const softmax = (x: Tensor): Tensor => unary("Softmax", x, { axis: -1 });

/**
 * (x − mean) / √(variance + ε) · scale + shift over the last axis. In float64 from its parts: ONNX keeps ε and the
 * statistics, which are the operator's further outputs, in float32.
 */
export function layerNormalization(x: Tensor, scale: Tensor, shift: Tensor, epsilon: number): Tensor {
  const last = x.shape.length - 1;
  if (x.type === "float32") {
    const statistics = { type: x.type, shape: x.shape.with(last, 1) };
    return apply("LayerNormalization", [x, scale, shift], [x, statistics, statistics], { axis: -1, epsilon })[0];
  }
  const centred = subtract(x, reduceMean(x, [last]));
  const variance = reduceMean(multiply(centred, centred), [last]);
  return add(multiply(divide(centred, squareRoot(add(variance, epsilon))), scale), shift);
}

/** x / √(mean x² + ε) · scale over the last axis (arXiv 1910.07467). */
export function rootMeanSquareNorm(x: Tensor, scale: Tensor, epsilon: number): Tensor {
  const meanSquare = reduceMean(multiply(x, x), [x.shape.length - 1]);
  return multiply(divide(x, squareRoot(add(meanSquare, epsilon))), scale);
}

/**
 * erf(x) to about 1e-15 by W. J. Cody's rational approximations (Math. Comp. 23, 1969; the coefficients of his CALERF):
 * x P(x²)/Q(x²) near 0, and 1 − exp(−x²) R(|x|)/S(|x|) elsewhere, where from |x| = 4 on the second term stops mattering.
 */
function wideErrorFunction(x: Tensor): Tensor {
  const magnitude = absolute(x);
  const square = multiply(x, x);
  const near = multiply(x, rational(square, NEAR_ZERO));
  const rest = multiply(exponential(negate(square)), rational(magnitude, AWAY_FROM_ZERO));
  return where(less(magnitude, 0.46875), near, multiply(sign(x), subtract(1, rest)));
}

/** Coefficients of a ratio of polynomials, highest power first. */
interface Rational {
  readonly numerator: readonly number[];
  readonly denominator: readonly number[];
}

const NEAR_ZERO: Rational = {
  numerator: [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694],
  denominator: [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171],
};

const AWAY_FROM_ZERO: Rational = {
  numerator: [
    2.1531153547440383e-8, 0.5641884969886701, 8.883149794388375, 66.11919063714163, 298.6351381974001,
    881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
  ],
  denominator: [
    1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.799235733459,
    4362.619090143247, 3439.3676741437216, 1230.3393548037493,
  ],
};

function rational(x: Tensor, { numerator, denominator }: Rational): Tensor {
  const polynomial = ([highest, next, ...rest]: readonly number[]): Tensor =>
    rest.reduce((sum, coefficient) => add(multiply(sum, x), coefficient), add(multiply(x, highest), next));
  return divide(polynomial(numerator), polynomial(denominator));
}
