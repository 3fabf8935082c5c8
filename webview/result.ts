// What came of the run, in one glance: how many tokens, how close, and whether the model would go on the same way.

import { chip, plainChip } from "./chips.ts";
import { element } from "./dom.ts";
import { t } from "./l10n.ts";
import type { PageModel } from "./page-model.ts";
import { type Fact, type Result, resultOf } from "./result-model.ts";

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
    const label = t("Recovered text");
    const chips = (result.tokens ?? []).map(chip);
    const tokens = element("div", { "class": "tokens", "role": "group", "aria-label": label }, ...chips);
    this.element.replaceChildren(
      element(
        "div",
        { class: "verdict" },
        element("h2", {}, ...(result.exact ? [element("span", { "aria-hidden": "true" }, "✓ ")] : []), result.title),
        element("p", {}, result.text),
      ),
      ...(result.tokens ? [tokens] : []),
      element("dl", { class: "facts" }, ...result.facts.map(factView)),
      ...(result.work ? [workView(result.work)] : []),
    );
    // What scrolls is for the keyboard too.
    if (tokens.scrollHeight > tokens.clientHeight) tokens.tabIndex = 0;
  }
}

/** The tokens that were tried at a position, nearest first. */
function workView({ title, candidates }: NonNullable<Result["work"]>): HTMLElement {
  return element(
    "section",
    { "class": "work", "aria-label": t("Position at work") },
    element("h3", {}, title),
    element(
      "ol",
      {},
      ...candidates.map(({ id, text, figures }) =>
        element("li", {}, plainChip(id, text), element("span", { class: "figures" }, figures)),
      ),
    ),
  );
}

function factView({ label, value, tokens, note, meaning, good }: Fact): HTMLElement {
  const sign = good === undefined ? "" : good ? "✓ " : "✗ ";
  return element(
    "div",
    { "data-good": good === undefined ? undefined : String(good), "title": meaning },
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
