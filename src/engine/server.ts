// The engine's side of the channel: runs are carried out one at a time in the order they were asked for, and every one
// of them is answered by an "end" event or by one "failed" message.

import { setTimeout } from "node:timers/promises";
import { yieldToEventLoop } from "../common/event-loop.ts";
import { errorData, LabError } from "../common/errors.ts";
import type { OnProgress } from "../common/progress.ts";
import type { RunEmbeddings } from "../experiments/run-embeddings.ts";
import type { RunEvent } from "../experiments/events.ts";
import { notFiniteIn } from "../experiments/finite.ts";
import { type ExperimentSpec, parseSpec } from "../experiments/spec.ts";
import { piecesOf } from "./embeddings-pieces.ts";
import type { FromEngine, ToEngine } from "./messages.ts";

/** How many events a run may be ahead of its reader before it waits; some of them hold a few hundred kilobytes. */
const EVENTS_AHEAD = 256;

/** Without a run for so long the engine is idle. */
const IDLE_MS = 2000;

export interface ExperimentOptions {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Milliseconds from any start; stands still while the run does. */
  readonly now: () => number;
  readonly onEmbeddings?: (embeddings: RunEmbeddings) => void;
}

/** Carries out experiments: spec in, events out. Throws LabErrors. */
export interface Experimenter {
  run(spec: ExperimentSpec, options: ExperimentOptions): AsyncIterable<RunEvent>;
  /** What can be made ready for later runs while there is none; ends early when the signal is aborted. */
  whileIdle?(signal: AbortSignal): Promise<void>;
}

interface Channel {
  onMessage(listener: (message: unknown) => void): void;
  send(message: FromEngine): void;
}

/**
 * Serves runs until the process ends. `open` is called once, and its failure answers every run. Messages that make no
 * sense are reported to `log` and otherwise ignored, as are defects that are not LabErrors. `now` is a clock in
 * milliseconds.
 */
export function serve(
  channel: Channel,
  open: () => Promise<Experimenter>,
  log: (problem: unknown) => void,
  now: () => number,
): void {
  const runs = new Map<string, ServedRun>();
  const experimenter = open();
  experimenter.catch(() => undefined); // Every run that needs it reports the failure.
  let last: Promise<void> = Promise.resolve();
  let idling = new AbortController();

  channel.onMessage((message) => {
    if (!isToEngine(message)) return log(`A message that is none of the engine's: ${JSON.stringify(message)}`);
    const run = runs.get(message.runId);
    switch (message.type) {
      case "run":
        if (run) return log(`A second run of the name ${message.runId}.`);
        return accept(new ServedRun(message, now));
      case "cancel":
        // A run that is not known has ended while the message was on its way.
        if (run) cancel(run);
        return;
      case "pause":
      case "resume":
        run?.pause(message.type === "pause");
        return tellWaiting();
      case "taken":
        run?.taken();
    }
  });
  channel.send({ type: "ready" });

  function accept(run: ServedRun): void {
    runs.set(run.id, run);
    tellWaiting([run]);
    idling.abort();
    last = last.then(() => perform(run)).then(idle);
  }

  async function idle(): Promise<void> {
    if (runs.size > 0) return;
    idling = new AbortController();
    const { signal } = idling;
    try {
      // Runs often come in a row, and one that comes now would wait for what was begun.
      await setTimeout(IDLE_MS, undefined, { signal });
      await (await experimenter).whileIdle?.(signal);
    } catch (error) {
      // Nobody has asked for it, and nobody misses it.
      if (!signal.aborted) log(error);
    }
  }

  function tellWaiting(waiting: Iterable<ServedRun> = runs.values()): void {
    const [current] = runs.values();
    const stage = current?.isPaused ? "Queued behind another run, which is paused" : "Queued behind another run";
    for (const { id: runId } of waiting) {
      if (runId !== current?.id) channel.send({ type: "progress", runId, progress: { stage } });
    }
  }

  function cancel(run: ServedRun): void {
    run.cancel();
    if (!run.begun) fail(run, new LabError("cancelled", "The run was stopped before it began."));
  }

  async function perform(run: ServedRun): Promise<void> {
    if (!runs.has(run.id)) return;
    run.begun = true;
    const { id: runId, signal } = run;
    const onProgress: OnProgress = (progress) => channel.send({ type: "progress", runId, progress });
    const onPaused = () => channel.send({ type: "paused", runId });
    try {
      const onEmbeddings = (embeddings: RunEmbeddings) => {
        for (const piece of piecesOf(embeddings)) channel.send({ type: "embeddings", runId, piece });
      };
      const options = { signal, onProgress, now: () => run.now(), ...(run.embeddings && { onEmbeddings }) };
      const spec = parseSpec(run.spec);
      const events = (await experimenter).run(spec, options);
      let ended = false;
      for await (const event of events) {
        throwIfUnwritable(event);
        channel.send({ type: "event", runId, event });
        ended = event.type === "end";
        await yieldToEventLoop(); // Messages are read here, even when the experiment never waits for anything.
        if (ended) continue;
        await run.roomForMore();
        // An iteration is shown whole, with all its restarts.
        if (event.type !== "step" || event.restart === spec.restarts - 1) await run.whilePaused(onPaused);
      }
      if (!ended) throw new LabError("engine", "The run ended without a result.");
      runs.delete(runId);
    } catch (error) {
      if (!(error instanceof LabError)) log(error);
      fail(run, error);
    }
  }

  function fail(run: ServedRun, error: unknown): void {
    runs.delete(run.id);
    channel.send({ type: "failed", runId: run.id, error: errorData(error) });
  }
}

/** A number that is not finite would go out as null. Throws a LabError (badInput). */
function throwIfUnwritable(event: RunEvent): void {
  const place = notFiniteIn(event);
  if (place === undefined) return;
  throw new LabError("badInput", `The run came to a number that is not finite (${event.type}.${place}): it overflows.`);
}

class ServedRun {
  readonly id: string;
  readonly spec: unknown;
  readonly embeddings: boolean;
  begun = false;
  readonly #clock: () => number;
  readonly #cancellation = new AbortController();
  #ahead = 0;
  #toPause = false;
  /** Does whoever asked for the latest pause know that it has begun? */
  #pauseTold = false;
  /** By the clock, how long it stood still before, and since when it does. */
  #pausedMs = 0;
  #pausedSince: number | undefined;
  #wake: (() => void) | undefined;

  constructor({ runId, spec, embeddings }: Extract<ToEngine, { readonly type: "run" }>, clock: () => number) {
    this.id = runId;
    this.spec = spec;
    this.embeddings = embeddings;
    this.#clock = clock;
  }

  get isPaused(): boolean {
    return this.#toPause;
  }

  /** The clock without the pauses. */
  now(): number {
    return (this.#pausedSince ?? this.#clock()) - this.#pausedMs;
  }

  get signal(): AbortSignal {
    return this.#cancellation.signal;
  }

  cancel(): void {
    this.#cancellation.abort();
    this.#wake?.();
  }

  pause(toPause: boolean): void {
    this.#toPause = toPause;
    this.#pauseTold = false;
    this.#wake?.();
  }

  taken(): void {
    this.#ahead--;
    this.#wake?.();
  }

  /** Counts an event that was sent and waits until the reader has caught up; a cancelled run waits for nobody. */
  async roomForMore(): Promise<void> {
    this.#ahead++;
    while (this.#ahead >= EVENTS_AHEAD && !this.signal.aborted) await this.#news();
  }

  /** Stands still as long as it is to, and says so; a cancelled run does not. */
  async whilePaused(onPaused: () => void): Promise<void> {
    if (!this.#toPause || this.signal.aborted) return;
    this.#pausedSince = this.#clock();
    while (this.#toPause && !this.signal.aborted) {
      if (!this.#pauseTold) onPaused();
      this.#pauseTold = true;
      await this.#news();
    }
    this.#pausedMs += this.#clock() - this.#pausedSince;
    this.#pausedSince = undefined;
  }

  #news(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}

/** The spec of a run is checked when its turn comes. */
function isToEngine(message: unknown): message is ToEngine {
  if (typeof message !== "object" || message === null || !("type" in message)) return false;
  if (!("runId" in message) || typeof message.runId !== "string") return false;
  const { type } = message;
  return type === "run" ? "spec" in message : ["cancel", "pause", "resume", "taken"].includes(String(type));
}
