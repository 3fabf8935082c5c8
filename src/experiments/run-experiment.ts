// What it takes to have an experiment carried out, whoever does it: the engine's client, or a test.

import type { OnProgress } from "../common/progress.ts";
import type { RunEvent } from "./events.ts";
import type { RunEmbeddings } from "./run-embeddings.ts";
import type { ExperimentSpec } from "./spec.ts";

/** Tells whether a run is to stand still: what an AbortSignal is to its end. */
export interface PauseSignal {
  readonly isOn: boolean;
  /** Tells of every change, until the returned function is called. */
  onChange(listener: (isOn: boolean) => void): () => void;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Holds the run after an iteration that is shown, and with it those behind it; a held run can be cancelled. */
  readonly pause?: PauseSignal;
  /** Told when a run that is to pause stands still. */
  readonly onPaused?: () => void;
  /** Told what the run has found, before its end event. */
  readonly onEmbeddings?: (embeddings: RunEmbeddings) => void;
}

/** Carries out one run, as the engine's client does. */
export type RunExperiment = (spec: ExperimentSpec, options: RunOptions) => AsyncIterable<RunEvent>;
