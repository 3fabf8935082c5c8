// Reads records back: one run with all its events, without them, or no more than its first or its last.

import { open, readFile } from "node:fs/promises";
import path from "node:path";
import { yieldToEventLoop } from "../common/event-loop.ts";
import { errorCode } from "../common/files.ts";
import { LabError, type LabErrorData, messageOf } from "../common/errors.ts";
import type { EndEvent, RestartResult, RunEvent, StartEvent } from "../experiments/events.ts";
import { type ExperimentSpec, parseSpec } from "../experiments/spec.ts";
import {
  EVENTS_FILE,
  RECORD_FORMAT,
  type RecordHead,
  SPEC_FILE,
  SUMMARY_FILE,
  type RunSummary,
} from "./record-files.ts";
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
  const head = (await readJson(path.join(folder, SPEC_FILE))) as RecordHead;
  if (head?.format !== RECORD_FORMAT) {
    throw new LabError(
      "storage",
      `The record in ${folder} has format ${String(head?.format)}, and this version reads ${RECORD_FORMAT}.`,
    );
  }
  const listing = {
    id: path.basename(path.resolve(folder)),
    folder: path.resolve(folder),
    spec: parseSpec(head.spec),
    createdAt: head.createdAt,
  };
  const readSummary = () => ifThere(readJson(path.join(folder, SUMMARY_FILE))) as Promise<RunSummary | undefined>;
  let summary = await readSummary();
  if (!summary) {
    // Looked up before another look for the summary: a writer that ended in between has written it by then.
    const alive = await isAlive(head.writer);
    summary = await readSummary();
    if (!summary) return { ...listing, status: alive ? "running" : "interrupted" };
  }
  const { status, elapsedMs, best, error } = summary;
  return { ...listing, status, elapsedMs, ...(best && { best }), ...(error && { error }) };
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
  return line === undefined ? undefined : (parseJson(line, `The ${place} line of ${file}`) as RunEvent);
}

/** How long lines are read without a pause. */
const LONGEST_STRETCH_MS = 8;

/** A start, or an end with a few restarts, fits into this. */
const CHUNK = 64 * 1024;

/** The first whole line of a file. */
async function firstLine(file: string): Promise<string | undefined> {
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    for (let length = CHUNK; ; length *= 2) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
      const to = buffer.subarray(0, bytesRead).indexOf("\n");
      if (to >= 0) return buffer.toString("utf8", 0, to);
      if (bytesRead < length) return undefined;
    }
  } finally {
    await handle.close();
  }
}

/** The last whole line of a file, read from its end. */
async function lastLine(file: string): Promise<string | undefined> {
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    const { size } = await handle.stat();
    for (let length = Math.min(CHUNK, size); ; length = Math.min(2 * length, size)) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
      const tail = buffer.subarray(0, bytesRead);
      const to = tail.lastIndexOf("\n");
      const from = to < 1 ? -1 : tail.lastIndexOf("\n", to - 1);
      if (to >= 0 && (from >= 0 || length === size)) return tail.toString("utf8", from + 1, to);
      if (length === size) return undefined;
    }
  } finally {
    await handle.close();
  }
}

/**
 * The events; what follows the last newline is a line that was being written, and is left out. The file is split as
 * bytes, since all of them together may be more than one string can hold.
 */
async function readEvents(file: string): Promise<RunEvent[]> {
  const bytes = await ifThere(readBytes(file));
  if (!bytes) return [];
  const events: RunEvent[] = [];
  let paused = performance.now();
  for (let from = 0, to; (to = bytes.indexOf("\n", from)) >= 0; from = to + 1) {
    // Many thousand lines take a while, and other work of the process is to go on meanwhile.
    if (performance.now() - paused > LONGEST_STRETCH_MS) {
      await yieldToEventLoop();
      paused = performance.now();
    }
    events.push(parseJson(bytes.toString("utf8", from, to), `Line ${events.length + 1} of ${file}`) as RunEvent);
  }
  return events;
}

const readJson = async (file: string): Promise<unknown> => parseJson((await readBytes(file)).toString("utf8"), file);

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

const unreadable = (file: string, error: unknown): LabError =>
  new LabError("storage", `${file} cannot be read: ${messageOf(error)}.`, { cause: error });

/** Undefined for a file that is not there: a writer that was killed early has not made it. */
async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof LabError && errorCode(error.cause) === "ENOENT") return undefined;
    throw error;
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new LabError("storage", `${what} is not JSON: the record is damaged.`, { cause: error });
  }
}
