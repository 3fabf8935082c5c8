// Everything that crosses between the engine process and its client: one union a direction, plain JSON.

import type { LabErrorData } from "../common/errors.ts";
import type { FloatType } from "../common/floats.ts";
import type { Progress } from "../common/progress.ts";
import type { RunEmbeddings } from "../experiments/run-embeddings.ts";
import type { RunEvent } from "../experiments/events.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";

export type { Progress };

/** The token for the Hugging Face hub, before the first run where there is one. */
export interface HubTokenMessage {
  readonly type: "hubToken";
  readonly token: string;
}

export type ToEngine =
  | {
      readonly type: "run";
      readonly runId: string;
      readonly spec: ExperimentSpec;
      readonly embeddings: boolean;
    }
  | { readonly type: "cancel"; readonly runId: string }
  /** The run is to stand still after the iteration that is shown next, until it is resumed or cancelled. */
  | { readonly type: "pause"; readonly runId: string }
  | { readonly type: "resume"; readonly runId: string }
  /** The reader has taken one more event: the engine goes only so far ahead of its reader. */
  | { readonly type: "taken"; readonly runId: string };

export interface EmbeddingsPiece extends Pick<RunEmbeddings, "restarts" | "length" | "width"> {
  readonly type: FloatType;
  readonly name: "target" | "best" | "last";
  /** 0 for the target. */
  readonly restart: number;
  /** [T, D], little endian. */
  readonly base64: string;
}

export type FromEngine =
  | { readonly type: "ready" }
  | { readonly type: "progress"; readonly runId: string; readonly progress: Progress }
  | { readonly type: "event"; readonly runId: string; readonly event: RunEvent }
  | { readonly type: "paused"; readonly runId: string }
  /** The embeddings of the run, in pieces, before its end. */
  | { readonly type: "embeddings"; readonly runId: string; readonly piece: EmbeddingsPiece }
  | { readonly type: "failed"; readonly runId: string; readonly error: LabErrorData };
