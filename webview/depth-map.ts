// The map of a run at every depth: a row a number of blocks, a column a token of the prompt.

import { depthMapOf } from "./depth-map-model.ts";
import { element } from "./dom.ts";
import { GridView } from "./grid.ts";
import { t } from "./l10n.ts";
import type { PageModel } from "./page-model.ts";

export class DepthMapView {
  readonly #grid: GridView;
  readonly element: HTMLElement;
  #steps: readonly (number | undefined)[] = [];

  constructor(pickRow: (row: number) => void) {
    this.#grid = new GridView((row) => {
      const step = this.#steps[row];
      if (step !== undefined) pickRow(step);
    });
    const legend = t("✓ proved at the first guess, a number: proved after so many tries, ≈ most likely, ? unknown");
    this.element = element(
      "section",
      { "class": "depths", "aria-label": t("Recovered at every depth") },
      element("div", { class: "section-head" }, element("h2", {}, t("Recovered at every depth"))),
      element("div", { class: "map" }, this.#grid.element, element("p", { class: "map-legend" }, legend)),
    );
  }

  update(page: PageModel): void {
    const map = depthMapOf(page);
    this.element.hidden = !map;
    if (!map) return;
    this.#steps = map.steps;
    this.#grid.update(map.grid);
  }
}
