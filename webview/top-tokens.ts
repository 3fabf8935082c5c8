// The best tokens at each position of one iteration, with their scores, and where the prompt's token ranks among all.

import type { StepEvent } from "../src/experiments/events.ts";
import { chip, plainChip } from "./chips.ts";
import { element, setText } from "./dom.ts";
import { formatNumber } from "./format.ts";
import { type PageModel, shownStep } from "./model.ts";

type Target = { readonly tokenIds: readonly number[]; readonly tokens: readonly string[] };

export class TopTokens {
  readonly #title = element("h2");
  readonly #table = element("table");
  readonly element = element(
    "section",
    { "class": "top-tokens", "aria-label": "Best tokens a position" },
    element("div", { class: "section-head" }, this.#title),
    element(
      "div",
      { "class": "scroller", "tabindex": "0", "role": "region", "aria-label": "Table of the best tokens" },
      this.#table,
    ),
  );
  #shown: StepEvent | undefined;

  update(page: PageModel): void {
    const step = shownStep(page);
    const target = page.run?.start?.target;
    this.element.hidden = !step || !target;
    if (!step || !target || step === this.#shown) return;
    this.#shown = step;
    setText(this.#title, `Best tokens at iteration ${step.iteration.toLocaleString("en")}`);
    this.#table.style.setProperty("--places", String(step.topK[0].length));
    this.#table.replaceChildren(head(step), body(step, target));
  }
}

const cell = (text: string, className?: string): HTMLElement => element("th", { scope: "col", class: className }, text);

function head({ topK }: StepEvent): HTMLElement {
  const places = Array.from({ length: topK[0].length }, (_, place) => cell(ordinal(place + 1)));
  return element(
    "thead",
    {},
    element("tr", {}, cell("Prompt", "prompt-token"), cell("Rank", "number rank"), ...places),
  );
}

const ordinal = (place: number): string => `${place}${["st", "nd", "rd"][place - 1] ?? "th"}`;

function body({ topK, targetRanks }: StepEvent, { tokenIds, tokens }: Target): HTMLElement {
  const rows = topK.map((best, position) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, plainChip(tokenIds[position], tokens[position])),
      element(
        "td",
        { class: targetRanks[position] === 1 ? "number first" : "number" },
        targetRanks[position].toLocaleString("en"),
      ),
      ...best.map(({ id, text, score }) =>
        element(
          "td",
          {},
          chip({ id, text, matches: id === tokenIds[position] }),
          element("span", { class: "score" }, formatNumber(score)),
        ),
      ),
    ),
  );
  return element("tbody", {}, ...rows);
}
