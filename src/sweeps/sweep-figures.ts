// The figures that a sweep shows of the results of several runs: shares of restarts or of tokens, and medians.

import { median } from "../common/statistics.ts";
import type { RestartResult } from "../experiments/events.ts";
import { METHODS } from "../experiments/methods/table.ts";

export interface FigureOfResults {
  readonly label: string;
  /** Undefined where there is nothing to tell. */
  readonly of: (
    results: readonly RestartResult[],
    runs: readonly { readonly elapsedMs: number }[],
  ) => number | undefined;
  readonly unit?: "share" | "milliseconds";
  /** Of a share: what it is a share of, restarts or tokens. */
  readonly trials?: (results: readonly RestartResult[]) => number;
}

const share = (told: (result: RestartResult) => boolean | null): Omit<FigureOfResults, "label"> => {
  const known = (results: readonly RestartResult[]) => results.map(told).filter((value) => value !== null);
  return {
    unit: "share",
    of: (results) => {
      const all = known(results);
      return all.length === 0 ? undefined : all.filter(Boolean).length / all.length;
    },
    trials: (results) => known(results).length,
  };
};

/** Mean of a share of each result's tokens. */
const shareOfTokens = (told: (result: RestartResult) => number | null): Omit<FigureOfResults, "label"> => {
  const known = (results: readonly RestartResult[]) => results.filter((result) => told(result) !== null);
  return {
    unit: "share",
    of: (results) => {
      const all = known(results);
      return all.length === 0 ? undefined : all.reduce((sum, result) => sum + told(result)!, 0) / all.length;
    },
    trials: (results) => known(results).reduce((sum, { tokenIds }) => sum + tokenIds.length, 0),
  };
};

const middle = (told: (result: RestartResult) => number | null): Omit<FigureOfResults, "label"> => ({
  of: (results) => {
    const known = results.map(told).filter((value) => value !== null);
    return known.length === 0 ? undefined : median(known);
  },
});

/** Of every run: shares of restarts, means and medians. */
const COMMON_FIGURES: Readonly<Record<string, FigureOfResults>> = {
  exact: { label: "Exact", ...share(({ exact }) => exact) },
  tokensRight: { label: "Correct tokens", ...shareOfTokens(({ hamming }) => 1 - hamming.top1) },
  outputDistance: { label: "Output distance", ...middle(({ outputDistance }) => outputDistance) },
  discreteDistance: { label: "Discrete distance", ...middle(({ discreteDistance }) => discreteDistance) },
  inputDistance: { label: "Input distance", ...middle(({ inputDistance }) => inputDistance) },
  ratio: { label: "Input / output distance", ...middle(({ ratio }) => ratio) },
  beatsShift: { label: "Below the noise threshold", ...share(({ beatsShift }) => beatsShift) },
  beatsShiftAt: { label: "First iteration below it", ...middle(({ beatsShiftAt }) => beatsShiftAt) },
  firstExactIteration: {
    label: "First exact iteration",
    ...middle(({ firstExactIteration }) => firstExactIteration ?? null),
  },
  sameNextToken: { label: "Same next token", ...share(({ sameNextToken }) => sameNextToken) },
  elapsedMs: {
    label: "Time per run",
    unit: "milliseconds",
    of: (_, runs) => (runs.length === 0 ? undefined : median(runs.map(({ elapsedMs }) => elapsedMs))),
  },
};

/** Of the methods' own. */
export const ownFigures = (): Readonly<Record<string, FigureOfResults>> =>
  Object.fromEntries(
    METHODS.flatMap(({ figures = [] }) =>
      figures.map(({ name, label, of, ofTokens }) => [name, { label, ...(ofTokens ? shareOfTokens : middle)(of) }]),
    ),
  );

/** What a map or a chart can show: the figures that every run has, then those of the methods' own. */
export const heatFigures = (): Readonly<Record<string, FigureOfResults>> => ({ ...COMMON_FIGURES, ...ownFigures() });

/** A figure's label inside a line: "correct tokens", "KL divergence". */
export const labelInText = ({ label }: Pick<FigureOfResults, "label">): string =>
  label.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase());
