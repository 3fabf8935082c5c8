// Reads records back: one run with all its events, without them, or no more than its first or its last.

import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { yieldToEventLoop } from "../common/event-loop.ts";
import { errorCode } from "../common/files.ts";
import { LabError, type LabErrorData, messageOf } from "../common/errors.ts";
import { openPlainFile, readPlainFile } from "../common/plain-file.ts";
import type { EndEvent, RestartResult, RunEvent, StartEvent } from "../experiments/events.ts";
import { type ExperimentSpec, parseSpec } from "../experiments/spec.ts";
import { EVENTS_FILE, SPEC_FILE, SUMMARY_FILE, type RunSummary } from "./record-files.ts";
import { LARGEST_EVENTS, LARGEST_JSON, LONGEST_LINE, parseEvent, parseHead, parseSummary } from "./record-schema.ts";
import { isAlive } from "./record-writer.ts";

/** A record without its events. */
export interface RunListing {
  readonly id: string;
  readonly folder: string;
  readonly spec: ExperimentSpec;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** "running" while its writer lives and has written no summary, "interrupted" when it went without one. */
  readonly status: RunSummary["status"] | "running";
  readonly elapsedMs?: number;
  readonly best?: RestartResult;
  readonly error?: LabErrorData;
}

export interface RecordedRun extends RunListing {
  readonly events: readonly RunEvent[];
}

/** One run. Throws a LabError (storage) that says which file is missing or damaged. */
export async function readRun(folder: string): Promise<RecordedRun> {
  const listing = await readListing(folder);
  return { ...listing, events: await readEvents(path.join(folder, EVENTS_FILE)) };
}

export const newestFirst = (a: RunListing, b: RunListing): number =>
  b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id);

/** One run without its events. Throws a LabError (storage). */
export async function readListing(folder: string): Promise<RunListing> {
  const file = path.join(folder, SPEC_FILE);
  const head = parseHead(await readText(file), file);
  const listing = {
    id: path.basename(path.resolve(folder)),
    folder: path.resolve(folder),
    spec: specOf(head.spec, file),
    createdAt: head.createdAt,
  };
  const readSummary = () => ifThere(readSummaryOf(folder));
  let summary = await readSummary();
  if (!summary) {
    // Looked up before another look for the summary: a writer that ended in between has written it by then.
    const alive = isAlive(head.writer);
    summary = await readSummary();
    if (!summary) return { ...listing, status: alive ? "running" : "interrupted" };
  }
  const { status, elapsedMs, best, error } = summary;
  return { ...listing, status, elapsedMs, ...(best && { best }), ...(error && { error }) };
}

function specOf(spec: unknown, file: string): ExperimentSpec {
  try {
    return parseSpec(spec);
  } catch (error) {
    throw new LabError("storage", `${file} is damaged: ${messageOf(error)}`, { cause: error });
  }
}

async function readSummaryOf(folder: string): Promise<RunSummary> {
  const file = path.join(folder, SUMMARY_FILE);
  return parseSummary(await readText(file), file);
}

/** The last event of a run, where that is its end. Reads no more of the file than that. Throws a LabError (storage). */
export async function readEnd(folder: string): Promise<EndEvent | undefined> {
  const event = await eventAt(folder, "last", lastLine);
  return event?.type === "end" ? event : undefined;
}

/** The first event of a run, where it has told any. Reads little more than that. Throws a LabError (storage). */
export async function readStart(folder: string): Promise<StartEvent | undefined> {
  const event = await eventAt(folder, "first", firstLine);
  return event?.type === "start" ? event : undefined;
}

async function eventAt(
  folder: string,
  place: "first" | "last",
  lineOf: (file: string) => Promise<string | undefined>,
): Promise<RunEvent | undefined> {
  const file = path.join(folder, EVENTS_FILE);
  const line = await ifThere(lineOf(file));
  return line === undefined ? undefined : parseEvent(line, `The ${place} line of ${file}`);
}

/** How long lines are read without a pause. */
const LONGEST_STRETCH_MS = 8;

/** A start, or an end with a few restarts, fits into this. */
const CHUNK = 64 * 1024;

/** The first whole line of a file. */
const firstLine = (file: string): Promise<string | undefined> =>
  withEvents(file, async (handle, size) => {
    for (let length = Math.min(CHUNK, size); ; length = Math.min(2 * length, size)) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
      const to = buffer.subarray(0, bytesRead).indexOf("\n");
      if (to >= 0) return buffer.toString("utf8", 0, to);
      if (length === size) return undefined;
      throwIfTooLong(length, file);
    }
  });

/** The last whole line of a file, read from its end. */
const lastLine = (file: string): Promise<string | undefined> =>
  withEvents(file, async (handle, size) => {
    for (let length = Math.min(CHUNK, size); ; length = Math.min(2 * length, size)) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
      const tail = buffer.subarray(0, bytesRead);
      const to = tail.lastIndexOf("\n");
      const from = to < 1 ? -1 : tail.lastIndexOf("\n", to - 1);
      if (to >= 0 && (from >= 0 || length === size)) return tail.toString("utf8", from + 1, to);
      if (length === size) return undefined;
      throwIfTooLong(length, file);
    }
  });

/** Hands the opened events of a record over, and closes them. Throws a LabError (storage). */
export async function withEvents<T>(file: string, read: (handle: FileHandle, size: number) => Promise<T>): Promise<T> {
  const { handle, size } = await openPlainFile(file, LARGEST_EVENTS).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    return await read(handle, size);
  } finally {
    await handle.close();
  }
}

/** Of a line that has so many bytes and goes on. Throws a LabError (storage). */
export function throwIfTooLong(bytes: number, file: string): void {
  if (bytes > LONGEST_LINE) throw new LabError("storage", `${file} is damaged: a line of it is too long.`);
}

/**
 * The events; what follows the last newline is a line that was being written, and is left out. The file is split as
 * bytes, since all of them together may be more than one string can hold.
 */
async function readEvents(file: string): Promise<RunEvent[]> {
  const bytes = await ifThere(readBytes(file, LARGEST_EVENTS));
  if (!bytes) return [];
  const events: RunEvent[] = [];
  let paused = performance.now();
  for (let from = 0, to; (to = bytes.indexOf("\n", from)) >= 0; from = to + 1) {
    // Many thousand lines take a while, and other work of the process is to go on meanwhile.
    if (performance.now() - paused > LONGEST_STRETCH_MS) {
      await yieldToEventLoop();
      paused = performance.now();
    }
    throwIfTooLong(to - from, file);
    events.push(parseEvent(bytes.toString("utf8", from, to), `Line ${events.length + 1} of ${file}`));
  }
  return events;
}

const readText = async (file: string): Promise<string> => (await readBytes(file, LARGEST_JSON)).toString("utf8");

async function readBytes(file: string, most: number): Promise<Buffer> {
  try {
    return await readPlainFile(file, most);
  } catch (error) {
    throw unreadable(file, error);
  }
}

const unreadable = (file: string, error: unknown): LabError =>
  new LabError("storage", `${file} cannot be read: ${messageOf(error)}.`, { cause: error });

/** Undefined for a file that is not there: a writer that was killed early has not made it. */
export async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof LabError && errorCode(error.cause) === "ENOENT") return undefined;
    throw error;
  }
}
