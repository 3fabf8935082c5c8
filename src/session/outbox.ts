// Changes on their way to the page, put together so that a fast run does not flood it: what comes within a short while
// goes out as one message a kind.

import type { RunEvent } from "../experiments/events.ts";
import type { RunInfo, ToPage } from "./panel-messages.ts";

/** Between two messages: what comes after a while of silence goes at once. */
const PERIOD_MS = 100;

export class Outbox {
  readonly #post: (message: ToPage) => void;
  readonly #runs = new Map<string, RunInfo>();
  readonly #events = new Map<string, RunEvent[]>();
  #timer: NodeJS.Timeout | undefined;
  #flushedAt = -PERIOD_MS;
  #isHeld = false;

  constructor(post: (message: ToPage) => void) {
    this.#post = post;
  }

  add(run: RunInfo, events: readonly RunEvent[]): void {
    this.#runs.set(run.id, run);
    if (events.length > 0) {
      const batch = this.#events.get(run.id);
      if (batch) batch.push(...events);
      else this.#events.set(run.id, [...events]);
    }
    if (this.#isHeld) return;
    const waitMs = Math.max(0, this.#flushedAt + PERIOD_MS - performance.now());
    this.#timer ??= setTimeout(() => this.#flush(), waitMs);
  }

  /** Lets changes wait until what comes before them has gone. */
  hold(): void {
    this.#isHeld = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  release(): void {
    this.#flush();
  }

  /** Forgets what waits: everything is sent anew. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isHeld = false;
    this.#runs.clear();
    this.#events.clear();
  }

  /** Events go first: a run that is over has all of them. */
  #flush(): void {
    const events = [...this.#events];
    const runs = [...this.#runs.values()];
    this.clear();
    this.#flushedAt = performance.now();
    for (const [id, batch] of events) this.#post({ type: "events", id, events: batch });
    for (const run of runs) this.#post({ type: "run", run });
  }
}
