// Directions in which a function does not change: orthogonal to the rows of a matrix, or along the smallest singular
// direction of one that is known by its products only.

import { EigenvalueDecomposition, Matrix, QrDecomposition } from "ml-matrix";
import { LabError } from "../common/errors.ts";
import { dot } from "../common/floats.ts";

/**
 * The part of z [D] that is orthogonal to every row of `rows` [N, D], of length 1, in float64: with the rows' QR
 * factors, z − Q Qᵀz. Rows that depend on others add nothing. Throws a LabError (badInput) when no such direction is
 * left, as with N ≥ D independent rows.
 */
export function orthogonalPart(z: Float64Array, rows: readonly Float64Array[]): Float64Array {
  const D = z.length;
  const basis = independentColumns(rows, D);
  if (basis.length >= D) {
    throw new LabError(
      "badInput",
      `${rows.length} gradients of width ${D} leave no orthogonal direction: the walk needs fewer tokens than dimensions.`,
    );
  }
  const part = z.slice();
  // Twice is enough: what rounding leaves of the first pass, the second takes away (Giraud et al., 2005).
  for (let pass = 0; pass < 2; pass++) for (const q of basis) subtractAlong(part, q);
  return normalized(part);
}

/** Orthonormal columns that span the rows, by Householder's QR; columns of a zero on R's diagonal are left out. */
function independentColumns(rows: readonly Float64Array[], D: number): Float64Array[] {
  if (rows.length === 0) return [];
  const columns = Math.min(rows.length, D);
  const matrix = new Matrix(D, columns);
  rows.slice(0, columns).forEach((row, column) => matrix.setColumn(column, row));
  const qr = new QrDecomposition(matrix);
  const diagonal = qr.upperTriangularMatrix.diagonal().map(Math.abs);
  const zero = Math.max(...diagonal) * D * Number.EPSILON;
  const Q = qr.orthogonalMatrix;
  return diagonal.flatMap((size, column) => (size > zero ? [Float64Array.from(Q.getColumn(column))] : []));
}

/** A direction with the value of ‖M v‖ it has. */
export interface SingularDirection {
  /** Of length 1. */
  readonly vector: Float64Array;
  /** Square root of the Ritz value: an upper bound of the smallest singular value. */
  readonly singularValue: number;
}

/**
 * A sequence of Lanczos steps for S = MᵀM from a start vector, one at a time because products come in batches: call
 * `next` with the product of the vector it asked for. Full reorthogonalisation, since only the ends of the spectrum are
 * wanted and rounding would bring copies of the upper one (Golub & Van Loan, Matrix Computations, ch. 10).
 */
export class Lanczos {
  readonly #basis: Float64Array[];
  readonly #alpha: number[] = [];
  readonly #beta: number[] = [];
  #closed = false;

  constructor(start: Float64Array) {
    this.#basis = [normalized(start)];
  }

  /** The vector whose product is wanted next. */
  get vector(): Float64Array {
    return this.#basis[this.#basis.length - 1];
  }

  /** True when the vectors so far span an invariant subspace: further products tell nothing new. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Takes S·vector. */
  next(product: ArrayLike<number>): void {
    if (this.#closed) return;
    const residual = Float64Array.from(product);
    this.#alpha.push(dot(residual, this.vector));
    const scale = norm(residual);
    for (let pass = 0; pass < 2; pass++) for (const q of this.#basis) subtractAlong(residual, q);
    const beta = norm(residual);
    if (!(beta > scale * 1e-12) || this.#basis.length === residual.length) this.#closed = true;
    else {
      this.#beta.push(beta);
      this.#basis.push(residual.map((value) => value / beta));
    }
  }

  /** The best direction in the span of what was asked for: the Ritz vector of the smallest Ritz value. */
  smallest(): SingularDirection {
    const m = this.#alpha.length;
    const T = Matrix.zeros(m, m);
    for (let i = 0; i < m; i++) {
      T.set(i, i, this.#alpha[i]);
      if (i + 1 < m) {
        T.set(i, i + 1, this.#beta[i]);
        T.set(i + 1, i, this.#beta[i]);
      }
    }
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(T, { assumeSymmetric: true });
    const least = realEigenvalues.indexOf(Math.min(...realEigenvalues));
    const vector = new Float64Array(this.#basis[0].length);
    for (let j = 0; j < m; j++) {
      const weight = eigenvectorMatrix.get(j, least);
      for (let i = 0; i < vector.length; i++) vector[i] += weight * this.#basis[j][i];
    }
    return { vector: normalized(vector), singularValue: Math.sqrt(Math.max(0, realEigenvalues[least])) };
  }
}

const norm = (x: Float64Array): number => Math.sqrt(dot(x, x));

function subtractAlong(x: Float64Array, unit: Float64Array): void {
  const share = dot(x, unit);
  for (let i = 0; i < x.length; i++) x[i] -= share * unit[i];
}

function normalized(x: Float64Array): Float64Array {
  const length = norm(x);
  return x.map((value) => value / length);
}
