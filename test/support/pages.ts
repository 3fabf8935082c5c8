// The page's model with a made-up run that is shown.

import type { RunEvent } from "../../src/experiments/events.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import type { RunInfo, RunPhase } from "../../src/session/panel-messages.ts";
import { emptyPage, type PageModel, receive } from "../../webview/page-model.ts";
import { PROMPT, spec, startEvent, stepEvent, wholeRun } from "./run-events.ts";

export const info = (phase: RunPhase, changes: Partial<RunInfo> = {}): RunInfo => ({
  id: "1",
  spec: spec(),
  phase,
  compared: [],
  ...changes,
});

export function pageWith(run: RunInfo, events: readonly RunEvent[]): PageModel {
  const page = emptyPage();
  receive(page, { type: "show", runs: [run], shown: { id: run.id, events }, beside: [] });
  return page;
}

export const done = () => pageWith(info({ kind: "completed" }, { elapsedMs: 1500 }), wholeRun());

export const running = (events: readonly RunEvent[], changes: Partial<RunInfo> = {}) =>
  pageWith(info({ kind: "running" }, { startedAt: 1000, ...changes }), events);

/** A walk of six steps, every third of them decoded. */
export function walking(): PageModel {
  const walk = parseSpec({ method: "clampedWalk", prompt: PROMPT.tokens.join(""), iterations: 6, every: 3 });
  const point = (iteration: number) => ({
    iteration,
    outputDistance: iteration,
    inputDistance: 2 * iteration,
    ratio: iteration ? 2 : null,
  });
  const steps = [0, 3, 6].map((iteration) =>
    stepEvent(iteration, 3 - iteration / 3, {
      ...point(iteration),
      walked: iteration === 0 ? [point(0)] : [iteration - 2, iteration - 1, iteration].map(point),
    }),
  );
  return running([startEvent(walk), ...steps], { spec: walk });
}
