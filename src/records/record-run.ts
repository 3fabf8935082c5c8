// The one loop that carries a run out and records it, for the terminal, VS Code, sweeps and claims alike. A record that
// takes no more stops no run: it ends early, without gaps, and what that means is for the caller to say.

import { errorData, LabError } from "../common/errors.ts";
import { storageError } from "../common/files.ts";
import type { EndEvent, RunEvent } from "../experiments/events.ts";
import type { RunExperiment, RunOptions } from "../experiments/run-experiment.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import type { RunRecord } from "./record.ts";

export interface RecordRunOptions extends Omit<RunOptions, "onEmbeddings"> {
  readonly run: RunExperiment;
  /** Begun by the caller and ended here, once; a run without one is not recorded. */
  readonly record: Pick<RunRecord, "folder" | "append" | "keep" | "end"> | undefined;
  /** Receives each event once it is recorded. The run waits for it, and is stopped when it throws. */
  readonly onEvent?: (event: RunEvent) => void | Promise<void>;
  /** Told at once, and once, that the record will end early. */
  readonly onUnrecorded?: (error: LabError) => void;
  /** Once aborted, a run that breaks off is neither stopped nor at fault: its record is an interrupted one. */
  readonly interruption?: AbortSignal;
  /** How long the run stood still, in milliseconds; asked at its end. */
  readonly pausedMs?: () => number | undefined;
}

/** What became of a run: an end, an error, or both where nobody took the end. */
export interface RunOutcome {
  readonly end?: EndEvent;
  /** Thrown by the run, or by whoever received its events. */
  readonly error?: Error;
  /** Why the record ends early (storage). */
  readonly unrecorded?: LabError;
}

/** Never throws for what a run, its reader or its record throws: each is told in the outcome. */
export async function recordRun(spec: ExperimentSpec, options: RecordRunOptions): Promise<RunOutcome> {
  const { run, record, onEvent, onUnrecorded, interruption, pausedMs, ...others } = options;
  let end: EndEvent | undefined;
  let error: Error | undefined;
  let unrecorded: LabError | undefined;
  const written = async (writing: Promise<void> | undefined) => {
    try {
      await writing;
    } catch (failure) {
      if (unrecorded) return;
      unrecorded = storageError(failure, record!.folder);
      onUnrecorded?.(unrecorded);
    }
  };
  try {
    for await (const event of run(spec, { ...others, ...(record && { onEmbeddings: (all) => record.keep(all) }) })) {
      await written(record?.append(event));
      if (event.type === "end") end = event;
      await onEvent?.(event);
    }
    if (!end) throw new LabError("engine", "The run ended without a result.");
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
  }
  const trouble = error ?? unrecorded;
  await written(record?.end(trouble && !interruption?.aborted ? errorData(trouble) : undefined, pausedMs?.()));
  return { ...(end && { end }), ...(error && { error }), ...(unrecorded && { unrecorded }) };
}
