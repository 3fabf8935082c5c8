// What is looked up in the events of a run.

import type { EndEvent, RunEvent, StartEvent, StepEvent } from "../experiments/events.ts";

export const startOf = (events: readonly RunEvent[]): StartEvent | undefined =>
  events.find((event) => event.type === "start");

export const endOf = (events: readonly RunEvent[]): EndEvent | undefined =>
  events.find((event) => event.type === "end");

/** The shown iterations of each restart. */
export function stepsByRestart(events: readonly RunEvent[]): StepEvent[][] {
  const restarts: StepEvent[][] = [];
  for (const event of events) if (event.type === "step") (restarts[event.restart] ??= []).push(event);
  return restarts;
}
