// What can be computed of a network under study. The runtime makes these functions; the experiments know them by this
// type only, so every method can be tested with a toy function.

import type { FloatArray, FloatType } from "../common/floats.ts";

/** Distance to the target and a gradient, a restart at a time along B. */
export interface DistanceAndGradient {
  /** [B] */
  readonly distance: FloatArray;
  /** [B, T, D], with respect to the input embedding */
  readonly gradient: FloatArray;
}

/** How far a direction v of the input moves the output; J = ∂O/∂e. */
export interface NormalProduct {
  /** J v, [B, T, K] */
  readonly image: FloatArray;
  /** JᵀJ v, [B, T, D] */
  readonly product: FloatArray;
}

/**
 * A network with B restarts of T tokens of width D going in, and K numbers a token coming out. Results are valid until
 * the next call.
 */
export interface NetworkFunctions {
  readonly batch: number;
  readonly length: number;
  readonly width: number;
  readonly outputWidth: number;
  readonly type: FloatType;
  /** O(e): [B, T, D] → [B, T, K]. */
  forward(embedding: FloatArray): Promise<FloatArray>;
  /** d(O(e), O*) and its gradient: e [B, T, D], O* [B, T, K]. */
  distanceAndGradient(embedding: FloatArray, target: FloatArray): Promise<DistanceAndGradient>;
  /** d(O(e), O*) and Jᵀu: e [B, T, D], u and O* [B, T, K]. With u = 1 the gradient of ΣO. */
  vjp(embedding: FloatArray, cotangent: FloatArray, target: FloatArray): Promise<DistanceAndGradient>;
  /** J v and JᵀJ v: e and v [B, T, D]. */
  normalProduct(embedding: FloatArray, tangent: FloatArray): Promise<NormalProduct>;
  /** The token that follows each restart: arg max of the last position's logits, [B]; undefined where none is predicted. */
  nextTokens(embedding: FloatArray): Promise<number[] | undefined>;
}

/** Keys and values of the tokens before, a block each: [H, P, d]. What is not filled is masked. */
export interface KeyValueArrays {
  readonly keys: readonly FloatArray[];
  readonly values: readonly FloatArray[];
}

/** N rows behind P cached tokens, as src/networks/cached-pass.ts says. Arrays of a result are the caller's own. */
export interface CachedPass {
  /** N */
  readonly rows: number;
  /** P */
  readonly past: number;
  /** Embedding [N, D], mask [N, P + N] → states [N, D] of each tap and, where they are wanted, keys and values [H, N, d]. */
  run(
    embedding: FloatArray,
    mask: FloatArray,
    past: KeyValueArrays,
    cache?: boolean,
  ): Promise<KeyValueArrays & { readonly states: readonly FloatArray[] }>;
}
