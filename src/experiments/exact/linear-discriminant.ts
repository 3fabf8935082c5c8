// Which tokens may stand behind a hidden state: linear discriminant analysis whose class means are linear in the token's
// embedding. With x = e(v) + P the input embedding, and r the state before it, divided by its root mean square,
//   h = A x + C r + c + ε,  ε ~ N(0, Σ),
// fitted by ridge regression on texts whose states are known. A token's score is the log-likelihood
//   s(v) = −½ (g − A e(v))ᵀ Σ⁻¹ (g − A e(v)) − ½ log|Σ|,  g = h − C r − c − A P.

import { choleskyFactor, CholeskySolver, dotOfRows } from "../../common/cholesky.ts";
import { yieldToEventLoop } from "../../common/event-loop.ts";
import { LabError, throwIfCancelled } from "../../common/errors.ts";
import type { FloatArray } from "../../common/floats.ts";

/** Added to each entry of the normal equations' diagonal, as a share of it: regressors have sizes of their own. */
const RIDGE = 1e-4;
/** The same as a share of the diagonal's mean, for regressors that are always 0. */
const LEAST_RIDGE = 1e-12;
/** Added to the residuals' variances, as a share of the mean variance of a state. */
const LEAST_VARIANCE = 1e-9;

/** All matrices are [D, D], row by row. */
export interface Discriminant {
  /** D */
  readonly width: number;
  /** A: embedding → state. */
  readonly token: Float64Array;
  /** C: state before → state; none at the first position. */
  readonly context?: Float64Array;
  /** c [D] */
  readonly offset: Float64Array;
  /** Σ⁻¹ */
  readonly precision: Float64Array;
  /** AᵀΣ⁻¹: what turns g into the vector whose products with embeddings are scores. */
  readonly weighted: Float64Array;
  /** ½ e(v)ᵀ AᵀΣ⁻¹A e(v) of each token, [V]. */
  readonly tokenTerms: Float32Array;
  /** log|Σ| */
  readonly logDeterminant: number;
}

/** UᵀU [M, M] of rows u = (x, r, 1, h) of known texts, r left out where there is none, and their number. */
export interface NormalEquations {
  readonly gram: Float64Array;
  readonly rows: number;
}

/** M */
export const equationsWidth = (width: number, hasContext: boolean): number => width * (hasContext ? 3 : 2) + 1;

/** v / √(mean v²), [D]. Written to `to` from `at` on. */
export function writeNormalised(state: FloatArray, from: number, width: number, to: Float64Array, at: number): void {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += state[from + i] ** 2;
  const scale = sum > 0 ? 1 / Math.sqrt(sum / width) : 0;
  for (let i = 0; i < width; i++) to[at + i] = state[from + i] * scale;
}

/**
 * Fits a discriminant. `quadraticForms` gives e(v)ᵀ M e(v) of every token for a matrix M [D, D]. Takes about
 * D³·15 multiplications. Throws a LabError: cancelled; badInput when the states are no finite numbers.
 */
export async function fitDiscriminant(
  { gram, rows }: NormalEquations,
  width: number,
  hasContext: boolean,
  quadraticForms: (matrix: Float64Array) => Promise<FloatArray>,
  signal?: AbortSignal,
): Promise<Discriminant> {
  const D = width;
  const M = equationsWidth(D, hasContext);
  const K = M - D; // regressors; the states stand behind them
  const normal = new Float64Array(K * K);
  const ridge = Float64Array.from({ length: K }, (_, i) => gram[i * (M + 1)]);
  const mean = ridge.reduce((sum, square) => sum + square / K, 0);
  for (let i = 0; i < K; i++) {
    ridge[i] = RIDGE * ridge[i] + LEAST_RIDGE * mean;
    normal.set(gram.subarray(i * M, i * M + K), i * K);
    normal[i * (K + 1)] += ridge[i];
  }
  const factor = choleskyFactor(normal, K);
  if (!factor)
    throw new LabError("badInput", "The states of the texts that the fit is made from are not finite numbers.");
  const solver = new CholeskySolver(factor, K);

  // B [D, K]: one row of coefficients for each number of the state.
  const B = new Float64Array(D * K);
  for (let row = 0; row < D; row++) {
    for (let i = 0; i < K; i++) B[row * K + i] = gram[i * M + K + row];
    solver.solve(B, row, row + 1);
    if (row % 32 === 0) {
      await yieldToEventLoop();
      throwIfCancelled(signal);
    }
  }
  // n Σ = S_hh − B S_zh − (B S_zh)ᵀ + B S_zz Bᵀ, and by the normal equations S_zz Bᵀ = S_zh − Λ Bᵀ.
  const covariance = new Float64Array(D * D);
  const explaining = new Float64Array(D * K); // S_hz + B Λ, [D, K]
  for (let row = 0; row < D; row++) {
    for (let i = 0; i < K; i++) explaining[row * K + i] = gram[(K + row) * M + i] + B[row * K + i] * ridge[i];
  }
  let variance = 0;
  for (let i = 0; i < D; i++) {
    for (let j = 0; j <= i; j++) {
      const explained = dotOfRows(B, i * K, explaining, j * K, K);
      covariance[i * D + j] = covariance[j * D + i] = (gram[(K + i) * M + K + j] - explained) / rows;
    }
    variance += gram[(K + i) * (M + 1)] / rows / D;
    if (i % 32 === 0) {
      await yieldToEventLoop();
      throwIfCancelled(signal);
    }
  }
  const part = (from: number): Float64Array => {
    const matrix = new Float64Array(D * D);
    for (let row = 0; row < D; row++) matrix.set(B.subarray(row * K + from, row * K + from + D), row * D);
    return matrix;
  };
  const token = part(0);
  const noise = noiseSolver(covariance, D, variance);
  const precision = identity(D);
  noise.solve(precision);
  throwIfCancelled(signal);
  const transposed = transpose(token, D);
  const weighted = transposed.slice(); // rows of Aᵀ, so that row i of the result is Σ⁻¹ (column i of A)
  noise.solve(weighted);
  const squares = await quadraticForms(product(weighted, transposed, D));
  return {
    width: D,
    token,
    ...(hasContext && { context: part(D) }),
    offset: Float64Array.from({ length: D }, (_, row) => B[row * K + K - 1]),
    precision,
    weighted,
    tokenTerms: Float32Array.from(squares, (square) => square / 2),
    logDeterminant: noise.logDeterminant,
  };
}

/** Σ with as much added to its diagonal as makes it positive definite. */
function noiseSolver(covariance: Float64Array, D: number, variance: number): CholeskySolver {
  for (let least = LEAST_VARIANCE; ; least *= 10) {
    const raised = covariance.slice();
    for (let i = 0; i < D; i++) raised[i * (D + 1)] += least * variance;
    const factor = choleskyFactor(raised, D);
    if (factor) return new CholeskySolver(factor, D);
    if (!(least < 1)) throw new LabError("badInput", "The states that the fit is made from are not finite numbers.");
  }
}

/** Rows of what the scores are made of, for T positions. */
export interface Evidence {
  /** AᵀΣ⁻¹ g, [T, D]: its products with the embeddings, less `tokenTerms`, are scores… */
  readonly directions: Float64Array;
  /** …but for −½ gᵀΣ⁻¹g − ½ log|Σ|, [T], which is the same for every token. */
  readonly constants: Float64Array;
}

/**
 * What T states say of their tokens: states [T, D], the states before them divided by their root mean square [T, D], and
 * position embeddings [T, D]. With a bias [D], the states are as far off.
 */
export function evidenceOf(
  discriminant: Discriminant,
  states: FloatArray,
  before: Float64Array,
  positions: FloatArray,
  bias?: Float64Array,
): Evidence {
  const { width: D, precision, weighted, logDeterminant } = discriminant;
  const g = tokensPart(discriminant, states, before, positions);
  const T = states.length / D;
  const directions = new Float64Array(T * D);
  const constants = new Float64Array(T);
  for (let t = 0; t < T; t++) {
    let square = 0;
    if (bias) for (let i = 0; i < D; i++) g[t * D + i] -= bias[i];
    for (let i = 0; i < D; i++) {
      directions[t * D + i] = dotOfRows(weighted, i * D, g, t * D, D);
      square += g[t * D + i] * dotOfRows(precision, i * D, g, t * D, D);
    }
    constants[t] = -(square + logDeterminant) / 2;
  }
  return { directions, constants };
}

/** g = h − C r − c − A P, [T, D]: what of T states is their tokens'. */
function tokensPart(
  { width: D, token, context, offset }: Discriminant,
  states: FloatArray,
  before: Float64Array,
  positions: FloatArray,
): Float64Array {
  const g = new Float64Array(states.length);
  const place = new Float64Array(D);
  for (let from = 0; from < g.length; from += D) {
    for (let i = 0; i < D; i++) place[i] = positions[from + i];
    for (let i = 0; i < D; i++) {
      const known = dotOfRows(token, i * D, place, 0, D) + (context ? dotOfRows(context, i * D, before, from, D) : 0);
      g[from + i] = states[from + i] - known - offset[i];
    }
  }
  return g;
}

/**
 * Mean residual [D] of n tokens at one position: their embeddings e(v) and states there, [n, D], and the state before and the
 * position embedding that they share, [D].
 */
export function meanResidual(
  discriminant: Discriminant,
  embeddings: FloatArray,
  states: FloatArray,
  before: Float64Array,
  position: FloatArray,
): Float64Array {
  const { width: D, token } = discriminant;
  const n = states.length / D;
  const mean = new Float64Array(D);
  const embedding = new Float64Array(D);
  for (let row = 0; row < n; row++) {
    const g = tokensPart(discriminant, states.subarray(row * D, (row + 1) * D), before, position);
    for (let i = 0; i < D; i++) embedding[i] = embeddings[row * D + i];
    for (let i = 0; i < D; i++) mean[i] += (g[i] - dotOfRows(token, i * D, embedding, 0, D)) / n;
  }
  return mean;
}

function identity(D: number): Float64Array {
  const matrix = new Float64Array(D * D);
  for (let i = 0; i < D; i++) matrix[i * (D + 1)] = 1;
  return matrix;
}

function transpose(matrix: Float64Array, D: number): Float64Array {
  const result = new Float64Array(D * D);
  for (let i = 0; i < D; i++) for (let j = 0; j < D; j++) result[j * D + i] = matrix[i * D + j];
  return result;
}

/** a bᵀ, [D, D] each. */
function product(a: Float64Array, b: Float64Array, D: number): Float64Array {
  const result = new Float64Array(D * D);
  for (let i = 0; i < D; i++) for (let j = 0; j < D; j++) result[i * D + j] = dotOfRows(a, i * D, b, j * D, D);
  return result;
}
