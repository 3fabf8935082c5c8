// Experiments as files: NAME.inversion.json is one spec, NAME.sweep.json a base spec and axes, any of the spec's fields with
// the values it is to take. A sweep's cells are all combinations, each the spec of one run.

import { createHash } from "node:crypto";
import path from "node:path";
import { errorCode, storageError, writeNew } from "../common/files.ts";
import { LabError, messageOf } from "../common/errors.ts";
import { makeFolder } from "../common/folders.ts";
import { valueText } from "../describe/spec-fields.ts";
import { defaultMethod, findMethod, methodNames } from "../experiments/methods/table.ts";
import { resolvePaths } from "../experiments/field-paths.ts";
import { type ExperimentSpec, fieldsOf, parseSpec, schemaOf } from "../experiments/spec.ts";
import { slug } from "../records/record.ts";
import { heatFigures } from "./sweep-figures.ts";
import type { SweepChart } from "./view-data.ts";

export const INVERSION_ENDING = ".inversion.json";
export const SWEEP_ENDING = ".sweep.json";

/** More cells than anybody means: a slip of the pen in an axis. */
const MOST_CELLS = 100_000;

/** Fields of a spec, not checked. */
export type UncheckedFields = Readonly<Record<string, unknown>>;

export interface Axis {
  readonly field: string;
  readonly values: readonly unknown[];
}

export interface Sweep {
  readonly base: UncheckedFields;
  readonly axes: readonly Axis[];
  readonly charts?: readonly SweepChart[];
}

/** Fields over which a condition is repeated, and not another condition. */
export const SEEDS: readonly string[] = ["seed", "initSeed"];

/** One run of a sweep. */
export interface Cell {
  /** The value of each axis that the cell's method has. */
  readonly axes: UncheckedFields;
  readonly spec: ExperimentSpec;
  /** The same for the same spec and for no other; the name of the run's folder. */
  readonly name: string;
}

/**
 * A file of either kind; one spec is a sweep of one cell. Paths of other files in it are seen from its folder. Throws a
 * LabError (badInput) that names the file.
 */
export function parseExperimentFile(text: string, file: string, folder: string): Sweep {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new LabError("badInput", `${file} is not JSON: ${messageOf(error)}.`, { cause: error });
  }
  return sweepOfFile(content, file, folder);
}

/** What a file of either kind holds. Throws a LabError (badInput) that names the file. */
export function sweepOfFile(content: unknown, file: string, folder: string): Sweep {
  const wrong = (what: string) => new LabError("badInput", `${file}: ${what}`);
  if (!isObject(content)) throw wrong("it must hold one object.");
  const fields = Object.fromEntries(Object.entries(content).filter(([field]) => field !== "$schema"));
  if (!Object.hasOwn(fields, "axes") && !Object.hasOwn(fields, "base"))
    return { base: resolvePaths(fields, folder), axes: [] };
  const { base = {}, axes = {}, charts, ...others } = fields;
  const unknown = Object.keys(others);
  if (unknown.length > 0) {
    throw wrong(
      `unknown field of a sweep: ${unknown.join(", ")}. It has base, axes and charts; fields of the spec go into base or axes.`,
    );
  }
  if (!isObject(base)) throw wrong("base must be an object, the fields that all runs share.");
  if (!isObject(axes)) throw wrong("axes must be an object, from fields to lists of values.");
  const twice = Object.keys(axes).find((field) => Object.hasOwn(base, field));
  if (twice !== undefined) throw wrong(`${twice} is in base and in axes: leave it in one of them.`);
  const { method } = base;
  const resolved = (field: string) => (value: unknown) => resolvePaths({ [field]: value }, folder, method)[field];
  return {
    base: resolvePaths(base, folder),
    axes: Object.entries(axes).map(([field, values]) => ({
      field,
      values: valuesOf(field, values, wrong).map(resolved(field)),
    })),
    ...(charts !== undefined && { charts: chartsOf(charts, Object.keys(axes), wrong) }),
  };
}

/** Which of a chart's fields name an axis, and which a figure. */
const CHART_AXES: readonly string[] = ["along", "lines"];
const CHART_FIGURES: readonly string[] = ["y", "x"];

function chartsOf(charts: unknown, axes: readonly string[], wrong: (what: string) => LabError): readonly SweepChart[] {
  if (!Array.isArray(charts)) throw wrong('charts must be a list of charts, as {"y": "exact", "along": "blocks"}.');
  const figures = Object.keys(heatFigures());
  return charts.map((chart: unknown, place) => {
    const at = `charts[${place}]`;
    if (!isObject(chart)) throw wrong(`${at} must be an object.`);
    const unknown = Object.keys(chart).find((field) => ![...CHART_AXES, ...CHART_FIGURES].includes(field));
    if (unknown !== undefined) throw wrong(`${at} has ${unknown}, and a chart has y, along, lines and x.`);
    for (const field of ["y", "along"]) if (!(field in chart)) throw wrong(`${at} lacks ${field}.`);
    for (const [field, name] of Object.entries(chart)) {
      const known = CHART_AXES.includes(field) ? axes : figures;
      if (known.includes(name as string)) continue;
      const what = CHART_AXES.includes(field) ? "axes" : "figures";
      throw wrong(`${at}.${field} is ${valueText(name)}, which is none of the ${what} ${known.join(", ")}.`);
    }
    return chart as unknown as SweepChart;
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A list as it is, or from, to and step (1 unless said), both ends included. */
function valuesOf(field: string, values: unknown, wrong: (what: string) => LabError): readonly unknown[] {
  if (Array.isArray(values) && values.length > 0) return values as unknown[];
  const form = `the axis ${field} must be a list of values, or {"from": 1, "to": 12}, with a "step" where it is not 1`;
  if (!isObject(values)) throw wrong(`${form}.`);
  const { from, to, step = 1, ...others } = values;
  const numbers = [from, to, step].every((value) => typeof value === "number" && Number.isFinite(value));
  if (!numbers || Object.keys(others).length > 0) throw wrong(`${form}.`);
  const [first, last, width] = [from, to, step] as [number, number, number];
  const steps = Math.floor((last - first) / width + 1e-9);
  if (!(steps >= 0)) throw wrong(`the axis ${field} never comes from ${first} to ${last} by steps of ${width}.`);
  if (steps >= MOST_CELLS)
    throw wrong(`the axis ${field} has ${steps + 1} values, and a sweep takes ${MOST_CELLS} runs.`);
  // 0.1 + 0.2 is to be 0.3.
  return Array.from({ length: steps + 1 }, (_, i) => Number((first + i * width).toPrecision(12)));
}

/**
 * Every combination of the axes, the last axis fastest, checked. Of several methods each takes the fields that it has;
 * combinations that come to the same spec are one cell. Throws a LabError (badInput) that names file, cell and field.
 */
export const cellsOf = (sweep: Sweep, file: string): Cell[] => [...eachCell(sweep, file)];

/** The same, one after the other: a hundred thousand of them take seconds. */
export function* eachCell({ base, axes }: Sweep, file: string): Generator<Cell, void, void> {
  const count = combinationsOf(axes);
  if (count > MOST_CELLS)
    throw new LabError("badInput", `${file} asks for ${count} runs, and a sweep takes ${MOST_CELLS}.`);
  const methods = methodsOf(base, axes);
  const known = new Set(["method", ...methods.flatMap(fieldsOf)]);
  const unknown = [...Object.keys(base), ...axes.map(({ field }) => field)].filter((field) => !known.has(field));
  if (unknown.length > 0)
    throw new LabError("badInput", `${file}: unknown field of an experiment: ${unknown.join(", ")}.`);
  const names = new Set<string>();
  for (let place = 0; place < count; place++) {
    const cell = cellOf(base, combinationAt(axes, place), file);
    if (names.has(cell.name)) continue;
    names.add(cell.name);
    yield cell;
  }
}

/** How many combinations the axes have. */
export const combinationsOf = (axes: readonly Axis[]): number =>
  axes.reduce((product, { values }) => product * values.length, 1);

/** The combination at a place, the last axis fastest. */
export function combinationAt(axes: readonly Axis[], place: number): UncheckedFields {
  let left = place;
  const values = axes.toReversed().map(({ field, values }) => {
    const value = values[left % values.length];
    left = Math.floor(left / values.length);
    return [field, value] as const;
  });
  return Object.fromEntries(values.reverse());
}

/** The methods that the axes or the base name, of those that there are. */
export function methodsOf(base: UncheckedFields, axes: readonly Axis[]): readonly string[] {
  const named = axes.find(({ field }) => field === "method")?.values ?? [base["method"] ?? defaultMethod().name];
  // One that there is not is told of by the check of its cell.
  return methodNames().filter((method) => named.includes(method));
}

/**
 * Iterations of a sweep's run that are decoded where `every` does not say it: nobody watches them come, and with ten
 * restarts one takes as long as several iterations of a shallow network.
 */
const SHOWN = 10;

/** Throws a LabError (badInput). */
export function cellOf(base: UncheckedFields, combination: UncheckedFields, file: string): Cell {
  const method = combination["method"] ?? base["method"] ?? defaultMethod().name;
  const schema = findMethod(method) ? schemaOf(method as string) : {};
  const own = (all: UncheckedFields): UncheckedFields =>
    Object.fromEntries(Object.entries(all).filter(([field]) => field === "method" || Object.hasOwn(schema, field)));
  const axes = own(combination);
  const request = { ...own(base), ...axes };
  let spec: ExperimentSpec;
  try {
    spec = parseSpec(request);
  } catch (error) {
    const run = axesText(axes);
    const where = run === "" ? "" : ` (run with ${run.length > 300 ? `${run.slice(0, 300)}…` : run})`;
    throw new LabError("badInput", `${file}: ${messageOf(error).replace(/\.$/, "")}${where}.`, { cause: error });
  }
  if (Object.keys(combination).length > 0 && request["every"] === undefined) {
    spec = { ...spec, every: Math.max(1, Math.round(spec.iterations / SHOWN)) };
  }
  return { ...cellOfSpec(spec), axes };
}

/** A cell of no axes: the spec as it is. */
export const cellOfSpec = (spec: ExperimentSpec): Cell => ({ axes: {}, spec, name: nameOf(spec) });

/** "blocks 3, initSeed 2" */
export const axesText = (axes: UncheckedFields): string =>
  Object.entries(axes)
    .map(([field, value]) => `${field} ${valueText(value)}`)
    .join(", ");

/** The order in which a spec's fields were written does not count. */
function nameOf(spec: ExperimentSpec): string {
  const sorted = Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 16);
  return `${slug(spec.prompt)}-${spec.blocks}-${hash}`;
}

/** Writes a sweep's text into a new file of a folder, under its name or one like it. Throws a LabError (storage). */
export async function createSweepFile(folder: string, name: string, text: string): Promise<string> {
  const words =
    name
      .match(/[\p{L}\p{N}]+/gu)
      ?.join("-")
      .slice(0, 60) || "sweep";
  try {
    await makeFolder(folder);
    for (let count = 1; ; count++) {
      const file = path.join(folder, `${words}${count === 1 ? "" : `-${count}`}${SWEEP_ENDING}`);
      try {
        await writeNew(file, text);
        return file;
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw error;
      }
    }
  } catch (error) {
    throw storageError(error, folder);
  }
}

/** Where a sweep's runs go unless somebody says otherwise: beside its file, under its name. */
export function folderOf(file: string): string {
  for (const ending of [SWEEP_ENDING, INVERSION_ENDING]) {
    if (file.endsWith(ending)) return file.slice(0, -".json".length);
  }
  return `${file}.runs`;
}
