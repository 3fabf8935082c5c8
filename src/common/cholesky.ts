// Cholesky's factor of a symmetric positive definite matrix, and what it solves. Matrices lie row by row.

/** L [D, D] with G = LLᵀ, below the diagonal and on it; undefined where rounding leaves G without one. */
export function choleskyFactor(gram: Float64Array, D: number): Float64Array | undefined {
  const L = gram.slice();
  for (let i = 0; i < D; i++) {
    for (let j = 0; j < i; j++) L[i * D + j] = (L[i * D + j] - dotOfRows(L, i * D, L, j * D, j)) / L[j * D + j];
    const rest = L[i * D + i] - dotOfRows(L, i * D, L, i * D, i);
    if (!(rest > 0)) return undefined;
    L[i * D + i] = Math.sqrt(rest);
  }
  return L;
}

/** Σ a[aFrom + k]·b[bFrom + k] over k < count; four sums at a time keep the processor's multipliers busy. */
export function dotOfRows(a: Float64Array, aFrom: number, b: Float64Array, bFrom: number, count: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 3 < count; k += 4) {
    s0 += a[aFrom + k] * b[bFrom + k];
    s1 += a[aFrom + k + 1] * b[bFrom + k + 1];
    s2 += a[aFrom + k + 2] * b[bFrom + k + 2];
    s3 += a[aFrom + k + 3] * b[bFrom + k + 3];
  }
  for (; k < count; k++) s0 += a[aFrom + k] * b[bFrom + k];
  return s0 + s1 + (s2 + s3);
}

/** What the factor L of G [D, D] solves: x ← G⁻¹x for rows x [N, D], in place. */
export class CholeskySolver {
  readonly size: number;
  readonly #lower: Float64Array;
  /** Lᵀ, so that what is summed over lies side by side in both directions. */
  readonly #upper: Float64Array;

  constructor(lower: Float64Array, size: number) {
    this.size = size;
    this.#lower = lower;
    this.#upper = new Float64Array(size * size);
    for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) this.#upper[j * size + i] = lower[i * size + j];
  }

  /** log |G| */
  get logDeterminant(): number {
    let sum = 0;
    for (let i = 0; i < this.size; i++) sum += Math.log(this.#lower[i * (this.size + 1)]);
    return 2 * sum;
  }

  solve(x: Float64Array, from = 0, to = x.length / this.size): void {
    const { size: D } = this;
    for (let row = from * D; row < to * D; row += D) {
      for (let i = 0; i < D; i++) {
        x[row + i] = (x[row + i] - dotOfRows(this.#lower, i * D, x, row, i)) / this.#lower[i * (D + 1)];
      }
      for (let i = D - 1; i >= 0; i--) {
        const rest = dotOfRows(this.#upper, i * D + i + 1, x, row + i + 1, D - i - 1);
        x[row + i] = (x[row + i] - rest) / this.#upper[i * (D + 1)];
      }
    }
  }
}
