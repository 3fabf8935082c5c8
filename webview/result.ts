// What came of the run, in one glance: how many tokens, how close, and whether the model would go on the same way.

import { plainChip } from "./chips.ts";
import { element } from "./dom.ts";
import { t } from "./l10n.ts";
import type { PageModel } from "./page-model.ts";
import { type Fact, resultOf } from "./result-model.ts";

export class ResultView {
  readonly element = element("section", { "class": "result", "aria-label": t("Result") });
  #shown = "";

  update(page: PageModel): void {
    const result = resultOf(page);
    this.element.hidden = !result;
    const written = JSON.stringify(result);
    if (!result || written === this.#shown) return;
    this.#shown = written;
    this.element.classList.toggle("exact", result.exact);
    this.element.replaceChildren(
      element(
        "div",
        { class: "verdict" },
        element("h2", {}, ...(result.exact ? [element("span", { "aria-hidden": "true" }, "✓ ")] : []), result.title),
        element("p", {}, result.text),
      ),
      element("dl", { class: "facts" }, ...result.facts.map(factView)),
    );
  }
}

function factView({ label, value, tokens, note, good }: Fact): HTMLElement {
  const sign = good === undefined ? "" : good ? "✓ " : "✗ ";
  return element(
    "div",
    { "data-good": good === undefined ? undefined : String(good) },
    element("dt", {}, label),
    element(
      "dd",
      {},
      element("span", { class: "value" }, sign, value),
      ...(tokens ? [element("span", { class: "tokens" }, ...tokenPair(tokens))] : []),
      element("span", { class: "note" }, note),
    ),
  );
}

function tokenPair([target, found]: NonNullable<Fact["tokens"]>): (HTMLElement | string)[] {
  return [plainChip(target.id, target.text), target.id === found.id ? " = " : " ≠ ", plainChip(found.id, found.text)];
}
