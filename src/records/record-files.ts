// What the files of a record hold.

import type { LabErrorData } from "../common/errors.ts";
import type { RestartResult } from "../experiments/events.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import type { Writer } from "./record-writer.ts";

export const SPEC_FILE = "spec.json";
export const EVENTS_FILE = "events.jsonl";
export const SUMMARY_FILE = "summary.json";
/** There only where the run came to an end of its own, completed or cancelled. */
export const EMBEDDINGS_FILE = "embeddings.safetensors";
/** Goes up when an older reader would misread a record. */
export const RECORD_FORMAT = 1;

/** spec.json, written first. */
export interface RecordHead {
  readonly format: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly writer: Writer;
  readonly spec: ExperimentSpec;
}

/** summary.json, written last. */
export interface RunSummary {
  readonly status: "completed" | "cancelled" | "failed" | "interrupted";
  readonly startedAt: string;
  readonly endedAt: string;
  readonly elapsedMs: number;
  readonly best?: RestartResult;
  /** Why it failed, or what went wrong after its end. */
  readonly error?: LabErrorData;
}
