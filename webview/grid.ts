// A table whose places are coloured by a figure, walked through with the arrow keys and opened with Enter.

import { element, setText } from "./dom.ts";
import { type Grid, MOST } from "./grid-model.ts";

export class GridView {
  readonly #table = element("table", { role: "grid" });
  readonly element = element("div", { class: "map-scroller" }, this.#table);
  /** [row][column] */
  #buttons: (HTMLButtonElement | undefined)[][] = [];
  #focused: readonly [row: number, column: number] = [0, 0];
  /** The axes that the table was made for: with other figures, it stays. */
  #madeFor = "";

  constructor(open: (row: number, column: number) => void) {
    this.#table.addEventListener("keydown", (event) => this.#onKey(event));
    this.#table.addEventListener("focusin", ({ target }) => this.#take(target));
    this.#table.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button) open(Number(button.dataset["row"]), Number(button.dataset["column"]));
    });
  }

  update(grid: Grid): void {
    const { across, down, columns, rows, places } = grid;
    const there = places.map((row) => row.map((place) => place !== undefined));
    const made = JSON.stringify([across, down, columns, rows, there]);
    if (made !== this.#madeFor) {
      this.#madeFor = made;
      this.#build(grid);
    }
    this.#table.setAttribute("aria-label", grid.label);
    this.#buttons.forEach((buttons, row) =>
      buttons.forEach((button, column) => {
        const place = places[row][column];
        if (!button || !place) return;
        setText(button, place.text);
        // The style sheet mixes the colour: it knows the theme.
        button.style.setProperty("--strength", String(place.strength));
        button.style.setProperty("--finished", String(place.finished ?? 0));
        button.className = place.mark ?? "";
        button.setAttribute("aria-label", place.told);
        button.title = place.told;
      }),
    );
  }

  #build({ across, down, columns, rows, places }: Grid): void {
    const [shownColumns, shownRows] = [columns.slice(0, MOST), rows.slice(0, MOST)];
    this.#focused = [0, 0];
    this.#buttons = shownRows.map((_, i) =>
      shownColumns.map((_, j) =>
        places[i][j] ? element("button", { "data-row": `${i}`, "data-column": `${j}`, "tabindex": "-1" }) : undefined,
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
