// A run as the page knows it: its events by restart, and the series that are plotted of them.

import type { EndEvent, RestartResult, RunEvent, StartEvent, StepEvent, WalkPoint } from "../src/experiments/events.ts";
import type { ExperimentSpec } from "../src/experiments/spec.ts";
import type { RunInfo } from "../src/session/panel-messages.ts";
import {
  beforeFirst,
  firstAt,
  type FirstIterations,
  firstIterationsOf,
  hasFirstIterations,
  withShown,
} from "../src/describe/exact-when.ts";
import { methodOf } from "../src/describe/methods.ts";
import { formatNumber } from "./format.ts";
import { t } from "./l10n.ts";
import { tokensRight } from "../src/describe/tokens-right.ts";

/** A run with all that it has told. */
export interface RunModel {
  info: RunInfo;
  start: StartEvent | undefined;
  end: EndEvent | undefined;
  /** [restart][row]: a row is a shown iteration, in order. */
  readonly steps: StepEvent[][];
  /** What the plots show, of each restart. */
  readonly series: Series[];
  /** When each restart first had the prompt's tokens; nothing of a method that does not search iteration by iteration. */
  readonly firsts: FirstIterations[];
}

/**
 * The figures of one restart, a column each. A point is a shown iteration or, of a walk, any step; null where a figure is
 * not known.
 */
export interface Series {
  readonly iterations: number[];
  readonly outputDistance: number[];
  readonly inputDistance: number[];
  readonly ratio: (number | null)[];
  /** How many tokens are the prompt's. */
  readonly right: (number | null)[];
  /** [token][point] */
  readonly ranks: (number | null)[][];
  /** What the method measures beside these, by the names of its series: [token][point], or one column. */
  readonly own: ReadonlyMap<string, (number | null)[][]>;
}

/** The prompt, as the start event has it. */
export type PromptTokens = StartEvent["target"];

export const newRun = (info: RunInfo): RunModel => ({
  info,
  start: undefined,
  end: undefined,
  steps: [],
  series: [],
  firsts: [],
});

/** Takes in what the run has told. */
export function addEvents(run: RunModel, events: readonly RunEvent[]): void {
  for (const event of events) {
    switch (event.type) {
      case "start":
        run.start = event;
        break;
      case "step":
        addStep(run, event);
        break;
      case "end":
        run.end = event;
        event.restarts.forEach((result, restart) => {
          const firsts = firstIterationsOf(result);
          if (firsts) run.firsts[restart] = firsts;
        });
    }
  }
}

function addStep(run: RunModel, step: StepEvent): void {
  (run.steps[step.restart] ??= []).push(step);
  const series = (run.series[step.restart] ??= emptySeries(run.info.spec, step));
  if (run.start && hasFirstIterations(run.info.spec)) {
    const { tokenIds } = run.start.target;
    const before = run.firsts[step.restart] ?? beforeFirst(tokenIds.length);
    run.firsts[step.restart] = withShown(before, step.iteration, step.tokenIds, tokenIds);
  }
  // A walk has measured the steps that it has not decoded, too.
  for (const point of (step.walked ?? [step]) as readonly WalkPoint[]) {
    series.iterations.push(point.iteration);
    series.outputDistance.push(point.outputDistance);
    series.inputDistance.push(point.inputDistance);
    series.ratio.push(point.ratio);
    const decoded = point.iteration === step.iteration;
    const { target } = run.start ?? {};
    const isCompared = decoded && target?.known !== false;
    series.right.push(isCompared ? tokensRight(step.tokenIds, target?.tokenIds ?? []) : null);
    series.ranks.forEach((column, token) => column.push(decoded ? step.targetRanks[token] : null));
    for (const [name, columns] of series.own) addValues(columns, point[name], series.iterations.length - 1);
  }
}

/** Adds a point's value, or one a token, to columns of so many points; the first of a walk comes before its first direction. */
function addValues(columns: (number | null)[][], value: unknown, points: number): void {
  const values = (Array.isArray(value) ? value : value === undefined ? [] : [value]) as readonly number[];
  while (columns.length < values.length) columns.push(Array.from({ length: points }, () => null));
  columns.forEach((column, token) => column.push(values[token] ?? null));
}

const emptySeries = (spec: ExperimentSpec, { targetRanks }: StepEvent): Series => ({
  iterations: [],
  outputDistance: [],
  inputDistance: [],
  ratio: [],
  right: [],
  ranks: targetRanks.map(() => []),
  own: new Map(methodOf(spec).series.map(({ name }) => [name, []])),
});

/** The row of the step closest to an iteration, of two as close the later; −1 where there is none. */
export function nearestRow(steps: readonly StepEvent[], iteration: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle].iteration < iteration) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return steps.length === 0 ? -1 : 0;
  if (low === steps.length) return low - 1;
  return steps[low].iteration - iteration <= iteration - steps[low - 1].iteration ? low : low - 1;
}

/** How many restarts have the whole prompt: at their end or, before it, at their newest row. */
export function exactRestarts({ start, steps, end }: RunModel): number {
  if (end) return end.restarts.filter(({ exact }) => exact).length;
  const { tokenIds: target = [], known } = start?.target ?? {};
  return steps.filter((rows) => (known === false ? rows.at(-1)?.proved?.every(Boolean) : isExact(rows.at(-1), target)))
    .length;
}

const isExact = (step: StepEvent | undefined, targetIds: readonly number[]): boolean =>
  step !== undefined && tokensRight(step.tokenIds, targetIds) === targetIds.length;

/** What the best restart has come to, so far. */
export const latestOf = ({ steps, end }: RunModel): RestartResult | StepEvent | undefined =>
  end?.best ?? steps[0]?.at(-1);

/** When a restart first came below the noise threshold; before the end, by which of the shown iterations at the latest. */
export function belowThresholdAt(
  { info: { spec }, start, steps, end }: RunModel,
  restart: number,
): { readonly iteration: number; readonly told: string } | undefined {
  if (!start) return undefined;
  const bar = formatNumber(start.shiftDistance);
  const iteration = end
    ? end.restarts[restart].beatsShiftAt
    : steps[restart]?.find(({ outputDistance }) => outputDistance < start.shiftDistance)?.iteration;
  if (typeof iteration !== "number") return undefined;
  const told = end
    ? t("below the noise threshold ({0}) since iteration {1}", bar, iteration.toLocaleString("en"))
    : t("below the noise threshold ({0}) {1}", bar, firstAt(spec, iteration));
  return { iteration, told };
}
