// What can be computed of a network under study. The runtime makes these functions; the experiments know them by this
// type only, so every method can be tested with a toy function.

import type { FloatArray, FloatType } from "../common/floats.ts";

/** Distance to the target and its gradient, a restart at a time along B. */
export interface DistanceAndGradient {
  /** [B] */
  readonly distance: FloatArray;
  /** [B, T, D], with respect to the input embedding */
  readonly gradient: FloatArray;
}

/** A network with B restarts of T tokens of width D going in, and K numbers a token coming out. */
export interface NetworkFunctions {
  readonly batch: number;
  readonly length: number;
  readonly width: number;
  readonly outputWidth: number;
  readonly type: FloatType;
  /** O(e): [B, T, D] → [B, T, K]. */
  forward(embedding: FloatArray): Promise<FloatArray>;
  /** d(O(e), O*) and its gradient: e [B, T, D], O* [B, T, K]. The result is valid until the next call. */
  distanceAndGradient(embedding: FloatArray, target: FloatArray): Promise<DistanceAndGradient>;
  /** The token that follows each restart: arg max of the last position's logits, [B]. */
  nextTokens(embedding: FloatArray): Promise<number[]>;
}
