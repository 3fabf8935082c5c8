// The inverse of a Gram matrix G = WᵀW [D, D], by which the pseudo-inverse is W⁺ = G⁻¹Wᵀ. W of full rank: by Cholesky's
// factor G = LLᵀ, G⁻¹ = L⁻ᵀL⁻¹. Otherwise the pseudo-inverse of G, by its eigenvectors.

import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { choleskyFactor, dotOfRows } from "../common/cholesky.ts";

/** G⁺ [D, D] of W [V, D], row by row. */
export function gramInverse(gram: Float64Array, V: number, D: number): Float64Array {
  // What rounding leaves of a zero eigenvalue of G, as a share of the largest: G is a sum over V rows in float64.
  const zero = Math.max(V, D) * Number.EPSILON;
  const factor = choleskyFactor(gram, D);
  const inverse = factor && inverseFromFactor(factor, D);
  // tr G ≥ λmax and tr G⁻¹ ≥ 1/λmin: singular to working precision passes; so may others, for which both ways are right.
  const isSingular = !inverse || !(trace(gram, D) * trace(inverse, D) < 1 / zero);
  return isSingular ? eigenPseudoInverse(gram, D, zero) : inverse;
}

const trace = (matrix: Float64Array, D: number): number => {
  let sum = 0;
  for (let i = 0; i < D; i++) sum += matrix[i * (D + 1)];
  return sum;
};

function inverseFromFactor(L: Float64Array, D: number): Float64Array {
  // U = L⁻ᵀ, so that what is summed over lies side by side: U[j, i] is row i of column j of L⁻¹.
  const U = new Float64Array(D * D);
  for (let j = 0; j < D; j++) {
    U[j * D + j] = 1 / L[j * D + j];
    for (let i = j + 1; i < D; i++) U[j * D + i] = -dotOfRows(L, i * D + j, U, j * D + j, i - j) / L[i * D + i];
  }
  const inverse = new Float64Array(D * D);
  for (let i = 0; i < D; i++) {
    for (let j = 0; j <= i; j++) {
      inverse[i * D + j] = inverse[j * D + i] = dotOfRows(U, i * D + i, U, j * D + i, D - i);
    }
  }
  return inverse;
}

/** Σ vvᵀ/λ over the eigenvectors v of G whose eigenvalue λ is not 0. */
function eigenPseudoInverse(gram: Float64Array, D: number, zero: number): Float64Array {
  const matrix = Matrix.from1DArray(D, D, gram);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const smallest = zero * Math.max(...realEigenvalues);
  const scale = realEigenvalues.map((eigenvalue) => (eigenvalue > smallest ? 1 / eigenvalue : 0));
  const scaled = eigenvectorMatrix.clone().mulRowVector(scale);
  return Float64Array.from(scaled.mmul(eigenvectorMatrix.transpose()).to1DArray());
}
