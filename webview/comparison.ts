// Two runs side by side: what they differ in first, then what each has come to.

import { element, setText } from "./dom.ts";
import { visibleText } from "./format.ts";
import { type Comparison, comparisonOf, type PageModel } from "./model.ts";
import { button } from "./toolkit.ts";

export interface ComparisonActions {
  /** Shows the other run, with this one beside it. */
  swap(): void;
  /** Shows the run by itself again. */
  end(): void;
}

export class ComparisonView {
  readonly element: HTMLElement;
  readonly #title = element("h2");
  readonly #table = element("table");
  #shown = "";

  constructor(actions: ComparisonActions) {
    this.element = element(
      "section",
      { "class": "comparison", "aria-label": "Comparison" },
      element(
        "div",
        { class: "section-head" },
        this.#title,
        button("Show Other", "Show the other run, with this one beside it", false, () => actions.swap()),
        button("End Comparison", "Show this run by itself", false, () => actions.end()),
      ),
      element("div", { class: "comparison-table", tabindex: "0" }, this.#table),
    );
  }

  update(page: PageModel): void {
    const comparison = comparisonOf(page);
    this.element.hidden = !comparison;
    const written = JSON.stringify(comparison);
    if (!comparison || written === this.#shown) return;
    this.#shown = written;
    const { names, differences } = comparison;
    setText(this.#title, `${names[0]} and ${names[1]}`);
    this.#table.replaceChildren(
      element("thead", {}, row("th", "", names)),
      element(
        "tbody",
        { class: "differences" },
        ...(differences.length > 0
          ? differences.map(({ field, values }) => row("td", field, values))
          : [row("td", "no field differs", ["", ""])]),
      ),
      element("tbody", {}, ...comparison.rows.map(({ label, values }) => row("td", label, values)), texts(comparison)),
    );
  }
}

const row = (tag: "th" | "td", label: string, values: readonly [string, string]): HTMLElement =>
  element("tr", {}, element("th", { scope: "row" }, label), ...values.map((value) => element(tag, {}, value)));

const texts = ({ texts }: Comparison): HTMLElement =>
  element(
    "tr",
    {},
    element("th", { scope: "row" }, "Decoded text"),
    ...texts.map((text) =>
      element(
        "td",
        { class: "decoded" },
        ...(text === ""
          ? ["–"]
          : visibleText(text).map(({ text, mark }) => element("span", mark ? { class: "mark" } : {}, text))),
      ),
    ),
  );
