// The client of the engine process, for the terminal and for VS Code: forks it when it is first needed, hands out the
// events of each run as they come, and turns whatever becomes of the process into one sentence.

import { type ChildProcess, fork } from "node:child_process";
import readline from "node:readline";
import type { Readable } from "node:stream";
import { LabError, messageOf, throwIfCancelled } from "../common/errors.ts";
import { nodeProcess } from "../common/node-process.ts";
import type { OnProgress } from "../common/progress.ts";
import type { RunEvent } from "../experiments/events.ts";
import type { RunOptions } from "../experiments/run-experiment.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { EmbeddingsPieces } from "./embeddings-pieces.ts";
import type { EmbeddingsPiece, FromEngine, HubTokenMessage, ToEngine } from "./messages.ts";
import { describeEnd } from "./process-end.ts";

export interface EngineOptions {
  /** The engine's program, `dist/engine.cjs`. */
  readonly modulePath: string;
  readonly cacheFolder: string;
  /** The person's token for the Hugging Face hub: sent in a message, since other programs inherit an environment. */
  readonly hubToken?: string;
  readonly onLog?: (line: string) => void;
  readonly fork?: typeof fork;
  /** How long a cancelled run may take to end before the process is ended instead; 5 s by default. */
  readonly cancelTimeoutMs?: number;
}

export class EngineClient {
  readonly #options: EngineOptions;
  #engine: EngineProcess | undefined;
  #disposed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Forks the process now, so that it loads while the caller still prepares its run. */
  start(): void {
    this.#running();
  }

  /**
   * The events of one run; runs are carried out one at a time. Aborting makes the run end with an "end" event of status
   * "cancelled". Giving up the iterator cancels the run as well.
   *
   * Throws LabErrors: those of the run; "cancelled" when there was nothing to end with; "engine" when the process ended
   * before the run did. The events that came before are delivered first. The next run starts a new process.
   */
  async *run(spec: ExperimentSpec, options: RunOptions = {}): AsyncGenerator<RunEvent, void, void> {
    const { signal, pause } = options;
    throwIfCancelled(signal);
    const engine = this.#running();
    const run = engine.begin(spec, options);
    const cancel = () => engine.cancel(run);
    signal?.addEventListener("abort", cancel);
    const unsubscribe = pause?.onChange((isOn) => engine.pause(run, isOn));
    if (pause?.isOn) engine.pause(run, true);
    try {
      for (let event; (event = await run.next());) {
        engine.taken(run);
        yield event;
      }
    } finally {
      signal?.removeEventListener("abort", cancel);
      unsubscribe?.();
      cancel();
    }
  }

  /** Ends the process, at once and even when it hangs; runs that go on throw. Resolves when it is gone. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#engine?.close();
  }

  #running(): EngineProcess {
    if (this.#disposed) throw new LabError("engine", "The engine was shut down.");
    if (!this.#engine?.isOpen) this.#engine = new EngineProcess(this.#options);
    return this.#engine;
  }
}

class PendingRun {
  readonly id: string;
  readonly onProgress: OnProgress | undefined;
  readonly onPaused: (() => void) | undefined;
  readonly #onEmbeddings: RunOptions["onEmbeddings"];
  readonly #pieces = new EmbeddingsPieces();
  readonly #events: RunEvent[] = [];
  #settled = false;
  #error: LabError | undefined;
  #wake: (() => void) | undefined;

  constructor(id: string, { onProgress, onPaused, onEmbeddings }: RunOptions) {
    this.id = id;
    this.onProgress = onProgress;
    this.onPaused = onPaused;
    this.#onEmbeddings = onEmbeddings;
  }

  add(piece: EmbeddingsPiece): void {
    const whole = this.#pieces.add(piece);
    if (whole) this.#onEmbeddings?.(whole);
  }

  push(event: RunEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  /** Nothing more will come; the reader gets what is there, then the error. */
  settle(error?: LabError): void {
    this.#settled = true;
    this.#error = error;
    this.#wake?.();
  }

  /** The next event, or undefined after the last. */
  async next(): Promise<RunEvent | undefined> {
    while (this.#events.length === 0) {
      if (this.#error) throw this.#error;
      if (this.#settled) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#events.shift();
  }
}

/** Lines with which Node, V8 and C++ take their leave. */
const COMPLAINT = /^\w*Error\b|FATAL ERROR|terminate called|what\(\)|out of memory/;

class EngineProcess {
  readonly #child: ChildProcess;
  readonly #cancelTimeoutMs: number;
  /** Runs that are not settled, in the order the engine takes them: only the first can be going on. */
  readonly #runs = new Map<string, PendingRun>();
  readonly #ended: Promise<void>;
  #runCount = 0;
  #open = true;
  #ready = false;
  #complaint: string | undefined;
  #cancelTimer: NodeJS.Timeout | undefined;

  constructor(options: EngineOptions) {
    const { modulePath, cacheFolder, hubToken, onLog, fork: forkProcess = fork, cancelTimeoutMs = 5000 } = options;
    this.#cancelTimeoutMs = cancelTimeoutMs;
    this.#child = forkProcess(modulePath, [cacheFolder], {
      ...nodeProcess(),
      // What is shown live is then what the record and `--json` hold, and for events of this size it is the faster one.
      serialization: "json",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child.on("message", (message) => this.#receive(message as FromEngine));
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      eachLine(output, (line) => {
        if (COMPLAINT.test(line)) this.#complaint = line.trim();
        onLog?.(line);
      });
    }
    if (hubToken !== undefined) this.#send({ type: "hubToken", token: hubToken });
    // "close" comes after the last message and the last line, unlike "exit".
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        if (this.#open && this.#runs.size > 0) void forgetDevice(cacheFolder);
        this.#end(
          new LabError("engine", describeEnd({ code, signal, ready: this.#ready, complaint: this.#complaint })),
        );
        resolve();
      });
      this.#child.on("error", (error) => {
        this.#end(new LabError("engine", `The engine process could not be started: ${messageOf(error)}.`));
        resolve();
      });
    });
  }

  /** False as soon as it is certain that no further run can go through. */
  get isOpen(): boolean {
    return this.#open && this.#child.connected;
  }

  begin(spec: ExperimentSpec, options: RunOptions): PendingRun {
    const run = new PendingRun(String(this.#runCount++), options);
    this.#runs.set(run.id, run);
    this.#send({ type: "run", runId: run.id, spec, embeddings: options.onEmbeddings !== undefined });
    return run;
  }

  taken(run: PendingRun): void {
    if (this.#runs.has(run.id)) this.#send({ type: "taken", runId: run.id });
  }

  pause(run: PendingRun, isOn: boolean): void {
    if (this.#runs.has(run.id)) this.#send({ type: isOn ? "pause" : "resume", runId: run.id });
  }

  /** Asks the engine to end the run; does nothing to one that is settled. */
  cancel(run: PendingRun): void {
    if (!this.#runs.has(run.id)) return;
    this.#send({ type: "cancel", runId: run.id });
    const [current] = this.#runs.values();
    if (run !== current) return this.#settle(run, new LabError("cancelled", "The run was stopped before it began."));
    this.#cancelTimer ??= setTimeout(() => this.#giveUpOn(run), this.#cancelTimeoutMs);
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#end(new LabError("engine", "The engine was shut down while the run was going on."));
    // Nothing of it needs an orderly end: its files are whole or not there.
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #giveUpOn(run: PendingRun): void {
    const waited = `did not answer for ${this.#cancelTimeoutMs / 1000} s after it was stopped, so its process was ended`;
    this.#settle(run, new LabError("cancelled", `The run ${waited}.`));
    this.#end(new LabError("engine", `The run before ${waited}; start this one again.`));
    this.#child.kill("SIGKILL");
  }

  #send(message: ToEngine | HubTokenMessage): void {
    // One that could not be started has no channel: "error" is about to tell.
    if (!this.#child.connected) return;
    // With a callback, a process that has just gone throws nothing here: "close" is about to tell.
    this.#child.send(message, () => undefined);
  }

  #receive(message: FromEngine): void {
    if (message.type === "ready") {
      this.#ready = true;
      return;
    }
    const run = this.#runs.get(message.runId);
    if (!run) return; // It was settled here already.
    switch (message.type) {
      case "progress":
        return run.onProgress?.(message.progress);
      case "paused":
        return run.onPaused?.();
      case "embeddings":
        return run.add(message.piece);
      case "event":
        run.push(message.event);
        if (message.event.type === "end") this.#settle(run);
        return;
      case "failed":
        // A graphics driver that has failed once is of no use to the process any more; the next run gets a new one.
        if (message.error.kind === "device") this.#open = false;
        this.#settle(run, new LabError(message.error.kind, message.error.message));
        if (!this.#open && this.#runs.size === 0) this.#child.kill("SIGKILL");
    }
  }

  #settle(run: PendingRun, error?: LabError): void {
    const [current] = this.#runs.values();
    if (run === current) {
      clearTimeout(this.#cancelTimer);
      this.#cancelTimer = undefined;
    }
    this.#runs.delete(run.id);
    run.settle(error);
  }

  #end(error: LabError): void {
    this.#open = false;
    for (const run of this.#runs.values()) this.#settle(run, error);
  }
}

/** A driver may have taken the process along: `auto` is not to choose its device again without a trial. */
async function forgetDevice(cacheFolder: string): Promise<void> {
  const { forgetAutomaticDevice } = await import("../runtime/devices/device-choice.ts");
  await forgetAutomaticDevice(cacheFolder);
}

function eachLine(output: Readable | null, onLine: (line: string) => void): void {
  if (output) readline.createInterface({ input: output }).on("line", onLine);
}
