// A sweep as a map: two of its axes, and a figure of all that was found where they meet, over the other axes and over the
// restarts.

import { median } from "../common/statistics.ts";
import type { RestartResult } from "../experiments/events.ts";
import { type Cell, valueText } from "./files.ts";
import type { Outcome } from "./perform.ts";
import type { HeatAxis, HeatCell, HeatChoice, HeatFigure, HeatMap } from "./view-data.ts";

interface FigureOfResults {
  readonly label: string;
  /** Undefined where there is nothing to tell. */
  readonly of: (results: readonly RestartResult[], outcomes: readonly Outcome[]) => number | undefined;
  readonly unit?: "share" | "milliseconds";
}

const share = (told: (result: RestartResult) => boolean | null) => (results: readonly RestartResult[]) => {
  const known = results.map(told).filter((value) => value !== null);
  return known.length === 0 ? undefined : known.filter(Boolean).length / known.length;
};

const middle = (told: (result: RestartResult) => number | null) => (results: readonly RestartResult[]) => {
  const known = results.map(told).filter((value) => value !== null);
  return known.length === 0 ? undefined : median(known);
};

/** What a map can show. */
export const HEAT_FIGURES = {
  exact: { label: "Exact", unit: "share", of: share(({ exact }) => exact) },
  tokensRight: {
    label: "Tokens right",
    unit: "share",
    of: (results) =>
      results.length === 0
        ? undefined
        : results.reduce((sum, { hamming }) => sum + 1 - hamming.top1, 0) / results.length,
  },
  outputDistance: { label: "Output distance", of: middle(({ outputDistance }) => outputDistance) },
  discreteDistance: { label: "Discrete distance", of: middle(({ discreteDistance }) => discreteDistance) },
  inputDistance: { label: "Input distance", of: middle(({ inputDistance }) => inputDistance) },
  ratio: { label: "Input / output distance", of: middle(({ ratio }) => ratio) },
  beatsShift: { label: "Closer than the shift", unit: "share", of: share(({ beatsShift }) => beatsShift) },
  beatsShiftAt: { label: "Iterations until then", of: middle(({ beatsShiftAt }) => beatsShiftAt) },
  sameNextToken: { label: "Same next token", unit: "share", of: share(({ sameNextToken }) => sameNextToken) },
  elapsedMs: {
    label: "Time a run",
    unit: "milliseconds",
    of: (_, outcomes) => (outcomes.length === 0 ? undefined : median(outcomes.map(({ elapsedMs }) => elapsedMs))),
  },
} as const satisfies Record<HeatFigure, FigureOfResults>;

export const HEAT_FIGURE_NAMES = Object.keys(HEAT_FIGURES) as readonly HeatFigure[];

/** The axes with more than one value. */
export function heatAxes(cells: readonly Cell[]): HeatAxis[] {
  const values = new Map<string, Set<string>>();
  for (const { axes } of cells) {
    for (const [field, value] of Object.entries(axes)) {
      const known = values.get(field);
      if (known) known.add(valueText(value));
      else values.set(field, new Set([valueText(value)]));
    }
  }
  return [...values]
    .map(([field, texts]) => ({ field, values: [...texts] }))
    .filter(({ values: { length } }) => length > 1);
}

/** Axes over which a condition is repeated: a map is rather of others. */
const SEEDS = ["seed", "initSeed"];

/** The longest axis across, the next one down; and whether the prompt came back. */
export function defaultChoice(axes: readonly HeatAxis[]): HeatChoice {
  const rank = ({ field, values }: HeatAxis): number => values.length - (SEEDS.includes(field) ? 1e6 : 0);
  const [across, down] = axes.toSorted((a, b) => rank(b) - rank(a));
  return { across: across?.field, down: down?.field, figure: "exact" };
}

/** Where a cell stands on an axis; one that lacks it, as of another method, under "–". */
const placeOf = ({ axes }: Cell, field: string | undefined): string =>
  field === undefined ? "" : valueText(axes[field]);

/** The cells that lie where a column and a row of a map meet. */
export const cellsAt = (
  cells: readonly Cell[],
  { across, down }: Pick<HeatChoice, "across" | "down">,
  column: string,
  row: string,
): Cell[] => cells.filter((cell) => placeOf(cell, across) === column && placeOf(cell, down) === row);

/** The map of what is finished. */
export function heatMap(
  cells: readonly Cell[],
  outcomes: ReadonlyMap<string, Outcome>,
  { across, down, figure }: HeatChoice,
): HeatMap {
  const placed = cells.map((cell) => ({ cell, column: placeOf(cell, across), row: placeOf(cell, down) }));
  const columns = [...new Set(placed.map(({ column }) => column))];
  const rows = [...new Set(placed.map(({ row }) => row))];
  const groups = new Map<string, Map<string, Cell[]>>();
  for (const { cell, column, row } of placed) {
    const line = groups.get(row) ?? new Map<string, Cell[]>();
    groups.set(row, line);
    const group = line.get(column);
    if (group) group.push(cell);
    else line.set(column, [cell]);
  }
  return {
    across,
    down,
    figure,
    columns,
    rows,
    cells: rows.map((row) =>
      columns.map((column) => {
        const group = groups.get(row)?.get(column);
        return group ? heatCell(group, outcomes, figure) : null;
      }),
    ),
  };
}

function heatCell(group: readonly Cell[], outcomes: ReadonlyMap<string, Outcome>, figure: HeatFigure): HeatCell {
  const found = group.flatMap(({ name }) => outcomes.get(name) ?? []);
  const completed = found.filter(({ status }) => status === "completed");
  const results = completed.flatMap(({ restarts }) => restarts);
  return {
    runs: group.length,
    finished: found.length,
    failed: found.length - completed.length,
    value: HEAT_FIGURES[figure].of(results, completed) ?? null,
  };
}
