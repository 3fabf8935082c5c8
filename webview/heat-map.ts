// A sweep's map: a table whose places are coloured by a figure, walked through with the arrow keys and opened with Enter.

import type { HeatCell, HeatMap, HeatScale } from "../src/sweeps/view-data.ts";
import { element, setText } from "./dom.ts";
import { t } from "./l10n.ts";
import { type FigureUnit, spokenValue, valueText } from "./sweep-model.ts";

/** Columns and rows that are drawn; nobody reads more, and every place is a button. */
const MOST = 100;

interface ShownMap {
  readonly map: HeatMap;
  readonly label: string;
  readonly unit: FigureUnit;
}

export class HeatMapView {
  readonly #table = element("table", { role: "grid" });
  readonly #legend = element("p", { class: "legend" });
  readonly #more = element("p", { class: "note" });
  readonly element = element(
    "div",
    { class: "map" },
    element("div", { class: "map-scroller" }, this.#table),
    this.#legend,
    this.#more,
  );
  /** [row][column] */
  #buttons: (HTMLButtonElement | undefined)[][] = [];
  #focused: readonly [row: number, column: number] = [0, 0];
  /** The axes that the table was made for: with other figures, it stays. */
  #madeFor = "";

  constructor(open: (column: string, row: string) => void) {
    this.#table.addEventListener("keydown", (event) => this.#onKey(event));
    this.#table.addEventListener("focusin", ({ target }) => this.#take(target));
    this.#table.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button) open(button.dataset["column"] ?? "", button.dataset["row"] ?? "");
    });
  }

  update({ map, label, unit }: ShownMap): void {
    const made = JSON.stringify([map.across, map.down, map.columns, map.rows]);
    if (made !== this.#madeFor) {
      this.#madeFor = made;
      this.#build(map);
    }
    const { scale } = map;
    this.#buttons.forEach((buttons, row) =>
      buttons.forEach((button, column) => {
        const cell = map.cells[row][column];
        if (!button || !cell) return;
        const { value } = cell;
        setText(button, value === null ? "" : valueText(value, unit));
        // The style sheet mixes the colour: it knows the theme.
        button.style.setProperty("--strength", String(cell.strength));
        button.style.setProperty("--finished", String(cell.finished / cell.runs));
        button.classList.toggle("failed", cell.failed > 0);
        button.classList.toggle("open", cell.finished === 0);
        const told = placeText(map, row, column, cell, label, unit);
        button.setAttribute("aria-label", told);
        button.title = told;
      }),
    );
    setText(this.#legend, scale ? legendText(label, unit, scale) : t("{0}: no run is finished yet", label));
    const hidden = [Math.max(0, map.columns.length - MOST), Math.max(0, map.rows.length - MOST)];
    this.#more.hidden = hidden.every((count) => count === 0);
    setText(
      this.#more,
      t("{0} more columns and {1} more rows are in the results: choose other axes to see them.", ...hidden),
    );
    this.#table.setAttribute("aria-label", t("Map of the sweep: {0}", label));
  }

  #build({ across, down, columns, rows, cells }: HeatMap): void {
    const [shownColumns, shownRows] = [columns.slice(0, MOST), rows.slice(0, MOST)];
    this.#focused = [0, 0];
    this.#buttons = shownRows.map((row, i) =>
      shownColumns.map((column, j) =>
        cells[i][j] ? element("button", { "data-row": row, "data-column": column, "tabindex": "-1" }) : undefined,
      ),
    );
    const corner = element(
      "th",
      { class: "corner" },
      down ?? "",
      down && across ? " ↓ " : "",
      across ? `${across} →` : "",
    );
    this.#table.replaceChildren(
      element(
        "thead",
        { role: "rowgroup" },
        element(
          "tr",
          { role: "row" },
          corner,
          ...shownColumns.map((column) => element("th", { scope: "col", role: "columnheader", title: column }, column)),
        ),
      ),
      element(
        "tbody",
        { role: "rowgroup" },
        ...shownRows.map((row, i) =>
          element(
            "tr",
            { role: "row" },
            element("th", { scope: "row", role: "rowheader", title: row }, row),
            ...this.#buttons[i].map((button) => element("td", { role: "gridcell" }, ...(button ? [button] : []))),
          ),
        ),
      ),
    );
    corner.hidden = !across && !down;
    this.#buttons
      .flat()
      .find((button) => button !== undefined)
      ?.setAttribute("tabindex", "0");
  }

  /** The place that has the focus is the one that Tab comes back to. */
  #take(target: EventTarget | null): void {
    this.#buttons.forEach((buttons, row) =>
      buttons.forEach((button, column) => {
        if (button === target) this.#focused = [row, column];
        button?.setAttribute("tabindex", button === target ? "0" : "-1");
      }),
    );
  }

  #onKey(event: KeyboardEvent): void {
    const [row, column] = this.#focused;
    const [lastRow, lastColumn] = [this.#buttons.length - 1, (this.#buttons[0]?.length ?? 0) - 1];
    const places: Record<string, readonly [number, number]> = {
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      Home: event.ctrlKey ? [0, 0] : [row, 0],
      End: event.ctrlKey ? [lastRow, lastColumn] : [row, lastColumn],
    };
    const place = places[event.key];
    if (!place) return;
    event.preventDefault();
    this.#buttons[place[0]]?.[place[1]]?.focus();
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

const legendText = (label: string, unit: FigureUnit, { low, high, logarithmic }: HeatScale): string =>
  `${t("{0}: pale is {1}, strong {2}", label, spokenValue(low, unit), spokenValue(high, unit))}${logarithmic ? `, ${t("logarithmic")}` : ""}`;
