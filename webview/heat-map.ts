// A sweep's map: its runs by two axes, coloured by a figure.

import type { HeatCell, HeatMap, HeatScale } from "../src/sweeps/view-data.ts";
import { element, setText } from "./dom.ts";
import { MOST } from "./grid-model.ts";
import { GridView } from "./grid.ts";
import { t } from "./l10n.ts";
import { type FigureUnit, spokenValue, valueText } from "./sweep-model.ts";

interface ShownMap {
  readonly map: HeatMap;
  readonly label: string;
  readonly unit: FigureUnit;
}

export class HeatMapView {
  readonly #grid: GridView;
  readonly #legend = element("div", { class: "map-legend" });
  readonly #more = element("p", { class: "note" });
  readonly element: HTMLElement;
  #map: HeatMap | undefined;
  #written = "";

  constructor(open: (column: string, row: string) => void) {
    this.#grid = new GridView((row, column) => {
      if (this.#map) open(this.#map.columns[column], this.#map.rows[row]);
    });
    this.element = element("div", { class: "map" }, this.#grid.element, this.#legend, this.#more);
  }

  update({ map, label, unit }: ShownMap): void {
    this.#map = map;
    const { scale } = map;
    this.#grid.update({
      ...map,
      label: t("Map of the sweep: {0}", label),
      places: map.cells.map((cells, row) =>
        cells.map((cell, column) =>
          cell
            ? {
                text: cell.value === null ? "" : valueText(cell.value, unit),
                strength: cell.strength,
                finished: cell.finished / cell.runs,
                ...(cell.failed > 0 ? { mark: "failed" } : cell.finished === 0 ? { mark: "open" } : {}),
                told: placeText(map, row, column, cell, label, unit),
              }
            : undefined,
        ),
      ),
    });
    const legend = scale ? colourBar(label, unit, scale) : [t("{0}: no run is finished yet", label)];
    const written = legend.map((part) => (typeof part === "string" ? part : part.textContent)).join("|");
    if (written !== this.#written) this.#legend.replaceChildren(...legend);
    this.#written = written;
    const hidden = [Math.max(0, map.columns.length - MOST), Math.max(0, map.rows.length - MOST)];
    this.#more.hidden = hidden.every((count) => count === 0);
    setText(
      this.#more,
      t("{0} more columns and {1} more rows are in the results: choose other axes to see them.", ...hidden),
    );
  }
}

/** "blocks 3, output head: exact 70 %; 2 of 3 runs" */
function placeText(
  { across, down, columns, rows }: HeatMap,
  row: number,
  column: number,
  { value, runs, finished, failed }: HeatCell,
  label: string,
  unit: FigureUnit,
): string {
  const where = [...(down ? [`${down} ${rows[row]}`] : []), ...(across ? [`${across} ${columns[column]}`] : [])];
  const figure = value === null ? "–" : spokenValue(value, unit);
  const count = t("{0} of {1} runs", finished, runs);
  return [
    `${where.join(", ")}${where.length > 0 ? ": " : ""}${label} ${figure}`,
    failed > 0 ? `${count}, ${t("{0} failed", failed)}` : count,
  ].join("; ");
}

/** The figure's name, and its scale from the weakest colour to the strongest. */
const colourBar = (
  label: string,
  unit: FigureUnit,
  { low, high, logarithmic }: HeatScale,
): (string | HTMLElement)[] => [
  element("span", {}, logarithmic ? t("{0}, logarithmic", label) : label),
  element("span", {}, spokenValue(low, unit)),
  element("span", { "class": "colour-bar", "role": "img", "aria-label": t("to") }),
  element("span", {}, spokenValue(high, unit)),
];
