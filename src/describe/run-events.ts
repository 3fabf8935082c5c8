// What several runs have in common, and in which fields of their specs they differ.

import type { RunEvent, StartEvent, StepEvent } from "../experiments/events.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";

/** A field of the specs with the value that each run has; undefined where its method has no such field. */
export interface Difference {
  readonly field: string;
  readonly values: readonly unknown[];
}

/** The fields in which the specs differ, in the order of the first spec that has them. */
export function differences(specs: readonly ExperimentSpec[]): Difference[] {
  const fields = [...new Set(specs.flatMap((spec) => Object.keys(spec)))];
  return fields
    .map((field) => ({ field, values: specs.map((spec) => (spec as Readonly<Record<string, unknown>>)[field]) }))
    .filter(({ values }) => new Set(values).size > 1);
}

export const startOf = (events: readonly RunEvent[]): StartEvent | undefined =>
  events.find((event) => event.type === "start");

/** The shown iterations of each restart. */
export function stepsByRestart(events: readonly RunEvent[]): StepEvent[][] {
  const restarts: StepEvent[][] = [];
  for (const event of events) if (event.type === "step") (restarts[event.restart] ??= []).push(event);
  return restarts;
}
