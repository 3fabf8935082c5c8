// A sweep as a map: two of its axes, and a figure of all that was found where they meet, over the other axes and over the
// restarts.

import { heatChart } from "../reports/heat-chart.ts";
import { figure as figureText } from "../common/number-format.ts";
import { valueText } from "../describe/spec-fields.ts";
import { type FigureOfResults, heatFigures } from "./sweep-figures.ts";
import { type Cell, SEEDS } from "./sweep-files.ts";
import type { Outcome } from "./perform-sweep.ts";
import type { HeatAxis, HeatCell, HeatChoice, HeatMap, HeatScale } from "./view-data.ts";

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

/** The longest axis across, the next one down, seeds last; and whether the prompt came back. */
export function defaultChoice(axes: readonly HeatAxis[]): HeatChoice {
  const rank = ({ field, values }: HeatAxis): number => values.length - (SEEDS.includes(field) ? 1e6 : 0);
  const [across, down] = axes.toSorted((a, b) => rank(b) - rank(a));
  return { across: across?.field, down: down?.field, figure: "exact" };
}

/** Where the cells of a sweep lie on two of its axes: for a map that is drawn again and again. */
export interface HeatLayout extends Pick<HeatChoice, "across" | "down"> {
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  /** [row][column]; null where the axes' values do not meet in any run. */
  readonly places: readonly (readonly (readonly Cell[] | null)[])[];
}

/** Cells that lack one of the axes, as of another method, stand under "–". */
export function heatLayout(cells: readonly Cell[], { across, down }: Pick<HeatChoice, "across" | "down">): HeatLayout {
  const placeOf = ({ axes }: Cell, field: string | undefined): string =>
    field === undefined ? "" : valueText(axes[field]);
  const rows = new Map<string, Map<string, Cell[]>>();
  const columns = new Set<string>();
  for (const cell of cells) {
    const [column, row] = [placeOf(cell, across), placeOf(cell, down)];
    columns.add(column);
    let line = rows.get(row);
    if (!line) rows.set(row, (line = new Map<string, Cell[]>()));
    const place = line.get(column);
    if (place) place.push(cell);
    else line.set(column, [cell]);
  }
  const places = [...rows.values()].map((line) => [...columns].map((column) => line.get(column) ?? null));
  return { across, down, columns: [...columns], rows: [...rows.keys()], places };
}

/** The map of what is finished. */
export function heatMap(
  { across, down, columns, rows, places }: HeatLayout,
  outcomes: ReadonlyMap<string, Outcome>,
  figure: string,
): HeatMap {
  const { of, unit } = heatFigures()[figure];
  const found = places.map((line) => line.map((cells) => cells && heatCell(cells, outcomes, of)));
  const values = found.flat().flatMap((cell) => (cell === null || cell.value === null ? [] : [cell.value]));
  const scale = scaleOf(values, unit);
  const cells = found.map((line) =>
    line.map((cell) => cell && { ...cell, strength: scale && cell.value !== null ? strengthOf(cell.value, scale) : 0 }),
  );
  return { across, down, figure, columns, rows, cells, scale };
}

/** Values that differ by more than this factor are told apart by their powers of ten. */
const WIDE = 50;

function scaleOf(values: readonly number[], unit: FigureOfResults["unit"]): HeatScale | null {
  if (values.length === 0) return null;
  if (unit === "share") return { low: 0, high: 1, logarithmic: false };
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  return { low, high, logarithmic: low > 0 && high / low > WIDE };
}

function strengthOf(value: number, { low, high, logarithmic }: HeatScale): number {
  const place = logarithmic ? Math.log : (number: number) => number;
  const span = place(high) - place(low);
  return span > 0 ? (place(value) - place(low)) / span : 1;
}

function heatCell(
  group: readonly Cell[],
  outcomes: ReadonlyMap<string, Outcome>,
  of: FigureOfResults["of"],
): Omit<HeatCell, "strength"> {
  const found = group.flatMap(({ name }) => outcomes.get(name) ?? []);
  const completed = found.filter(({ status }) => status === "completed");
  const results = completed.flatMap(({ restarts }) => restarts);
  return {
    runs: group.length,
    finished: found.length,
    failed: found.length - completed.length,
    value: of(results, completed) ?? null,
  };
}

/** The map as a drawing for a paper. */
export function heatMapDrawing({ across, down, figure, columns, rows, cells, scale }: HeatMap, title: string): string {
  const { label, unit } = heatFigures()[figure];
  const text = (value: number): string => {
    if (unit === "share") return `${Math.round(100 * value)}`;
    if (unit === "milliseconds") return figureText(value / 1000, 2);
    return figureText(value, 3);
  };
  const units = { share: " (%)", milliseconds: " (s)" } as const;
  return heatChart({
    title,
    xLabel: across ?? "",
    yLabel: down ?? "",
    columns,
    rows,
    places: cells.map((line) =>
      line.map((cell) => cell && { text: cell.value === null ? "" : text(cell.value), strength: cell.strength }),
    ),
    legend: `${label}${unit ? units[unit] : ""}${scale?.logarithmic ? ", logarithmic" : ""}`,
    ...(scale && { ends: [text(scale.low), text(scale.high)] as const }),
  });
}
