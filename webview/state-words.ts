// How the shown run is doing, in words: in the head of the page, in the place of its result, and out loud.

import { describeTimeLeft, plural } from "../src/describe/numbers.ts";
import { exactWhen, firstExactRestart } from "../src/describe/exact-when.ts";
import {
  countsRounds,
  iterationCount,
  progressShare,
  progressWords,
  type Reached,
} from "../src/describe/run-progress.ts";
import { isOver } from "../src/describe/run-state.ts";
import type { RunInfo, RunPhase } from "../src/session/panel-messages.ts";
import { formatElapsed } from "./format.ts";
import { t } from "./l10n.ts";
import type { PageModel } from "./page-model.ts";
import { resultOf } from "./result-model.ts";
import type { RunModel } from "./run-model.ts";

type Tone = "busy" | "paused" | "good" | "neutral" | "bad";

export interface RunState {
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
  /** Share of the work done, 0…1, while it goes on; undefined when it is not known. */
  readonly share?: number;
}

/** `now` in milliseconds since 1970. */
export function stateOf({ info, steps, end }: RunModel, now: number): RunState {
  const { phase, spec, startedAt, pausedMs = 0, elapsedMs } = info;
  const last = steps[0]?.at(-1);
  const done = end?.iterations ?? last?.iteration ?? 0;
  const at: Reached = { ...last, iteration: done };
  const share = progressShare(spec, at);
  const until = phase.kind === "paused" ? phase.since : now;
  const elapsed = elapsedMs ?? (startedAt === undefined ? undefined : Math.max(0, until - startedAt - pausedMs));
  const time = elapsed === undefined ? "" : formatElapsed(elapsed);
  const reached = progressWords(spec, at);
  switch (phase.kind) {
    case "waiting":
      return {
        tone: "neutral",
        title: t("Queued"),
        text: queuedBehind(phase),
      };
    case "preparing": {
      const {
        stage,
        done: part,
        total,
        bytesPerSecond,
        secondsLeft,
      } = phase.progress ?? { stage: t("Starting the engine") };
      const prepared = part !== undefined && total ? part / total : undefined;
      const percent = prepared === undefined ? "" : ` ${Math.floor(100 * prepared)} %`;
      const speed = bytesPerSecond === undefined ? "" : `, ${(bytesPerSecond / 1e6).toFixed(1)} MB/s`;
      const wait = describeTimeLeft(secondsLeft);
      const text = `${stage}…${percent}${speed}${wait === "" ? "" : `, ${wait}`}`;
      return { tone: "busy", title: t("Preparing"), text, share: prepared };
    }
    case "running":
      return { tone: "busy", title: t("Running"), text: `${reached} · ${time}`, share };
    case "pausing":
      return { tone: "busy", title: t("Pausing"), text: `${t("after the next shown iteration")} · ${reached}` };
    case "paused":
      return { tone: "paused", title: t("Paused"), text: `${reached} · ${time}`, share };
    case "stopping":
      return { tone: "busy", title: t("Stopping"), text: `${t("after the iteration at hand")} · ${reached}` };
    case "external":
      return {
        tone: "busy",
        title: t("Running"),
        text: `${t("in a sweep or elsewhere")} · ${reached}`,
        share,
      };
    case "completed":
      return { tone: "good", title: t("Done"), text: t("{0} in {1}", iterationCount(spec, done), time) };
    case "cancelled":
      return {
        tone: "neutral",
        title: t("Stopped"),
        text: steps.length > 0 ? t("after {0}, {1}", reached, time) : t("before it began"),
      };
    case "interrupted":
      return {
        tone: "neutral",
        title: t("Interrupted"),
        text:
          steps.length > 0
            ? t("The window was closed while it ran, after {0}. Run Again starts it anew.", reached)
            : t("The window was closed while it ran. Run Again starts it anew."),
      };
    case "failed":
      return {
        tone: "bad",
        title: t("Failed"),
        text: steps.length > 0 ? t("after {0}", reached) : t("before the first iteration"),
      };
  }
}

/** "behind run 3 (27/100); starts automatically" */
function queuedBehind({ behind, reached, behindPaused }: Extract<RunPhase, { readonly kind: "waiting" }>): string {
  const run = reached === undefined ? t("run {0}", behind) : t("run {0} ({1})", behind, reached);
  return behindPaused
    ? t("behind {0}, which is paused; starts automatically once that is over", run)
    : t("behind {0}; starts automatically", run);
}

/** "exact since iteration 40", of several restarts that of the first; empty while none has been exact. */
export function whenOf({ info: { spec }, firsts }: RunModel): string {
  const first = firstExactRestart(firsts);
  if (first === undefined) return "";
  const when = exactWhen(spec, firsts[first])!;
  return spec.restarts > 1 ? t("restart {0} {1}", first + 1, when) : when;
}

/** What went wrong, in sentences; empty when nothing did. */
export const troubleOf = ({ phase, warning }: RunInfo): string =>
  [phase.kind === "failed" ? phase.error.message : "", warning ?? ""].filter(Boolean).join(" ");

/** What stands in the place of iterations while there are none. */
export function placeholderOf({ run }: PageModel): { title: string; text: string } | undefined {
  if (!run) {
    return {
      title: t("No run yet"),
      text: t("Select a text in an editor, right-click it and choose Invert Selection."),
    };
  }
  if (run.steps.length > 0) return undefined;
  const again = t("Run Again starts it anew.");
  switch (run.info.phase.kind) {
    case "waiting":
      return { title: t("Queued"), text: queuedBehind(run.info.phase) };
    case "preparing":
    case "running":
    case "pausing":
    case "paused":
    case "external":
    case "completed":
      return {
        title: stateOf(run, 0).text,
        text: countsRounds(run.info.spec)
          ? t("Each round appears here as it comes.")
          : t("Each decoded iteration appears here as it comes."),
      };
    case "stopping":
      return { title: t("Stopping"), text: t("Ends as soon as the work at hand allows.") };
    case "cancelled":
      return { title: t("Stopped before the first iteration"), text: again };
    case "interrupted":
      return { title: t("Interrupted before the first iteration"), text: again };
    case "failed":
      return undefined;
  }
}

/** What a screen reader is told when it changes: how the run stands, and at its end what came of it. */
export function announcementOf(page: PageModel): string {
  if (!page.run) return "";
  const { phase } = page.run.info;
  if (phase.kind === "running" || phase.kind === "external") return runningPhrase(page.run);
  if (phase.kind === "waiting") return t("Queued"); // and not how far the run before it is
  if (phase.kind === "preparing") return t("Preparing");
  const { title, text } = stateOf(page.run, 0);
  const result = isOver(page.run.info) ? resultOf(page)?.title : undefined;
  return [title, text, troubleOf(page.run.info), result].filter(Boolean).join(". ");
}

/** Changes with each quarter of the work: often enough to know that it goes on. */
function runningPhrase({ info: { spec }, steps }: RunModel): string {
  const last = steps[0]?.at(-1) ?? { iteration: 0 };
  const quarters = Math.floor(4 * progressShare(spec, last));
  if (countsRounds(spec))
    return quarters === 0 ? t("Running") : t("Running, {0} % of the tokens settled", 25 * quarters);
  const whole = plural(spec.iterations, "iteration");
  return quarters === 0 ? t("Running, {0}", whole) : t("Running, {0} % of {1}", 25 * quarters, whole);
}
