// Filling files with random weights: cut into pieces that know nothing of each other, made by as many threads as there
// are processors.

import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { LabError, throwIfCancelled } from "../../common/errors.ts";
import { yieldToEventLoop } from "../../common/event-loop.ts";
import { randomStream, type RandomStream } from "../../common/random.ts";
import { errorCode, writeFullySync } from "../../common/files.ts";

export type Distribution =
  | { readonly kind: "normal"; readonly mean: number; readonly std: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number };

/** A stretch of a tensor: elements from…from+count−1 of stream (seed, stream), in float32. */
export interface Piece {
  readonly file: string;
  readonly byteOffset: number;
  readonly seed: number;
  readonly stream: string;
  readonly from: number;
  readonly count: number;
  readonly distribution: Distribution;
}

/** What a worker answers to a piece. An error's code would not survive as an Error. */
export type PieceResult =
  { readonly count: number; readonly sha256: string } | { readonly message: string; readonly code?: string };

/** Numbers in a piece: some tens of milliseconds of work. */
export const PIECE = 1 << 20;
/** Numbers made between two writes: half a megabyte, so that they are still in the second cache when written. */
const STRIDE = 1 << 17;
/** More threads than this only wait for the disk. */
const MOST_WORKERS = 8;

/** Writes a piece into its file, which must exist; gives the SHA-256 of what it is to hold. */
export function writePiece({ file, byteOffset, seed, stream, from, count, distribution }: Piece): string {
  const numbers = randomStream(seed, stream);
  const buffer = new Float32Array(Math.min(STRIDE, count));
  const hash = createHash("sha256");
  const descriptor = openSync(file, "r+");
  try {
    for (let done = 0; done < count; done += buffer.length) {
      const part = buffer.subarray(0, Math.min(buffer.length, count - done));
      fill(numbers, part, distribution, from + done);
      const bytes = new Uint8Array(part.buffer, 0, part.byteLength);
      hash.update(bytes);
      writeFullySync(descriptor, bytes, byteOffset + 4 * done);
    }
    return hash.digest("hex");
  } finally {
    closeSync(descriptor);
  }
}

function fill(numbers: RandomStream, part: Float32Array, distribution: Distribution, from: number): void {
  if (distribution.kind === "normal") numbers.fillNormal(part, distribution.mean, distribution.std, from);
  else numbers.fillUniform(part, distribution.low, distribution.high, from);
}

/** Threads that write pieces. */
export interface WeightsWriter {
  /** Resolves to the SHA-256 of each piece when all are written; rejects when one fails, or the signal aborts. */
  write(pieces: readonly Piece[]): Promise<string[]>;
  /** Ends the threads; what they were writing is left as it is. */
  close(): Promise<void>;
}

export interface WeightsWriterOptions {
  /** Where the bundled `weights-worker.ts` lies; without it the calling thread does the work. */
  readonly workerPath?: string;
  /** Processors that may be used. */
  readonly parallelism: number;
  readonly signal?: AbortSignal;
  /** Told the numbers written since the last call. */
  readonly onWritten: (count: number) => void;
}

export function weightsWriter(options: WeightsWriterOptions): WeightsWriter {
  return options.workerPath === undefined
    ? writerInThisThread(options)
    : writerInThreads(options.workerPath, Math.min(options.parallelism, MOST_WORKERS), options);
}

function writerInThisThread({ signal, onWritten }: WeightsWriterOptions): WeightsWriter {
  return {
    async write(pieces) {
      const digests: string[] = [];
      for (const piece of pieces) {
        throwIfCancelled(signal);
        digests.push(writePiece(piece));
        onWritten(piece.count);
        // Lets messages in, a cancellation among them.
        await yieldToEventLoop();
      }
      return digests;
    },
    async close() {},
  };
}

function writerInThreads(
  workerPath: string,
  threads: number,
  { signal, onWritten }: WeightsWriterOptions,
): WeightsWriter {
  interface Task {
    readonly piece: Piece;
    resolve(sha256: string): void;
    reject(error: Error): void;
  }
  const waiting: Task[] = [];
  const busy = new Map<Worker, Task>();
  const idle: Worker[] = [];
  const workers: Worker[] = [];
  let failure: Error | undefined;

  const failAll = (error: Error): void => {
    failure = error;
    for (const task of [...busy.values(), ...waiting.splice(0)]) task.reject(error);
  };
  const onAbort = (): void => failAll(new LabError("cancelled", "The run was stopped."));
  signal?.addEventListener("abort", onAbort);

  const start = (): Worker => {
    const worker = new Worker(workerPath, { execArgv: [] });
    worker.on("message", (result: PieceResult) => {
      const task = busy.get(worker);
      busy.delete(worker);
      idle.push(worker);
      if ("count" in result) {
        onWritten(result.count);
        task?.resolve(result.sha256);
      } else task?.reject(Object.assign(new Error(result.message), { code: result.code }));
      next();
    });
    worker.on("error", failAll);
    workers.push(worker);
    return worker;
  };
  const next = (): void => {
    while (waiting.length > 0) {
      const worker = idle.pop() ?? (workers.length < threads ? start() : undefined);
      if (worker === undefined) return;
      const task = waiting.shift() as Task;
      busy.set(worker, task);
      worker.postMessage(task.piece);
    }
  };
  return {
    async write(pieces) {
      throwIfCancelled(signal);
      if (failure) throw failure;
      const tasks = pieces.map(
        (piece) => new Promise<string>((resolve, reject) => waiting.push({ piece, resolve, reject })),
      );
      next();
      return Promise.all(tasks);
    },
    async close() {
      signal?.removeEventListener("abort", onAbort);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** What the worker does with each message. */
export function answerPiece(piece: Piece): PieceResult {
  try {
    return { count: piece.count, sha256: writePiece(piece) };
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error), code: errorCode(error) };
  }
}
