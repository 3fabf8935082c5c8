// Products of real vectors with matrices that are stored as bytes, w = scale · (byte − 128), and never expanded. A vector
// is written in fixed point, in digits of base 128; the products of digits and bytes are whole numbers and exact:
//   x W = step · Σ_d 128⁻ᵈ · digit_d(x / step) W

import { LabError } from "../common/errors.ts";
import { absolute, add, cast, concat, divide, multiply, reduceMax, reduceSum } from "./operations.ts";
import { reshape, round, subtract, transpose } from "./operations.ts";
import { apply, compound, constant, scalar, type Tensor } from "./tensor.ts";

/** The byte that stands for 0. */
export const ZERO_BYTE = 128;

/** A matrix [R, C] of bytes with one scale for each of its rows (axis 0) or columns (axis 1). */
export interface QuantisedMatrix {
  /** uint8, [R, C] */
  readonly bytes: Tensor;
  /** [R] or [C] */
  readonly scale: Tensor;
  readonly axis: 0 | 1;
}

const BASE = 128;
/** The largest first digit. A digit has at most 64 then: two products with a byte fit into the 16 bits that AVX2 has. */
const FIRST_DIGIT = 63;
/** 28 and 56 bits: more than a float's own 24 and 53. */
export const DIGITS = { float32: 4, float64: 8 } as const;
/** Sums of so many products of a digit and a signed byte stay below 2³¹. */
const LONGEST_SUM = 2 ** 31 / (64 * 128);
/** Stands for the largest element of a vector of zeros. */
const TINY = 1e-30;

/**
 * x W, [N, R] → [N, C], or transposed x Wᵀ, [N, C] → [N, R]. As exact as a product of floats: x keeps at least 27 bits
 * below the largest element of its row.
 */
export function quantisedMatMul(
  x: Tensor,
  { bytes, scale, axis }: QuantisedMatrix,
  { transposed = false }: { transposed?: boolean } = {},
): Tensor {
  const [inner, outer] = transposed ? bytes.shape.toReversed() : bytes.shape;
  const fits = x.shape.length === 2 && x.shape[1] === inner && bytes.shape.length === 2 && bytes.type === "uint8";
  if (!fits || scale.shape.join() !== `${bytes.shape[axis]}` || scale.type !== x.type) {
    const shapes = [x, bytes, scale].map(({ type, shape }) => `${type} [${shape.join(", ")}]`).join(" and ");
    throw new LabError("badInput", `QuantisedMatMul cannot take ${shapes}.`);
  }
  if (inner > LONGEST_SUM) {
    throw new LabError(
      "badInput",
      `A product with 8-bit weights sums up to ${LONGEST_SUM} numbers; these are ${inner}.`,
    );
  }
  const scalesInner = (axis === 0) !== transposed;
  const product = bytesProduct(scalesInner ? multiply(x, scale) : x, bytes, outer, transposed);
  const result = scalesInner ? product : multiply(product, scale);
  return compound("QuantisedMatMul", [x, bytes, scale], [result], { axis, transposed: Number(transposed) })[0];
}

/** x (bytes − 128), or its transpose: [N, inner] → [N, outer]. */
function bytesProduct(x: Tensor, bytes: Tensor, outer: number, transposed: boolean): Tensor {
  const N = x.shape[0];
  const count = DIGITS[x.type as keyof typeof DIGITS];
  const { digits, step } = inDigits(x, count);
  const places = Array.from({ length: count }, (_, place) => BASE ** -place);
  if (!transposed) {
    // Unsigned, because some processors know no product of signed numbers.
    const sums = matMulInteger(cast(add(digits, FIRST_DIGIT + 1), "uint8"), bytes, FIRST_DIGIT + 1, ZERO_BYTE);
    const parts = multiply(reshape(cast(sums, x.type), [count, N, outer]), constant(places, [count, 1, 1], x.type));
    return multiply(reshape(reduceSum(parts, [0]), [N, outer]), step);
  }
  // (W xᵀ)ᵀ: the operator takes no transposed factor, and a matrix on the left is read as it lies.
  const sums = matMulInteger(bytes, transpose(cast(digits, "int8"), [1, 0]), ZERO_BYTE, 0);
  const parts = multiply(reshape(cast(sums, x.type), [outer, count, N]), constant(places, [count, 1], x.type));
  return multiply(transpose(reshape(reduceSum(parts, [1]), [outer, N]), [1, 0]), step);
}

/** Digits of each row in the unit of its own step, one place below the other: [N, K] → [count·N, K], step [N, 1]. */
function inDigits(x: Tensor, count: number): { digits: Tensor; step: Tensor } {
  const step = multiply(add(reduceMax(absolute(x), [1]), TINY), 1 / FIRST_DIGIT);
  const digits: Tensor[] = [];
  for (let rest = divide(x, step); digits.length < count;) {
    const digit = round(rest);
    digits.push(digit);
    rest = multiply(subtract(rest, digit), BASE);
  }
  return { digits: concat(digits, 0), step };
}

/** (a − aZero) (b − bZero) of whole numbers in 8 bits, [M, K] × [K, N] → int32 [M, N]. */
function matMulInteger(a: Tensor, b: Tensor, aZero: number, bZero: number): Tensor {
  const shape = [a.shape[0], b.shape[1]];
  return apply("MatMulInteger", [a, b, scalar(aZero, a.type), scalar(bZero, b.type)], [{ type: "int32", shape }])[0];
}
