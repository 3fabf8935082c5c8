// From tokens to what goes into the network: e = W[tokens] + P[positions], [T, D].

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { readRows } from "../checkpoints/rows.ts";
import { floats, type FloatArray, type FloatType } from "../common/floats.ts";
import { positionEmbeddingWeight, tokenEmbeddingWeight } from "../networks/architectures/architectures.ts";

/** Positions 0…T−1, or every token at position 0. */
export type Positions = "sequential" | "first";

/**
 * Rows of the position embedding that T tokens get, P [T, D]; zeros where the network has none. Throws a LabError
 * (badInput) when there are fewer positions than tokens.
 */
export function positionEmbedding(checkpoint: Checkpoint, positions: Positions, length: number): FloatArray {
  const { config } = checkpoint;
  const table = positionEmbeddingWeight(config);
  if (!table) return new Float32Array(length * config.width);
  const rows = Array.from({ length }, (_, position) => (positions === "sequential" ? position : 0));
  return readRows(checkpoint, table.name, rows);
}

/** Token plus position embedding, [T, D]. Throws a LabError (badInput) for an id that the checkpoint does not have. */
export function embedTokens(
  checkpoint: Checkpoint,
  ids: readonly number[],
  positions: Positions,
  type: FloatType,
): FloatArray {
  const tokens = readRows(checkpoint, tokenEmbeddingWeight(checkpoint.config).name, ids);
  const places = positionEmbedding(checkpoint, positions, ids.length);
  const embedding = floats(type, tokens.length);
  for (let i = 0; i < embedding.length; i++) embedding[i] = tokens[i] + places[i];
  return embedding;
}
