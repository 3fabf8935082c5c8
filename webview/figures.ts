// What the plots show, as data: the figures of a run over its iterations, or of several over each other.

import type { PrintedFigure } from "../src/reports/line-chart.ts";
import { metricName, shiftName } from "../src/describe/run-condition.ts";
import { exactWhen, firstAt } from "../src/describe/exact-when.ts";
import { methodOf } from "../src/describe/methods.ts";
import { plural } from "../src/describe/numbers.ts";
import { countsRounds } from "../src/describe/run-progress.ts";
import { recovers } from "../src/describe/run-verdict.ts";
import { formatNumber, visibleText } from "./format.ts";
import { t } from "./l10n.ts";
import { belowThresholdAt } from "./run-model.ts";
import { comparedRuns, restartOf, type PageModel, shownRestart, shownSeries } from "./page-model.ts";
import { runLabel } from "./run-label.ts";
import type { RunModel, Series } from "./run-model.ts";

export const COLOURS = ["blue", "orange", "red", "green", "purple", "yellow"] as const;
/** Neutral: a line to compare with, which is nobody's result. */
export type Colour = (typeof COLOURS)[number] | "neutral";
/** Beside its colour a line has a pattern of its own, in CSS pixels of line and gap. */
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 4], [10, 3, 2, 3], [4, 2], [12, 6]];

export interface Line {
  /** In the legend; a line without one is not listed there. */
  readonly label?: string;
  /** What it is, for those who hover over the label. */
  readonly meaning?: string;
  /** Its colour and pattern, in the plots and in a drawing of its own. */
  readonly style: number;
  readonly colour: Colour;
  readonly dash: readonly number[];
  /** Points by themselves, for values that do not go over into each other. */
  readonly dotted?: boolean;
  /** One value all along, which no smoothing changes. */
  readonly isLevel?: boolean;
  /** In the background: other restarts, values before smoothing. */
  readonly faint?: boolean;
  /** The restart of the shown run that it is of. */
  readonly restart?: number;
  readonly values: readonly (number | null)[];
}

export interface Figure {
  readonly name: string;
  /** The axis across, from low to high. */
  readonly iterations: readonly number[];
  readonly lines: readonly Line[];
  /** In a sentence, with its formula. */
  readonly meaning?: string;
  /** Counts, dimensions and ranks: a linear axis from this value up. */
  readonly from?: number;
  /** Iterations that matter. */
  readonly marks?: readonly Mark[];
  /** The column that it is about, where that is one. */
  readonly kind?: "outputDistance" | "inputDistance" | "ratio";
}

/** A line from top to bottom; of a token a short one at the bottom. */
export interface Mark {
  readonly kind: "exact" | "threshold" | "token";
  readonly iteration: number;
  /** "exact by iteration 40 and since (shown every 5)" */
  readonly told: string;
  /** The run's, in a comparison. */
  readonly colour?: Colour;
  readonly style?: number;
}

const RATIO = t("Ratio r = d_i / d_o");
const SHIFT_DASH = [2, 4];
/** At a mark's upper end. */
export const MARK_SIGNS = { exact: "✓", threshold: "σ", token: "" } as const;

type Column = readonly (number | null)[];

/** More lines than these in one figure cannot be told apart. */
export const MOST_LINES = 12;

/** How the line at a place is drawn: no two of a figure alike. */
export const styleOf = (
  place: number,
): Pick<Line, "style" | "dash"> & { readonly colour: (typeof COLOURS)[number] } => ({
  style: place,
  colour: COLOURS[place % COLOURS.length],
  dash: DASHES[(place + Math.floor(place / COLOURS.length)) % DASHES.length],
});

const line = (values: Column, place: number, label?: string, meaning?: string): Line => ({
  values,
  ...styleOf(place),
  ...(label !== undefined && { label }),
  ...(meaning !== undefined && { meaning }),
});

/** The shown restart's figures, with the other restarts behind them; in a comparison, those of all its runs. */
export function runFigures(page: PageModel): Figure[] {
  const { run } = page;
  const series = shownSeries(page);
  if (!run?.start || !series) return [];
  const { spec } = run.info;
  const { iterations } = series;
  const restart = shownRestart(page);
  const behind = (column: (series: Series) => Column): Line[] =>
    run.series.flatMap((other, place) =>
      place === restart ? [] : [{ ...line(column(other), 0), dash: [], faint: true, restart: place }],
    );
  const output: Figure = {
    name: t("Output distance"),
    meaning: t("d(O(e), O(e*)) in {0}: what the search makes small", metricName(spec.metric)),
    kind: "outputDistance",
    iterations,
    lines: [
      ...behind((other) => other.outputDistance),
      line(
        series.outputDistance,
        0,
        t("output"),
        t("{0} distance of the output to the prompt’s", metricName(spec.metric)),
      ),
      {
        ...line(
          iterations.map(() => run.start!.shiftDistance),
          2,
          t("noise threshold"),
          t("Median output distance of the prompt with noise {0} added", shiftName(spec)),
        ),
        colour: "neutral",
        isLevel: true,
      },
    ],
  };
  const input: Figure = {
    name: t("Input distance"),
    meaning: t("‖e − e*‖₁: how far the input still is from the prompt’s"),
    kind: "inputDistance",
    iterations,
    lines: [
      ...behind((other) => other.inputDistance),
      line(series.inputDistance, 0, t("input"), t("L1 distance of the input embedding to the prompt’s")),
    ],
  };
  const ratio: Figure = {
    name: RATIO,
    meaning: t("r = ‖e − e*‖₁ / d(O(e), O(e*)): how far the input moved for what the output did"),
    kind: "ratio",
    iterations,
    lines: [
      ...behind((other) => other.ratio),
      line(
        series.ratio,
        0,
        "r",
        t("Input distance by output distance: how far the input moved for what the output did"),
      ),
    ],
  };
  const ranks: Figure = {
    ...tokenFigure(run, series.iterations, t("Rank of the true token"), series.ranks, t("its rank among all tokens")),
    meaning: t("Place of the prompt’s token among all tokens by the decoder’s score, at its position; 1 is best"),
    from: 1,
  };
  const marks = marksOf(run, restart);
  const directions = ownFigures(run, series);
  if (countsRounds(spec) && page.beside.length === 0) return iterations.length > 1 ? directions : [];
  if (page.beside.length > 0) return comparisonFigures(page, [...directions, ranks]);
  const shown = recovers(spec) ? [output, input, ratio, ranks] : [ratio, output, input, ...directions, ranks];
  return shown.map((figure) => ({ ...figure, marks }));
}

/** When a restart first had the prompt's tokens, all and one by one, and when it first was below the noise threshold. */
export function marksOf(run: RunModel, restart: number): Mark[] {
  const { spec } = run.info;
  const firsts = run.firsts[restart];
  if (!firsts) return [];
  const threshold = belowThresholdAt(run, restart);
  const exact = firsts.firstExactIteration;
  const tokens = new Map<number, number>();
  for (const at of firsts.firstCorrectIterations) if (at !== null) tokens.set(at, (tokens.get(at) ?? 0) + 1);
  return [
    ...(threshold === undefined
      ? []
      : [{ kind: "threshold" as const, iteration: threshold.iteration, told: threshold.told }]),
    ...(exact === null ? [] : [{ kind: "exact" as const, iteration: exact, told: exactWhen(spec, firsts)! }]),
    ...[...tokens]
      .sort(([a], [b]) => a - b)
      .map(([iteration, count]) => ({
        kind: "token" as const,
        iteration,
        told: t("{0} first correct {1}", plural(count, "token"), firstAt(spec, iteration)),
      })),
  ];
}

/** What the method measures beside the distances. */
function ownFigures(run: RunModel, { iterations, own }: Series): Figure[] {
  const { spec } = run.info;
  return methodOf(spec).series.flatMap((series): Figure[] => {
    const columns = own.get(series.name) ?? [];
    if (columns.every((column) => column.every((value) => value === null))) return [];
    const shown = series.absolute
      ? columns.map((column) => column.map((value) => (value === null ? null : Math.abs(value))))
      : columns;
    if (series.perToken) return [tokenFigure(run, iterations, series.title(), shown, series.meaning(spec))];
    const only = line(shown[0], 0, series.label ?? series.title(), series.meaning(spec));
    return [
      {
        name: series.title(),
        iterations,
        lines: [series.dotted ? { ...only, dotted: true } : only],
        ...(series.from !== undefined && { from: series.from }),
      },
    ];
  });
}

function tokenFigure(
  { start }: RunModel,
  iterations: readonly number[],
  name: string,
  columns: readonly Column[],
  what: string,
): Figure {
  const shown = columns.slice(0, MOST_LINES);
  const rest = columns.length - shown.length;
  const written = (token: number): string =>
    visibleText(start!.target.tokens[token])
      .map(({ text }) => text)
      .join("");
  return {
    name: rest > 0 ? t("{0}, first {1} of {2}", name, MOST_LINES, columns.length) : name,
    iterations,
    lines: shown.map((column, token) => line(column, token, written(token), t("Token {0}: {1}", token + 1, what))),
  };
}

/**
 * What all runs of the comparison have, a line each over the union of their iterations, and then what only the shown one
 * has. Of the shown run it is the restart under study, with the others faint behind it, of the others the best.
 */
function comparisonFigures(page: PageModel, own: readonly Figure[]): Figure[] {
  const runs = comparedRuns(page).flatMap((run, place) => {
    const restart = restartOf(page, run);
    const series = run.series[restart];
    return series ? [{ run, restart, series, place }] : [];
  });
  const iterations = [...new Set(runs.flatMap(({ series }) => series.iterations))].sort((a, b) => a - b);
  const placeOf = new Map(iterations.map((iteration, place) => [iteration, place]));
  const spread = (from: readonly number[], column: Column): Column => {
    const values: (number | null)[] = Array.from(iterations, () => null);
    from.forEach((iteration, point) => (values[placeOf.get(iteration)!] = column[point]));
    return values;
  };
  const figure = (name: string, column: (series: Series, run: RunModel) => Column, kind?: Figure["kind"]): Figure => {
    const others = runs.flatMap(({ run, restart, place }) =>
      run === page.run
        ? run.series.flatMap((other, behind): Line[] =>
            behind === restart
              ? []
              : [
                  {
                    ...line(spread(other.iterations, column(other, run)), place),
                    dash: [],
                    faint: true,
                    restart: behind,
                  },
                ],
          )
        : [],
    );
    const lines = runs.map(({ run, series, place }) =>
      line(
        spread(series.iterations, column(series, run)),
        place,
        t("run {0}", run.info.id),
        run === page.run ? t("Run {0}, this one", runLabel(run.info)) : t("Run {0}", runLabel(run.info)),
      ),
    );
    return { name, iterations, lines: [...others, ...lines], marks, ...(kind && { kind }) };
  };
  const marks = runs.flatMap(({ run, restart, place }) =>
    marksOf(run, restart).flatMap((mark): Mark[] => {
      const { style, colour } = styleOf(place);
      return mark.kind === "exact" ? [{ ...mark, style, colour, told: t("run {0} {1}", run.info.id, mark.told) }] : [];
    }),
  );
  const shifts = runs.flatMap(({ run, series, place }): Line[] => {
    const level = run.start?.shiftDistance;
    const ends = [series.iterations[0], series.iterations.at(-1)!];
    if (level === undefined) return [];
    return [{ ...line(spread(ends, [level, level]), place), dash: SHIFT_DASH, faint: true }];
  });
  const output = figure(
    t("Output distance; level lines: noise threshold"),
    (series) => series.outputDistance,
    "outputDistance",
  );
  const input = figure(t("Input distance"), (series) => series.inputDistance, "inputDistance");
  const ratio = figure(RATIO, (series) => series.ratio, "ratio");
  const right: Figure = { ...figure(t("Correct tokens"), ({ right }) => right), from: 0 };
  const shared = [{ ...output, lines: [...shifts, ...output.lines] }, input];
  const isWalk = page.run !== undefined && !recovers(page.run.info.spec);
  return [
    ...(isWalk ? [ratio, ...shared] : [...shared, ratio]),
    right,
    ...own.map((each) => ({
      ...each,
      name: t("{0}, run {1}", each.name, page.run!.info.id),
      iterations,
      lines: each.lines.map((line) => ({ ...line, values: spread(each.iterations, line.values) })),
    })),
  ];
}

/** The figure for a file of its own: what is seen of it, in the colours of print; whoever has the run gives it a title. */
export const forPrint = (
  { name, iterations, lines, from, marks = [] }: Figure,
  logarithmic: boolean,
  span: readonly [low: number, high: number],
): PrintedFigure => ({
  title: "",
  marks: marks.flatMap(({ kind, iteration, style }) =>
    kind === "token" ? [] : [{ x: iteration, label: MARK_SIGNS[kind], ...(style !== undefined && { style }) }],
  ),
  xLabel: t("iteration"),
  yLabel: name,
  logarithmic: logarithmic && from === undefined,
  ...(from !== undefined && { from }),
  span,
  lines: lines.map(({ label, style, colour, faint, dotted, values }) => ({
    ...(label !== undefined && { name: label }),
    style,
    ...(faint && { faint }),
    ...(dotted && { dotted }),
    ...(colour === "neutral" && { neutral: true }),
    points: iterations.flatMap((iteration, i) => {
      const value = values[i];
      return typeof value === "number" ? [[iteration, value] as const] : [];
    }),
  })),
});

/**
 * Places of the points that are drawn between two iterations: all of them, or where there are many more than columns of
 * the drawing, of each line the lowest and the highest in each column.
 */
export function placesToDraw(
  { iterations, lines }: Figure,
  [low, high]: readonly [low: number, high: number],
  columns: number,
): number[] {
  // One beyond either end, so that lines go on to the edge.
  const first = Math.max(0, lastUpTo(iterations, low));
  const last = Math.min(iterations.length - 1, lastUpTo(iterations, high) + 1);
  const count = last - first + 1;
  const all = Array.from({ length: Math.max(0, count) }, (_, i) => first + i);
  if (count <= 4 * columns) return all;
  const drawn = new Uint8Array(count);
  drawn[0] = drawn[count - 1] = 1;
  for (const { values } of lines) {
    for (let column = 0; column < columns; column++) {
      const from = first + Math.floor((column * count) / columns);
      const to = first + Math.floor(((column + 1) * count) / columns);
      let [lowest, highest] = [-1, -1];
      for (let place = from; place < to; place++) {
        const value = values[place];
        if (typeof value !== "number") continue;
        if (lowest < 0 || value < values[lowest]!) lowest = place;
        if (highest < 0 || value > values[highest]!) highest = place;
      }
      if (lowest >= 0) drawn[lowest - first] = drawn[highest - first] = 1;
    }
  }
  return all.filter((place) => drawn[place - first] === 1);
}

/** Place of the last value that is not above `wanted`, of values from low to high; 0 where all are. */
export function lastUpTo(values: readonly number[], wanted: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** Exponential moving average with weight w on what came before, 0 ≤ w < 1, its start corrected for; gaps stay gaps. */
export function smoothed(values: Column, weight: number): (number | null)[] {
  let [sum, mass] = [0, 0];
  return values.map((value) => {
    if (value === null || value === undefined) return null;
    sum = weight * sum + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return sum / mass;
  });
}

/** The figure with smoothed lines over the faint ones that they were made from. */
export function withSmoothing(figure: Figure, weight: number): Figure {
  if (weight === 0) return figure;
  const lines = figure.lines.flatMap((line): Line[] => {
    if (line.faint || line.isLevel) return [line];
    if (line.dotted) return [line];
    const { style, colour, values } = line;
    return [
      { style, colour, values, dash: [], faint: true },
      { ...line, values: smoothed(line.values, weight) },
    ];
  });
  return { ...figure, lines };
}

/** The figure in a sentence, for those who do not see it. */
export function describeFigure({ name, iterations, lines, marks = [] }: Figure): string {
  const told = lines
    .filter(({ label }) => label !== undefined)
    .map(({ label, values }) => {
      const known = values.filter((value) => typeof value === "number");
      const [first, last] = [known[0], known.at(-1)];
      if (first === undefined || last === undefined) return t("{0} not known", label!);
      return first === last
        ? t("{0} at {1}", label!, formatNumber(first))
        : t("{0} from {1} to {2}", label!, formatNumber(first), formatNumber(last));
    });
  const [low, high] = [iterations[0] ?? 0, iterations.at(-1) ?? 0];
  const sentence = t("{0} over iterations {1} to {2}: {3}.", name, low, high, told.join("; "));
  const marked = marks.filter(({ kind }) => kind !== "token").map((mark) => mark.told);
  return marked.length === 0 ? sentence : `${sentence} ${t("Marked: {0}.", marked.join("; "))}`;
}

/** Of an axis share that is left free beyond the data. */
const MARGIN = 0.05;

/** The ends of an axis that fits the data from `low` to `high`, null where there are none; one of counts begins at `from`. */
export function fittedRange(
  low: number | null,
  high: number | null,
  { logarithmic, from }: { readonly logarithmic: boolean; readonly from: number | undefined },
): [number, number] {
  if (low === null || high === null) return logarithmic ? [1, 10] : [from ?? 0, (from ?? 0) + 1];
  if (logarithmic) {
    const factor = high > low ? (high / low) ** MARGIN : 1.5;
    return [low / factor, high * factor];
  }
  const margin = MARGIN * (high > low ? high - low : Math.abs(high) || 1);
  return from === undefined ? [low - margin, high + margin] : [Math.min(from, low), Math.max(high, from + 1) + margin];
}
