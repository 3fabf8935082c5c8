// A sweep as it is written into a form: of each field a text that may name several values. One value is the same for all
// runs, several are an axis.

import { jsonText } from "../common/json-lines.ts";
import { valueText } from "../describe/spec-fields.ts";
import type { Field } from "../experiments/fields.ts";
import { defaultMethod, methodNames } from "../experiments/methods/table.ts";
import { type ExperimentSpec, fieldsOf, problemsOf, schemaOf } from "../experiments/spec.ts";
import { Estimate, type TimedRun } from "./estimate.ts";
import {
  type Axis,
  cellOf,
  combinationAt,
  combinationsOf,
  type UncheckedFields,
  methodsOf,
  type Sweep,
} from "./sweep-files.ts";
import type { SweepChart, SweepCheck, SweepDraft } from "./view-data.ts";

/** Fields whose values are texts of their own, which may hold commas. */
const LINES = ["prompt", "vocabulary"];

/** The sweep that a draft asks for, its values not checked yet. */
export function sweepOf(draft: SweepDraft): Sweep {
  const base: Record<string, unknown> = {};
  const axes: Axis[] = [];
  for (const [field, text] of Object.entries(draft)) {
    const values = valuesOfText(field, text);
    if (values.length === 1) base[field] = values[0];
    if (values.length > 1) axes.push({ field, values });
  }
  return { base, axes };
}

/** With those of the charts that its axes are enough for. */
export function withCharts(sweep: Sweep, charts: readonly SweepChart[]): Sweep {
  const has = (field: string) => sweep.axes.some((axis) => axis.field === field);
  const drawn = charts.filter(({ along, lines = along }) => has(along) && has(lines));
  return drawn.length === 0 ? sweep : { ...sweep, charts: drawn };
}

/** "1–4, 8" are 1, 2, 3, 4 and 8; a value that is written twice counts once. */
export function valuesOfText(field: string, text: string): readonly unknown[] {
  const parts = LINES.includes(field) ? text.split(/\r?\n/) : text.split(/[\s,;]+/);
  const values = parts.filter((part) => part.trim() !== "").flatMap((part) => valuesOfPart(field, part));
  return [...new Set(values)];
}

const RANGE = /^(-?\d+)(?:\.\.|–|-)(-?\d+)$/;
/** What a form shows for a range that is wider is an error in any case. */
const WIDEST_RANGE = 10_000;

function valuesOfPart(field: string, part: string): readonly unknown[] {
  const { type, anyOf } = schemaOfField(field) ?? {};
  if (type === "boolean") return [part === "true" ? true : part === "false" ? false : part];
  const isNumber = type === "number" || type === "integer" || anyOf !== undefined;
  if (!isNumber) return [part];
  const [, low, high] = RANGE.exec(part) ?? [];
  const [from, to] = [Number(low), Number(high)];
  if (low !== undefined && to > from && to - from < WIDEST_RANGE) {
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  }
  return [Number.isFinite(Number(part)) ? Number(part) : part];
}

/** Of the last method that has the field. */
const schemaOfField = (field: string): Field | undefined =>
  methodNames()
    .map((method) => schemaOf(method)[field])
    .findLast((schema) => schema !== undefined);

/** A sweep as a draft, the other way. */
export function draftOf({ base, axes }: Sweep): SweepDraft {
  const entries = [
    ...Object.entries(base).map(([field, value]) => [field, [value]] as const),
    ...axes.map(({ field, values }) => [field, values] as const),
  ];
  return Object.fromEntries(
    entries.map(([field, values]) => [
      field,
      values.map((value) => String(value)).join(LINES.includes(field) ? "\n" : ", "),
    ]),
  );
}

/** The file that asks for a sweep. */
export const fileOf = ({ base, axes, charts }: Sweep): string =>
  jsonText(
    { base, axes: Object.fromEntries(axes.map(({ field, values }) => [field, values])), ...(charts && { charts }) },
    2,
  );

/** A sweep's name where nobody gives it one: what it is over. */
export const nameFor = ({ axes }: Sweep): string => axes.map(({ field }) => field).join(" by ") || "one run";

/**
 * Checks a sweep without making all of its runs: every value of every axis together with the first values of the others,
 * so that what takes long is the sum of the axes and not their product.
 */
export function checkSweep(sweep: Sweep, timedRuns: readonly TimedRun[]): SweepCheck {
  const { base, axes } = sweep;
  const problems = methodsOf(base, axes).flatMap((method) => problemsWith(method, base, axes));
  const named = axes.find(({ field }) => field === "method")?.values ?? [base["method"] ?? defaultMethod().name];
  const unknown = named.find((method) => !methodNames().includes(method as string));
  if (unknown !== undefined) {
    problems.push({
      field: "method",
      message: `${valueText(unknown)} is none of the methods ${methodNames().join(", ")}.`,
    });
  }
  const known = methodsOf(base, axes).flatMap(fieldsOf);
  for (const field of [...Object.keys(base), ...axes.map(({ field }) => field)]) {
    if (field !== "method" && !known.includes(field)) {
      problems.push({ field, message: "None of the methods has this field." });
    }
  }
  const unique = [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
  const runs = runsOf(sweep);
  if (unique.length > 0) return { problems: unique, runs };
  const estimateMs = estimateOf(sweep, timedRuns);
  return { problems: [], runs, ...(estimateMs !== undefined && { estimateMs }) };
}

function problemsWith(method: string, base: UncheckedFields, axes: readonly Axis[]): SweepCheck["problems"][number][] {
  const has = (field: string): boolean => field !== "method" && fieldsOf(method).includes(field);
  const own = axes.filter(({ field }) => has(field));
  const first: UncheckedFields = {
    ...Object.fromEntries(Object.entries(base).filter(([field]) => has(field))),
    ...Object.fromEntries(own.map(({ field, values }) => [field, values[0]])),
  };
  const requests = [
    first,
    ...own.flatMap(({ field, values }) => values.slice(1).map((value) => ({ ...first, [field]: value }))),
  ];
  return requests.flatMap((request) => problemsOf({ ...request, method }));
}

/** How many runs: each method has those of the axes that it knows. */
function runsOf({ base, axes }: Sweep): number {
  return methodsOf(base, axes).reduce(
    (sum, method) =>
      sum + combinationsOf(axes.filter(({ field }) => field !== "method" && fieldsOf(method).includes(field))),
    0,
  );
}

/** Runs that an estimate looks at. */
const SAMPLE = 200;

function estimateOf(sweep: Sweep, timedRuns: readonly TimedRun[]): number | undefined {
  const { base, axes } = sweep;
  const all = combinationsOf(axes);
  const count = Math.min(all, SAMPLE);
  const specs: ExperimentSpec[] = Array.from(
    { length: count },
    (_, i) => cellOf(base, combinationAt(axes, Math.floor((i * all) / count)), "").spec,
  );
  const ms = new Estimate(timedRuns).of(specs);
  return ms === undefined ? undefined : (ms * runsOf(sweep)) / count;
}
