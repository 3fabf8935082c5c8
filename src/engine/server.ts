// The engine's side of the channel: runs are carried out one at a time in the order they were asked for, and every one
// of them is answered by an "end" event or by one "failed" message.

import { setImmediate as otherEvents } from "node:timers/promises";
import { errorData, LabError } from "../common/errors.ts";
import type { OnProgress } from "../common/progress.ts";
import type { RunEvent } from "../experiments/events.ts";
import { type ExperimentSpec, parseSpec } from "../experiments/spec.ts";
import type { FromEngine, ToEngine } from "./messages.ts";

/** How many events a run may be ahead of its reader before it waits; some of them hold a few hundred kilobytes. */
const EVENTS_AHEAD = 256;

/** What an experiment is carried out with. */
export interface ExperimentOptions {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/** Carries out experiments: spec in, events out. Throws LabErrors. */
export interface Experimenter {
  run(spec: ExperimentSpec, options: ExperimentOptions): AsyncIterable<RunEvent>;
}

/** The channel to the client, as a forked process has it. */
export interface Channel {
  onMessage(listener: (message: unknown) => void): void;
  send(message: FromEngine): void;
}

/**
 * Serves runs until the process ends. `open` is called once, and its failure answers every run. Messages that make no
 * sense are reported to `log` and otherwise ignored, as are defects that are not LabErrors.
 */
export function serve(channel: Channel, open: () => Promise<Experimenter>, log: (problem: unknown) => void): void {
  const runs = new Map<string, ServedRun>();
  const experimenter = open();
  experimenter.catch(() => undefined); // Every run that needs it reports the failure.
  let last: Promise<void> = Promise.resolve();

  channel.onMessage((message) => {
    if (!isToEngine(message)) return log(`A message that is none of the engine's: ${JSON.stringify(message)}`);
    const run = runs.get(message.runId);
    switch (message.type) {
      case "run":
        if (run) return log(`A second run of the name ${message.runId}.`);
        return accept(new ServedRun(message.runId, message.spec));
      case "cancel":
        // A run that is not known has ended while the message was on its way.
        if (run) cancel(run);
        return;
      case "taken":
        run?.taken();
    }
  });
  channel.send({ type: "ready" });

  function accept(run: ServedRun): void {
    if (runs.size > 0) {
      channel.send({ type: "progress", runId: run.id, progress: { stage: "Waiting for the run before" } });
    }
    runs.set(run.id, run);
    last = last.then(() => perform(run));
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
    try {
      const events = (await experimenter).run(parseSpec(run.spec), { signal, onProgress });
      let ended = false;
      for await (const event of events) {
        channel.send({ type: "event", runId, event });
        ended = event.type === "end";
        if (!ended) await run.roomForMore();
        await otherEvents(); // Messages are read here, even when the experiment never waits for anything.
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

class ServedRun {
  readonly id: string;
  readonly spec: unknown;
  begun = false;
  readonly #cancellation = new AbortController();
  #ahead = 0;
  #roomMade: (() => void) | undefined;

  constructor(id: string, spec: unknown) {
    this.id = id;
    this.spec = spec;
  }

  get signal(): AbortSignal {
    return this.#cancellation.signal;
  }

  cancel(): void {
    this.#cancellation.abort();
    this.#roomMade?.();
  }

  taken(): void {
    this.#ahead--;
    this.#roomMade?.();
  }

  /** Counts an event that was sent and waits until the reader has caught up; a cancelled run waits for nobody. */
  async roomForMore(): Promise<void> {
    this.#ahead++;
    while (this.#ahead >= EVENTS_AHEAD && !this.signal.aborted) {
      await new Promise<void>((resolve) => (this.#roomMade = resolve));
    }
  }
}

/** The spec of a run is checked when its turn comes. */
function isToEngine(message: unknown): message is ToEngine {
  if (typeof message !== "object" || message === null || !("type" in message)) return false;
  if (!("runId" in message) || typeof message.runId !== "string") return false;
  return message.type === "cancel" || message.type === "taken" || (message.type === "run" && "spec" in message);
}
