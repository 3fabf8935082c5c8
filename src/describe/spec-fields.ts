// The fields of specs as texts, and those in which several specs differ.

import type { ExperimentSpec } from "../experiments/spec.ts";

/** The value of any field; "–" where the method has no such field, or it is left out. */
export const valueText = (value: unknown): string =>
  value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);

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
    .filter(({ values }) => new Set(values.map(valueText)).size > 1);
}
