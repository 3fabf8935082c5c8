// A run's record: a folder with what was asked (spec.json), what happened, line by line as it happened (events.jsonl),
// what was found as numbers (embeddings.safetensors), and what came of it (summary.json, written last). Whatever kills the writer, all lines written so far stay readable.

import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import path from "node:path";
import { errorCode, storageError, writeFully, writeNew, writeWhole } from "../common/files.ts";
import { errorData, LabError, type LabErrorData } from "../common/errors.ts";
import { makeFolder } from "../common/folders.ts";
import { jsonLine } from "../common/json-lines.ts";
import type { RunEmbeddings } from "../experiments/run-embeddings.ts";
import type { EndEvent, RunEvent, StartEvent } from "../experiments/events.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { writeEmbeddings } from "./record-embeddings.ts";
import {
  EMBEDDINGS_FILE,
  EVENTS_FILE,
  type RecordHead,
  RECORD_FORMAT,
  SPEC_FILE,
  SUMMARY_FILE,
  type RunSummary,
} from "./record-files.ts";
import { thisWriter } from "./record-writer.ts";

export interface RecordOptions {
  /** When the run began; the present by default. */
  readonly now?: () => Date;
}

/** A record that is being written. */
export class RunRecord {
  /** Name of the folder: sorts by time, and tells the prompt. */
  readonly id: string;
  readonly folder: string;
  readonly #events: FileHandle;
  readonly #startedAt: Date;
  readonly #now: () => Date;
  /** Bytes of events.jsonl that are whole lines. */
  #length = 0;
  #start: StartEvent | undefined;
  #end: EndEvent | undefined;
  #embeddings: RunEmbeddings | undefined;
  #failure: LabError | undefined;
  /** The write before: lines are written one after the other, in the order of the calls. */
  #last: Promise<void> = Promise.resolve();

  private constructor(folder: string, events: FileHandle, startedAt: Date, now: () => Date) {
    this.id = path.basename(folder);
    this.folder = folder;
    this.#events = events;
    this.#startedAt = startedAt;
    this.#now = now;
  }

  /** Begins a record in a new folder of its own in `runsFolder`. Throws a LabError (storage). */
  static async create(runsFolder: string, spec: ExperimentSpec, options: RecordOptions = {}): Promise<RunRecord> {
    const now = options.now ?? (() => new Date());
    const startedAt = now();
    const folder = await makeRunFolder(runsFolder, startedAt, spec.prompt);
    return RunRecord.#begin(folder, spec, startedAt, now);
  }

  /** Begins a record in exactly this folder, made if need be. Throws a LabError (storage), also if it holds a record. */
  static async createIn(folder: string, spec: ExperimentSpec, options: RecordOptions = {}): Promise<RunRecord> {
    const now = options.now ?? (() => new Date());
    const absolute = path.resolve(folder);
    try {
      await makeFolder(absolute);
    } catch (error) {
      throw storageError(error, absolute);
    }
    return RunRecord.#begin(absolute, spec, now(), now);
  }

  static async #begin(folder: string, spec: ExperimentSpec, startedAt: Date, now: () => Date): Promise<RunRecord> {
    const head: RecordHead = {
      format: RECORD_FORMAT,
      createdAt: startedAt.toISOString(),
      writer: thisWriter(),
      spec,
    };
    try {
      // Of two writers that were given the same folder, one makes spec.json and the other is told.
      await writeNew(path.join(folder, SPEC_FILE), `${JSON.stringify(head, null, 2)}\n`);
      return new RunRecord(folder, await open(path.join(folder, EVENTS_FILE), "ax"), startedAt, now);
    } catch (error) {
      if (errorCode(error) === "EEXIST") {
        throw new LabError("storage", `${folder} already holds a run: name a folder that does not.`, { cause: error });
      }
      throw storageError(error, folder);
    }
  }

  /**
   * Adds one line. Throws a LabError (storage) once the folder takes no more, then and ever after: a record ends early
   * but has no gaps. The run itself can go on.
   */
  append(event: RunEvent): Promise<void> {
    const line = Buffer.from(jsonLine(event));
    return this.#inTurn(async () => {
      if (this.#failure) throw this.#failure;
      try {
        await writeFully(this.#events, line);
      } catch (error) {
        this.#failure = storageError(error, this.folder);
        // The disk may have taken the beginning of the line.
        await this.#events.truncate(this.#length).catch(() => undefined);
        throw this.#failure;
      }
      this.#length += line.length;
      if (event.type === "start") this.#start = event;
      if (event.type === "end") this.#end = event;
    });
  }

  /** Takes what the run has found, to be written at its end. */
  keep(embeddings: RunEmbeddings): void {
    this.#embeddings = embeddings;
  }

  /**
   * Closes the record and writes its summary: as the run's end event says or, when the run threw, with that error. A
   * record that ends with neither was interrupted. `pausedMs` is time that is not the run's. Throws a LabError (storage)
   * where the embeddings or the summary cannot be written; a summary that can be says so.
   */
  end(error?: LabErrorData, pausedMs = 0): Promise<void> {
    return this.#inTurn(async () => {
      const endedAt = this.#now();
      const unwritten = await this.#writeEmbeddings();
      const trouble = error ?? (unwritten && errorData(unwritten));
      const summary: RunSummary = {
        status: this.#end?.status ?? statusOf(error),
        startedAt: this.#startedAt.toISOString(),
        endedAt: endedAt.toISOString(),
        elapsedMs: this.#end?.elapsedMs ?? endedAt.getTime() - this.#startedAt.getTime() - pausedMs,
        ...(this.#end && { best: this.#end.best }),
        ...(trouble && { error: trouble }),
      };
      // A summary says that the events are there, also after a power cut.
      await this.#events.datasync();
      await this.#events.close();
      await writeWhole(path.join(this.folder, SUMMARY_FILE), `${JSON.stringify(summary, null, 2)}\n`);
      if (unwritten) throw unwritten;
    });
  }

  /** Those of a run whose events are all there. Resolves to why that could not be. */
  async #writeEmbeddings(): Promise<LabError | undefined> {
    if (!this.#embeddings || !this.#start || !this.#end) return undefined;
    const tokens = {
      target: this.#start.target.tokenIds,
      best: this.#end.restarts.map(({ tokenIds }) => tokenIds),
    };
    try {
      await writeEmbeddings(path.join(this.folder, EMBEDDINGS_FILE), this.#embeddings, tokens);
      return undefined;
    } catch (error) {
      return storageError(error, this.folder);
    }
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const done = this.#last.then(write);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function statusOf(error: LabErrorData | undefined): RunSummary["status"] {
  if (!error) return "interrupted";
  return error.kind === "cancelled" ? "cancelled" : "failed";
}

/** Makes a folder that nobody else has: `2026-11-24T02-45-31Z-the-sky-is-blue-3f9a`. */
async function makeRunFolder(runsFolder: string, startedAt: Date, prompt: string): Promise<string> {
  const time = startedAt.toISOString().replace(/\.\d+/, "").replaceAll(":", "-");
  try {
    await makeFolder(runsFolder);
    for (;;) {
      const folder = path.join(runsFolder, `${time}-${slug(prompt)}-${randomBytes(2).toString("hex")}`);
      // Only one process makes a folder; the others get EEXIST and draw again.
      if (await madeHere(folder)) return folder;
    }
  } catch (error) {
    throw storageError(error, runsFolder);
  }
}

async function madeHere(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Letters and digits of the prompt, at most 24, for a folder's name on any file system. */
export function slug(prompt: string): string {
  const words =
    prompt
      .normalize("NFC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return Array.from(words.join("-")).slice(0, 24).join("").replace(/-$/, "") || "text";
}
