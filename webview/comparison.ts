// Runs side by side, a column each: what they differ in first, then what each has come to, and what each reads as at the
// iteration under study.

import { plural } from "../src/describe/numbers.ts";
import { chip } from "./chips.ts";
import { element, setText } from "./dom.ts";
import { styleOf } from "./figures.ts";
import { t } from "./l10n.ts";
import { type Comparison, comparisonOf, decodedSideBySide } from "./comparison-model.ts";
import type { PageModel } from "./page-model.ts";
import { button, iconButton } from "./toolkit.ts";
import { swatch } from "./swatch.ts";

interface ComparisonActions {
  show(id: string): void;
  remove(id: string): void;
  end(): void;
  export(): void;
}

export class ComparisonView {
  readonly element: HTMLElement;
  readonly #actions: ComparisonActions;
  readonly #title = element("h2");
  readonly #table = element("table");
  readonly #decoded = element("div", { class: "decoded" });
  #shown = "";
  #read = "";

  constructor(actions: ComparisonActions) {
    this.#actions = actions;
    this.element = element(
      "section",
      { "class": "comparison", "aria-label": t("Comparison") },
      element(
        "div",
        { class: "section-head" },
        this.#title,
        button(t("Export…"), t("Write this comparison as CSV, JSON, Markdown, LaTeX, SVG, PNG or HTML"), false, () =>
          actions.export(),
        ),
        button(t("End Comparison"), t("Show this run by itself"), false, () => actions.end()),
      ),
      element("div", { class: "comparison-table", tabindex: "0" }, this.#table),
      this.#decoded,
    );
  }

  update(page: PageModel): void {
    const comparison = comparisonOf(page);
    this.element.hidden = !comparison;
    if (!comparison) return;
    this.#updateTable(comparison);
    this.updateDecoded(page);
  }

  /** The part that follows the pointer. */
  updateDecoded(page: PageModel): void {
    const decoded = decodedSideBySide(page);
    const read = JSON.stringify([page.run?.info.compared, decoded]);
    if (read === this.#read) return;
    this.#read = read;
    this.#decoded.replaceChildren(
      ...decoded.flatMap((one, place) =>
        one
          ? [
              element(
                "section",
                { "aria-label": t("Run {0}, decoded", one.id) },
                element(
                  "p",
                  {},
                  swatch(styleOf(place)),
                  element("b", {}, t("Run {0}", one.id)),
                  " ",
                  one.place,
                  ...(one.right === undefined ? [] : [" · ", t("{0} of {1} correct", one.right, one.chips.length)]),
                ),
                element("div", { class: "tokens" }, ...one.chips.map(chip)),
              ),
            ]
          : [],
      ),
    );
  }

  #updateTable(comparison: Comparison): void {
    const written = JSON.stringify(comparison);
    if (written === this.#shown) return;
    this.#shown = written;
    const { runs, differences, rows } = comparison;
    setText(this.#title, plural(runs.length, "run"));
    this.#table.replaceChildren(
      element("thead", {}, element("tr", {}, element("td"), ...runs.map((run, place) => this.#head(run, place)))),
      element(
        "tbody",
        { class: "differences" },
        ...(differences.length > 0
          ? differences.map(({ field, values }) => row(field, values))
          : [element("tr", {}, element("td", { colspan: String(runs.length + 1) }, t("No field differs.")))]),
      ),
      element("tbody", {}, ...rows.map(({ label, values }) => row(label, values))),
    );
  }

  /** The run's name, which shows it when it is pressed, with the line that it has in the plots. */
  #head({ id, shown }: Comparison["runs"][number], place: number): HTMLElement {
    const show = element(
      "button",
      { "class": "run-name", "title": t("Show this run"), "aria-current": shown ? "true" : undefined },
      swatch(styleOf(place)),
      t("Run {0}", id),
    );
    show.addEventListener("click", () => this.#actions.show(id));
    const remove = iconButton("×", t("Take run {0} out of the comparison", id), () => this.#actions.remove(id));
    return element("th", { scope: "col" }, element("div", {}, show, remove));
  }
}

const row = (label: string, values: readonly string[]): HTMLElement =>
  element("tr", {}, element("th", { scope: "row" }, label), ...values.map((value) => element("td", {}, value)));
