// The embeddings of a run as a safetensors file: what numpy, PyTorch and every other reader of checkpoints opens.

import { type SafetensorsType, writeSafetensors } from "../checkpoints/safetensors.ts";
import { typeOf } from "../common/floats.ts";
import type { RunEmbeddings } from "../experiments/run-embeddings.ts";

/** What the embeddings are read as. */
export interface EmbeddedTokens {
  /** [T] */
  readonly target: readonly number[];
  /** [B][T] */
  readonly best: readonly (readonly number[])[];
}

/**
 * Writes `target` [T, D], `best` and `last` [B, T, D] in the run's number format, and the tokens of the first two as
 * `target_token_ids` [T] and `best_token_ids` [B, T], whole or not at all, into a folder that is there. Throws a
 * LabError (storage).
 */
export async function writeEmbeddings(file: string, embeddings: RunEmbeddings, tokens: EmbeddedTokens): Promise<void> {
  const { restarts, length, width, target, best, last } = embeddings;
  const all = [restarts, length, width];
  const type: SafetensorsType = typeOf(target) === "float32" ? "F32" : "F64";
  const ids = (of: readonly number[]) => BigInt64Array.from(of, BigInt);
  const tensors = [
    { name: "target", type, shape: [length, width], values: target },
    { name: "best", type, shape: all, values: best },
    { name: "last", type, shape: all, values: last },
    { name: "target_token_ids", type: "I64" as const, shape: [length], values: ids(tokens.target) },
    { name: "best_token_ids", type: "I64" as const, shape: [restarts, length], values: ids(tokens.best.flat()) },
  ];
  await writeSafetensors(file, tensors, { format: "pt" }, { makesFolder: false });
}
