// From embeddings back to tokens: what a decoder gives, whatever its method.

import type { FloatArray } from "../common/floats.ts";

/** One restart's embedding read as tokens. */
export interface Decoding {
  /** Best token a position, [T]. */
  readonly tokenIds: number[];
  /** Best k tokens a position with their scores, best first, [T][k]. */
  readonly topK: { readonly id: number; readonly score: number }[][];
  /** Rank of the target's token a position, 1 is best, [T]. */
  readonly targetRanks: number[];
}

/** Reads embeddings [B, T, D] (positions included) as tokens; one Decoding a restart. */
export interface EmbeddingDecoder {
  decode(embedding: FloatArray): Promise<Decoding[]>;
}
