// What a run has found as numbers: the embeddings behind the tokens of its end event. Too big for a line of JSON, they are
// told beside the events, to whoever asks for them.

import type { FloatArray } from "../common/floats.ts";

/** In the spec's number format. */
export interface RunEmbeddings {
  /** B, T and D. */
  readonly restarts: number;
  readonly length: number;
  readonly width: number;
  /** e*, [T, D]. */
  readonly target: FloatArray;
  /** Of each restart the iterate that its result tells of, [B, T, D]. */
  readonly best: FloatArray;
  /** Of each restart the last iterate, [B, T, D]. */
  readonly last: FloatArray;
}
