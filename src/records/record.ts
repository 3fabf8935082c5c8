// A run's record: a folder with what was asked (spec.json), what happened, line by line as it happened (events.jsonl),
// what was found as numbers (embeddings.safetensors), and what came of it (summary.json, written last). Whatever kills the writer, all lines written so far stay readable.

import { subjectOf } from "../describe/spec-subject.ts";
import { randomBytes } from "node:crypto";
import { type FileHandle, lstat, mkdir, open, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { errorCode, flushFolder, storageError, writeAtomically, writeFully, writeWhole } from "../common/files.ts";
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

/** Events are flushed so long after the first that was not, in milliseconds: a power cut takes no more than two seconds. */
const FLUSH_MS = 1500;

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
  /** The text of its spec.json. */
  readonly #head: string;
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

  /** What spec.json looked like when it was last found to be the record's own. */
  #headState = "";
  /** Why nothing is written any more: the record is no longer there. */
  #lost: LabError | undefined;
  #flush: NodeJS.Timeout | undefined;
  #unflushed: LabError | undefined;

  private constructor(folder: string, events: FileHandle, head: string, startedAt: Date, now: () => Date) {
    this.#head = head;
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
    const folder = await makeRunFolder(runsFolder, startedAt, subjectOf(spec));
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
    const text = `${JSON.stringify(head, null, 2)}\n`;
    const file = path.join(folder, EVENTS_FILE);
    try {
      for (const name of [SPEC_FILE, SUMMARY_FILE, EMBEDDINGS_FILE]) {
        if (await isThere(path.join(folder, name))) throw holdsRun(folder, name);
      }
      // Of two writers that were given the same folder, one makes the file and the other is told.
      const events = await open(file, "ax");
      try {
        await writeWhole(path.join(folder, SPEC_FILE), text, { makesFolder: false });
        await flushFolder(path.dirname(folder));
      } catch (error) {
        await events.close();
        await rm(file, { force: true }).catch(() => undefined);
        throw error;
      }
      return new RunRecord(folder, events, text, startedAt, now);
    } catch (error) {
      if (errorCode(error) === "EEXIST") throw holdsRun(folder, EVENTS_FILE);
      throw storageError(error, folder);
    }
  }

  /**
   * Adds one line. Throws a LabError (storage) once the folder takes no more or the record was taken away, then and ever
   * after: a record ends early but has no gaps. The run itself can go on.
   */
  append(event: RunEvent): Promise<void> {
    const line = Buffer.from(jsonLine(event));
    return this.#inTurn(async () => {
      if (this.#failure) throw this.#failure;
      await this.#checkOwn();
      try {
        await writeFully(this.#events, line);
      } catch (error) {
        this.#failure = storageError(error, this.folder);
        // The disk may have taken the beginning of the line.
        await this.#events.truncate(this.#length).catch(() => undefined);
        throw this.#failure;
      }
      this.#length += line.length;
      this.#flushSoon();
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
      clearTimeout(this.#flush);
      // A summary says that the events are there, also after a power cut.
      const unclosed = await this.#closeEvents();
      await this.#checkOwn();
      const unwritten = (await this.#writeEmbeddings()) ?? unclosed;
      const trouble = error ?? (unwritten && errorData(unwritten));
      const summary: RunSummary = {
        status: this.#end?.status ?? statusOf(error),
        startedAt: this.#startedAt.toISOString(),
        endedAt: endedAt.toISOString(),
        elapsedMs: this.#end?.elapsedMs ?? endedAt.getTime() - this.#startedAt.getTime() - pausedMs,
        ...(this.#end && { best: this.#end.best }),
        ...(trouble && { error: trouble }),
      };
      const write = async (handle: FileHandle): Promise<void> => {
        await writeFully(handle, Buffer.from(`${JSON.stringify(summary, null, 2)}\n`));
        await this.#checkOwn();
      };
      await writeAtomically(path.join(this.folder, SUMMARY_FILE), write, { makesFolder: false });
      if (unwritten) throw unwritten;
    });
  }

  /** Throws a LabError (storage), then and ever after, when the folder is gone or holds another record. */
  async #checkOwn(): Promise<void> {
    if (this.#lost) throw this.#lost;
    const file = path.join(this.folder, SPEC_FILE);
    const state = await stat(file).then(
      ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
      () => "",
    );
    if (state !== "" && state === this.#headState) return;
    const head = await readFile(file, "utf8").catch((error: unknown) => {
      if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return undefined;
      throw storageError(error, this.folder);
    });
    if (head !== this.#head) {
      this.#lost = new LabError(
        "storage",
        `${this.folder} no longer holds the record of this run, which was deleted or replaced: nothing more is written.`,
      );
      throw this.#lost;
    }
    this.#headState = state;
  }

  #flushSoon(): void {
    this.#flush ??= setTimeout(() => {
      this.#flush = undefined;
      void this.#inTurn(() => this.#events.datasync()).catch((error: unknown) => {
        this.#unflushed = this.#failure ??= storageError(error, this.folder);
      });
    }, FLUSH_MS).unref();
  }

  async #closeEvents(): Promise<LabError | undefined> {
    try {
      await this.#events.datasync().finally(() => this.#events.close());
      return this.#unflushed;
    } catch (error) {
      return this.#unflushed ?? storageError(error, this.folder);
    }
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

const holdsRun = (folder: string, name: string): LabError =>
  new LabError("storage", `${folder} already holds a run, or a part of one (${name}): name a folder that does not.`);

const isThere = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    () => false,
  );

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
