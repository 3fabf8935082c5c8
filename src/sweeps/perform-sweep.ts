// Carries out a sweep's cells on the engine, one record a cell. What is finished is known by its record alone, so a sweep
// that ended anywhere, by a click or by the power cut, goes on where it stopped.

import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { withFileLock } from "../common/file-lock.ts";
import { storageError } from "../common/files.ts";
import { errorData, LabError, type LabErrorData, throwIfCancelled } from "../common/errors.ts";
import { makeFolder } from "../common/folders.ts";
import type { OnProgress } from "../common/progress.ts";
import { progressShare } from "../describe/run-progress.ts";
import type { RestartResult } from "../experiments/events.ts";
import type { RunExperiment } from "../experiments/run-experiment.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { readEnd, readListing, type RunListing } from "../records/read-record.ts";
import { RunRecord } from "../records/record.ts";
import { roughTime } from "../common/number-format.ts";
import { recordRun } from "../records/record-run.ts";
import { Estimate, type TimedRun } from "./estimate.ts";
import type { Cell } from "./sweep-files.ts";

/** Folder in a sweep's folder that holds one record a cell. */
export const RUNS = "runs";
const LOCK = ".sweep.lock";

/** A cell whose run came to an end of its own. */
export interface Outcome {
  readonly cell: Cell;
  /** The run's record. */
  readonly folder: string;
  readonly status: "completed" | "failed";
  readonly restarts: readonly RestartResult[];
  readonly elapsedMs: number;
  readonly error?: LabErrorData;
}

export interface SweepOptions {
  /** The sweep's folder. */
  readonly folder: string;
  readonly run: RunExperiment;
  readonly signal?: AbortSignal;
  /** Once aborted, the run at hand is the last. */
  readonly hold?: AbortSignal;
  /** How long to wait for somebody else who is carrying out the same sweep; not at all by default. */
  readonly lockTimeoutMs?: number;
  /** Runs of other sweeps and sessions, to estimate from. */
  readonly timedRuns?: readonly TimedRun[];
  /** Told of each run that begins. */
  readonly onBegin?: (cell: Cell) => void;
  /** Told which run is at work, and how much of the sweep is done. */
  readonly onProgress?: OnProgress;
  /** Told of each run of this call that came to an end, with the time that is left by estimate. */
  readonly onOutcome?: (outcome: Outcome, progress: SweepProgress) => void | Promise<void>;
  /** Milliseconds of any steady clock. */
  readonly now: () => number;
}

export interface SweepProgress {
  /** Runs that are finished, with those of earlier calls. */
  readonly finished: number;
  readonly runs: number;
  /** Undefined when all is done. */
  readonly remainingMs?: number;
}

/**
 * Runs what is not finished yet. A run that fails is one of the outcomes and the next goes on; it is tried again by the
 * next call, unless its spec itself was at fault, as a rate that diverges. Resolves to what is finished in the order of
 * the cells, less than all of them after a cancellation or a hold. Throws a LabError (storage) where the folder takes no record,
 * or somebody else is carrying out the same sweep.
 */
export async function performSweep(cells: readonly Cell[], options: SweepOptions): Promise<Outcome[]> {
  try {
    return await whileHolding(options, () => performCells(cells, options));
  } catch (error) {
    if (!(error instanceof LabError) || error.kind !== "cancelled") throw error;
    return [...(await outcomesIn(cells, options.folder)).values()];
  }
}

/**
 * Does work that carries out cells in a sweep's folder, while nobody else does. Throws a LabError: storage (where the
 * folder takes no record, or somebody else is carrying out its sweep), cancelled (while waiting for that one).
 */
export async function whileHolding<T>(
  { folder, signal, lockTimeoutMs = 0, now }: Pick<SweepOptions, "folder" | "signal" | "lockTimeoutMs" | "now">,
  work: () => Promise<T>,
): Promise<T> {
  const began = now();
  const busy = () => {
    throwIfCancelled(signal);
    if (now() - began < lockTimeoutMs) return;
    throw new LabError(
      "storage",
      `Somebody else is carrying out this sweep in ${folder}: wait, or name another folder.`,
    );
  };
  try {
    await makeFolder(path.join(folder, RUNS));
    return await withFileLock(path.join(folder, LOCK), { onWaiting: busy }, work);
  } catch (error) {
    throw storageError(error, folder);
  }
}

/** performSweep for whoever holds the sweep's folder. */
export async function performCells(cells: readonly Cell[], options: SweepOptions): Promise<Outcome[]> {
  const { folder, signal, hold, timedRuns, onBegin, onProgress, onOutcome, now } = options;
  const outcomes = await finishedOutcomes(cells, folder);
  const estimate = new Estimate([...(timedRuns ?? []), ...timesOf(outcomes.values())]);
  const left = inOrderOfNetworks(cells.filter(({ name }) => !outcomes.has(name)));
  for (const [i, cell] of left.entries()) {
    if (signal?.aborted || hold?.aborted) break;
    const finished = cells.length - left.length + i;
    const total = cells.length;
    const remaining = estimate.of(left.slice(i).map(({ spec }) => spec));
    const stage = `Run ${finished + 1} of ${total}${remaining === undefined ? "" : `, about ${roughTime(remaining)} left`}`;
    const tell = (share: number) => onProgress?.({ stage, done: finished + share, total });
    tell(0);
    onBegin?.(cell);
    const began = now();
    const outcome = await performCell(cell, options, tell);
    if (!outcome) break;
    estimate.add(cell.spec, now() - began);
    outcomes.set(cell.name, outcome);
    const remainingMs = estimate.of(left.slice(i + 1).map(({ spec }) => spec));
    await onOutcome?.(outcome, { finished: finished + 1, runs: total, ...(i + 1 < left.length && { remainingMs }) });
  }
  return cells.flatMap(({ name }) => outcomes.get(name) ?? []);
}

/** What an estimate can be made from. */
export const timesOf = (outcomes: Iterable<Outcome>): TimedRun[] =>
  [...outcomes].flatMap(({ cell, status, elapsedMs }) =>
    status === "completed" ? [{ spec: cell.spec, elapsedMs }] : [],
  );

/**
 * Of the cells, those that need no run any more. Throws a LabError (storage) where one is being written by somebody.
 */
export async function finishedOutcomes(cells: readonly Cell[], folder: string): Promise<Map<string, Outcome>> {
  return outcomesIn(cells, folder, (record) => {
    throw new LabError("storage", `${record} is being written by somebody else: wait, or name another folder.`);
  });
}

/** The same of a sweep that somebody else may be carrying out: `onRunning` is told of the record that is being written. */
export async function outcomesIn(
  cells: readonly Cell[],
  folder: string,
  onRunning?: (record: string) => void,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  // One look at the folder spares a look for each run that was never begun.
  const begun = new Set(await readdir(path.join(folder, RUNS)).catch(() => []));
  for (const cell of cells.filter(({ name }) => begun.has(name))) {
    const record = path.join(folder, RUNS, cell.name);
    const listing = await readListing(record).catch(() => undefined);
    if (listing?.status === "running") onRunning?.(record);
    if (listing && isFinished(listing)) outcomes.set(cell.name, await outcomeOf(cell, listing));
  }
  return outcomes;
}

const isFinished = ({ status, error }: RunListing): boolean =>
  status === "completed" || (status === "failed" && error?.kind === "badInput");

const outcomeOf = async (cell: Cell, { folder, status, elapsedMs, error }: RunListing): Promise<Outcome> => ({
  cell,
  folder,
  status: status === "completed" ? "completed" : "failed",
  restarts: (await readEnd(folder))?.restarts ?? [],
  elapsedMs: elapsedMs ?? 0,
  ...(error && { error }),
});

/** Undefined when the run was stopped. Throws a LabError (storage) when the record cannot be written. */
async function performCell(
  cell: Cell,
  { folder, run, signal, now }: SweepOptions,
  tell: (share: number) => void,
): Promise<Outcome | undefined> {
  const place = path.join(folder, RUNS, cell.name);
  if (!(await stat(path.dirname(place)).catch(() => undefined))) {
    throw new LabError("storage", `${folder} was deleted while its sweep was carried out: nothing more is written.`);
  }
  // What an earlier call has left unfinished.
  await rm(place, { recursive: true, force: true });
  const record = await RunRecord.createIn(place, cell.spec);
  const began = now();
  let lost: LabError | undefined;
  const outcome = await recordRun(cell.spec, {
    run,
    record,
    signal,
    onUnrecorded: (error) => (lost = error),
    onEvent: (event) => {
      if (lost) throw lost; // nobody else sees the run
      if (event.type === "step") tell(progressShare(cell.spec, event));
    },
  });
  const { end } = outcome;
  const failure = outcome.unrecorded ?? outcome.error;
  const error = failure && errorData(failure);
  // A disk that takes no more fails every other run too.
  if (failure && error?.kind === "storage") throw failure;
  if (error?.kind === "cancelled" || end?.status === "cancelled") return undefined;
  const status = error ? "failed" : "completed";
  const restarts = end?.restarts ?? [];
  return { cell, folder: place, status, restarts, elapsedMs: now() - began, ...(error && { error }) };
}

/** The fields that decide what is open, from what takes longest to open: weights, the network, its length. */
const OPENED: readonly (readonly (keyof ExperimentSpec)[])[] = [
  ["checkpoint", "initSeed"],
  ["network", "blocks", "output", "positions", "dtype", "device", "weights", "memory", "restarts"],
  ["prompt"],
];

/** The engine keeps open what it had last: runs that share it come one after the other, and otherwise as they were. */
function inOrderOfNetworks(cells: readonly Cell[], [fields, ...others] = OPENED): readonly Cell[] {
  if (!fields) return cells;
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const opened = JSON.stringify(fields.map((field) => cell.spec[field]));
    const group = groups.get(opened);
    if (group) group.push(cell);
    else groups.set(opened, [cell]);
  }
  return [...groups.values()].flatMap((group) => inOrderOfNetworks(group, others));
}
