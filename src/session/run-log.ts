// What the log tells of the runs: how they begin and end as information, what they are busy with for those who look for a
// mistake, and each iteration for those who trace one.

import { subjectOf } from "../describe/spec-subject.ts";
import type { RunEvent } from "../experiments/events.ts";
import type { RunInfo } from "./panel-messages.ts";
import { shorten } from "../describe/short-text.ts";

/** As VS Code's LogOutputChannel. */
export type Log = Readonly<Record<"trace" | "debug" | "info" | "error", (message: string) => void>>;

export class RunLog {
  readonly #log: Log;
  /** Of each run what was told last, so that nothing is told twice. */
  readonly #told = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  tell(run: RunInfo, events: readonly RunEvent[]): void {
    for (const event of events) this.#tellEvent(run, event);
    const { kind } = run.phase;
    const doing = `${kind} ${run.phase.kind === "preparing" ? run.phase.progress?.stage : ""}`;
    if (doing === this.#told.get(run.id)) return;
    this.#told.set(run.id, doing);
    this.#tellPhase(run);
  }

  #tellEvent({ id }: RunInfo, event: RunEvent): void {
    if (event.type === "step") {
      const { restart, iteration, outputDistance, text } = event;
      const place = `run ${id}, restart ${restart + 1}, iteration ${iteration}`;
      this.#log.trace(`${place}: output distance ${outputDistance}, ${JSON.stringify(text)}`);
    } else if (event.type === "start") {
      this.#log.debug(`run ${id} is on ${event.device}: ${JSON.stringify(event.spec)}`);
    }
  }

  #tellPhase({ id, phase, spec, folder, elapsedMs }: RunInfo): void {
    switch (phase.kind) {
      case "preparing":
        this.#log.debug(`run ${id}: ${phase.progress?.stage ?? "asked for"}`);
        return;
      case "running":
        this.#log.info(
          `run ${id} runs: ${spec.method} of "${shorten(subjectOf(spec), 40)}" through ${spec.checkpoint}`,
        );
        return;
      case "completed":
      case "cancelled":
        this.#log.info(`run ${id} is ${phase.kind} after ${elapsedMs ?? 0} ms; its record is ${folder ?? "not there"}`);
        return;
      case "failed":
        this.#log.error(`run ${id} failed: ${phase.error.message}`);
        return;
      case "waiting":
      case "pausing":
      case "paused":
      case "stopping":
      case "external":
      case "interrupted":
        this.#log.debug(`run ${id} is ${phase.kind}`);
    }
  }
}
