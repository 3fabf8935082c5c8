// What came of a sweep: a row a restart for other programs, and for people a row a condition, its seeds taken together, with
// Wilson's interval of the rate.

import path from "node:path";
import { writeWhole } from "../common/files.ts";
import { type CsvValue, csv } from "../reports/csv.ts";
import { markdownCell, markdownCodeCell, markdownTable, markdownText } from "../reports/markdown.ts";
import { median, wilson } from "../common/statistics.ts";
import type { RestartResult } from "../experiments/events.ts";
import { figure } from "../common/number-format.ts";
import { valueText } from "../describe/spec-fields.ts";
import { METHODS } from "../experiments/methods/table.ts";
import type { ResultFigure } from "../experiments/methods/method.ts";
import { chartDrawing, chartFile } from "./sweep-chart.ts";
import { type FigureOfResults, labelInText, ownFigures } from "./sweep-figures.ts";
import { SEEDS } from "./sweep-files.ts";
import type { SweepChart } from "./view-data.ts";
import type { Outcome } from "./perform-sweep.ts";

export const RESULTS_CSV = "results.csv";
export const RESULTS_MARKDOWN = "results.md";

/** The axes of all outcomes, in the order of the file. */
const axesOf = (outcomes: readonly Outcome[]): string[] => [
  ...new Set(outcomes.flatMap(({ cell }) => Object.keys(cell.axes))),
];

const COLUMNS = [
  "iteration",
  "exact",
  "outputDistance",
  "inputDistance",
  "ratio",
  "discreteDistance",
  "beatsShift",
  "beatsShiftAt",
  "sameNextToken",
  "text",
] as const satisfies readonly (keyof RestartResult)[];

/** What searches say of when they were exact, where some result says it. */
const whenColumns = (outcomes: readonly Outcome[]): readonly ("firstExactIteration" | "exactSince")[] =>
  outcomes.some(({ restarts }) => restarts.some(({ firstExactIteration }) => firstExactIteration !== undefined))
    ? ["firstExactIteration", "exactSince"]
    : [];

/** The methods' own figures that some result has. */
const figuresOf = (outcomes: readonly Outcome[]): readonly ResultFigure[] =>
  METHODS.flatMap(({ figures = [] }) => figures).filter(({ of }) =>
    outcomes.some(({ restarts }) => restarts.some((result) => of(result) !== null)),
  );

/** A row a restart; a run that failed has one row, which says why. */
export function resultsCsv(outcomes: readonly Outcome[]): string {
  const axes = axesOf(outcomes);
  const figures = figuresOf(outcomes);
  const columns = [...COLUMNS, ...whenColumns(outcomes)];
  const own = figures.map(({ name }) => name);
  return csv(
    [...axes, "run", "status", "error", "elapsedMs", "restart", ...columns, ...own],
    outcomes.flatMap(({ cell, folder, status, error, elapsedMs, restarts }) => {
      const values = axes.map((field) => cell.axes[field] as CsvValue);
      const run = [...values, path.basename(folder), status, error?.message, Math.round(elapsedMs)];
      if (restarts.length === 0) return [run.concat(null, ...[...columns, ...own].map(() => null))];
      return restarts.map((restart) => [
        ...run,
        restart.restart,
        ...columns.map((column) => restart[column]),
        ...figures.map(({ of }) => of(restart)),
      ]);
    }),
  );
}

/** What a condition came to, over its seeds and restarts. */
export interface ConditionResults {
  /** The axes without the seeds. */
  readonly axes: Readonly<Record<string, unknown>>;
  readonly runs: number;
  readonly failed: number;
  readonly results: readonly RestartResult[];
}

export function conditionsOf(outcomes: readonly Outcome[]): ConditionResults[] {
  const conditions = new Map<string, ConditionResults>();
  for (const { cell, status, restarts } of outcomes) {
    const axes = Object.fromEntries(Object.entries(cell.axes).filter(([field]) => !SEEDS.includes(field)));
    const key = JSON.stringify(axes);
    const { runs, failed, results } = conditions.get(key) ?? { runs: 0, failed: 0, results: [] };
    conditions.set(key, {
      axes,
      runs: runs + 1,
      failed: failed + (status === "failed" ? 1 : 0),
      results: [...results, ...restarts],
    });
  }
  return [...conditions.values()];
}

const medianText = (values: readonly number[]): string => (values.length === 0 ? "–" : figure(median(values)));

function valueOf({ of, unit }: FigureOfResults, results: readonly RestartResult[]): string {
  const value = of(results, []);
  if (value === undefined) return "–";
  return unit === "share" ? `${figure(100 * value, 3)} %` : figure(value);
}

/** A row a condition. */
export function resultsMarkdown(outcomes: readonly Outcome[]): string {
  const fields = axesOf(outcomes).filter((field) => !SEEDS.includes(field));
  const figures = figuresOf(outcomes);
  const own = ownFigures();
  const hasWhen = whenColumns(outcomes).length > 0;
  const rows = conditionsOf(outcomes).map(({ axes, runs, failed, results }) => {
    const exact = results.filter((result) => result.exact).length;
    const { low, high } = wilson(exact, results.length);
    const rate = `${exact} of ${results.length}`;
    const best = results.toSorted((a, b) => a.discreteDistance - b.discreteDistance)[0];
    return [
      ...fields.map((field) => markdownCell(valueText(axes[field]))),
      failed > 0 ? `${runs}, ${failed} failed` : String(runs),
      results.length > 0 ? rate : "–",
      results.length > 0 ? `${Math.round(100 * low)}–${Math.round(100 * high)} %` : "–",
      medianText(results.map(({ outputDistance }) => outputDistance)),
      medianText(results.map(({ inputDistance }) => inputDistance)),
      ...(hasWhen ? [medianText(results.flatMap(({ firstExactIteration }) => firstExactIteration ?? []))] : []),
      ...figures.map(({ name }) => valueOf(own[name], results)),
      best ? markdownCodeCell(best.text) : "–",
    ];
  });
  const head = [
    ...fields.map(markdownCell),
    "runs",
    "exact",
    "95 % (Wilson)",
    "median output distance",
    "median input distance",
    ...(hasWhen ? ["median first exact iteration"] : []),
    ...figures.map((each) => markdownCell(`${each.ofTokens ? "" : "median "}${labelInText(each)}`)),
    "best text",
  ];
  const errors = [...new Set(outcomes.flatMap(({ error }) => error?.message ?? []))];
  const lines = [
    ...markdownTable(head, rows),
    ...(errors.length > 0 ? ["", ...errors.map((error) => `- ${markdownText(error)}`)] : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** Writes both tables and the sweep's charts into its folder, each whole. Throws a LabError (storage). */
export async function writeResults(
  folder: string,
  outcomes: readonly Outcome[],
  charts: readonly SweepChart[] = [],
): Promise<void> {
  const drawings = charts.map((chart) => [chartFile(chart), chartDrawing(chart, outcomes)] as const);
  const pictures = drawings.map(([name]) => `\n![${markdownText(name)}](${name})\n`).join("");
  const files = {
    [RESULTS_CSV]: resultsCsv(outcomes),
    [RESULTS_MARKDOWN]: resultsMarkdown(outcomes) + pictures,
    ...Object.fromEntries(drawings),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeWhole(path.join(folder, name), text);
  }
}
