// What the plots show, as data: the figures of a run over its iterations, with those of the run beside it.

import { formatNumber, visibleText } from "./format.ts";
import {
  METRIC_NAMES,
  type PageModel,
  type RunModel,
  type Series,
  shiftName,
  shownRestart,
  shownSeries,
} from "./model.ts";

export const COLOURS = ["blue", "orange", "red", "green", "purple", "yellow"] as const;
export type Colour = (typeof COLOURS)[number];
/** Beside its colour a line has a pattern of its own, in CSS pixels of line and gap. */
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 4], [10, 3, 2, 3], [4, 2], [12, 6]];

export interface Line {
  /** In the legend; a line without one is not listed there. */
  readonly label?: string;
  /** What it is, for those who hover over the label. */
  readonly meaning?: string;
  readonly colour: Colour;
  readonly dash: readonly number[];
  /** In the background: other restarts, values before smoothing. */
  readonly faint?: boolean;
  readonly values: readonly (number | null)[];
}

export interface Figure {
  readonly name: string;
  /** The axis across, from low to high. */
  readonly iterations: readonly number[];
  readonly lines: readonly Line[];
  /** The column that it is about, where that is one. */
  readonly kind?: "outputDistance" | "inputDistance" | "ratio";
}

type Column = readonly (number | null)[];

/** More lines than these in one figure cannot be told apart. */
const MOST_TOKENS = 12;

const line = (values: Column, place: number, label?: string, meaning?: string): Line => ({
  values,
  colour: COLOURS[place % COLOURS.length],
  dash: DASHES[place % DASHES.length],
  ...(label !== undefined && { label }),
  ...(meaning !== undefined && { meaning }),
});

/** The shown restart's figures, with the other restarts behind them. */
export function runFigures(page: PageModel): Figure[] {
  const { run } = page;
  const series = shownSeries(page);
  if (!run?.start || !series) return [];
  const { spec } = run.info;
  const { iterations } = series;
  const restart = shownRestart(page);
  const behind = (column: (series: Series) => Column): Line[] =>
    run.series
      .filter((_, other) => other !== restart)
      .map((other) => ({ ...line(column(other), 0), dash: [], faint: true }));
  const output: Figure = {
    name: "Output distance",
    kind: "outputDistance",
    iterations,
    lines: [
      ...behind((other) => other.outputDistance),
      line(series.outputDistance, 0, "output", `${METRIC_NAMES[spec.metric]} distance of the output to the prompt’s`),
      line(
        iterations.map(() => run.start!.shiftDistance),
        2,
        "shift",
        `Median output distance of the prompt with noise ${shiftName(spec)} added`,
      ),
    ],
  };
  const input: Figure = {
    name: "Input distance",
    kind: "inputDistance",
    iterations,
    lines: [
      ...behind((other) => other.inputDistance),
      line(series.inputDistance, 0, "input", "L1 distance of the input embedding to the prompt’s"),
    ],
  };
  const ratio: Figure = {
    name: "Ratio r = d_i / d_o",
    kind: "ratio",
    iterations,
    lines: [
      ...behind((other) => other.ratio),
      line(series.ratio, 0, "r", "Input distance by output distance: how far the input moved for what the output did"),
    ],
  };
  const ranks = tokenFigure(
    run,
    series.iterations,
    "Rank of the true token",
    series.ranks,
    "its rank among all tokens",
  );
  const figures =
    spec.method === "inversion"
      ? [output, input, ratio, ranks]
      : [ratio, output, input, ...directionFigures(run, series), ranks];
  return withBeside(figures, page.beside);
}

/** What is known of the direction of each step. */
function directionFigures(run: RunModel, { iterations, gradientProducts, singularValue }: Series): Figure[] {
  if (gradientProducts.length > 0) {
    const sizes = gradientProducts.map((column) => column.map((value) => (value === null ? null : Math.abs(value))));
    return [tokenFigure(run, iterations, "|gradient · v|", sizes, "the gradient’s product with the step’s direction")];
  }
  if (singularValue.every((value) => value === null)) return [];
  const meaning = "‖J v‖₂ for the step’s unit vector v: how much the output moves for it";
  return [{ name: "Singular value ‖J v‖₂", iterations, lines: [line(singularValue, 0, "σ", meaning)] }];
}

function tokenFigure(
  { start }: RunModel,
  iterations: readonly number[],
  name: string,
  columns: readonly Column[],
  what: string,
): Figure {
  const shown = columns.slice(0, MOST_TOKENS);
  const rest = columns.length - shown.length;
  const written = (token: number): string =>
    visibleText(start!.target.tokens[token])
      .map(({ text }) => text)
      .join("");
  return {
    name: rest > 0 ? `${name}, first ${MOST_TOKENS} of ${columns.length}` : name,
    iterations,
    lines: shown.map((column, token) => line(column, token, written(token), `Token ${token + 1}: ${what}`)),
  };
}

/** The figures with a line each of the run that the shown one is compared with, over the union of their iterations. */
function withBeside(figures: readonly Figure[], beside: RunModel | undefined): Figure[] {
  const series = beside?.series[beside.end?.best.restart ?? 0];
  if (!beside || !series || figures.length === 0) return [...figures];
  const own = figures[0].iterations;
  const iterations = [...new Set([...own, ...series.iterations])].sort((a, b) => a - b);
  const placeOf = new Map(iterations.map((iteration, place) => [iteration, place]));
  const spread = (from: readonly number[], column: Column): Column => {
    const values: (number | null)[] = Array.from(iterations, () => null);
    from.forEach((iteration, point) => (values[placeOf.get(iteration)!] = column[point]));
    return values;
  };
  return figures.map(({ name, lines, kind }) => {
    const column = kind && series[kind];
    const other = column && {
      ...line(spread(series.iterations, column), 4, `run ${beside.info.id}`, `Run ${beside.info.id}, beside this one`),
    };
    const spreadLines = lines.map((each) => ({ ...each, values: spread(own, each.values) }));
    return { name, iterations, lines: other ? [...spreadLines, other] : spreadLines, ...(kind && { kind }) };
  });
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
    if (line.faint || line.label === "shift") return [line];
    const { colour, values } = line;
    return [
      { colour, values, dash: [], faint: true },
      { ...line, values: smoothed(line.values, weight) },
    ];
  });
  return { ...figure, lines };
}

/** The figure in a sentence, for those who do not see it. */
export function describeFigure({ name, iterations, lines }: Figure): string {
  const told = lines
    .filter(({ label }) => label !== undefined)
    .map(({ label, values }) => {
      const known = values.filter((value) => typeof value === "number");
      const [first, last] = [known[0], known.at(-1)];
      if (first === undefined || last === undefined) return `${label} not known`;
      return first === last
        ? `${label} at ${formatNumber(first)}`
        : `${label} from ${formatNumber(first)} to ${formatNumber(last)}`;
    });
  return `${name} over iterations ${iterations[0] ?? 0} to ${iterations.at(-1) ?? 0}: ${told.join("; ")}.`;
}
