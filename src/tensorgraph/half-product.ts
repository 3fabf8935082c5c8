// Products of real vectors with matrices in 16 bits, which are widened where they are used: whoever runs the graph holds
// half of the bytes, and one matrix at a time in full width.

import { LabError } from "../common/errors.ts";
import { cast, gemm } from "./operations.ts";
import { compound, type Tensor } from "./tensor.ts";

/** x W, [N, R] → [N, C], or transposed x Wᵀ, [N, C] → [N, R], with W [R, C] in float16; in the number format of x. */
export function halfMatMul(x: Tensor, matrix: Tensor, { transposed = false }: { transposed?: boolean } = {}): Tensor {
  if (matrix.type !== "float16") throw new LabError("badInput", `HalfMatMul cannot take a matrix of ${matrix.type}.`);
  const product = gemm(x, cast(matrix, x.type), { transB: transposed });
  return compound(HALF_MAT_MUL, [x, matrix], [product], { transposed: Number(transposed) })[0];
}

/** What the operation is called: a graph that has it must not have its casts done beforehand. */
export const HALF_MAT_MUL = "HalfMatMul";
