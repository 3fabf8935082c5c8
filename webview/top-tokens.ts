// The top-k tokens per position of one iteration, with their scores, and where the prompt's token ranks among all.

import { atIteration } from "../src/describe/run-progress.ts";
import type { FirstIterations } from "../src/describe/exact-when.ts";
import type { StepEvent } from "../src/experiments/events.ts";
import { chip, plainChip } from "./chips.ts";
import { element, setText } from "./dom.ts";
import { formatNumber } from "./format.ts";
import { t } from "./l10n.ts";
import { type PageModel, shownRestart, shownStep } from "./page-model.ts";
import type { PromptTokens } from "./run-model.ts";
import { RowWindow } from "./row-window.ts";

/** CSS pixels of a row and of the columns' heads, as in the style sheet. */
const ROW_HEIGHT = 36;
const HEAD_HEIGHT = 25;

export class TopTokens {
  readonly element: HTMLElement;
  readonly #title = element("h2");
  readonly #head = element("div", { class: "cells names", role: "row" });
  readonly #list = element("div", { class: "rows", role: "rowgroup" });
  readonly #window: RowWindow;
  #step: StepEvent | undefined;
  #target: PromptTokens | undefined;
  #firsts: FirstIterations | undefined;

  constructor() {
    this.#window = new RowWindow({
      head: element("div", { class: "head", role: "rowgroup" }, this.#head),
      headHeight: HEAD_HEIGHT,
      list: this.#list,
      rowHeight: ROW_HEIGHT,
      make: (row) => this.#makeRow(row),
    });
    const { scroller } = this.#window;
    for (const [name, value] of Object.entries({ "role": "table", "tabindex": "0", "aria-label": t("Top-k tokens") })) {
      scroller.setAttribute(name, value);
    }
    this.element = element(
      "section",
      { "class": "top-tokens", "aria-label": t("Top-k tokens per position") },
      element("div", { class: "section-head" }, this.#title),
      scroller,
    );
  }

  update(page: PageModel): void {
    const step = shownStep(page);
    const target = page.run?.start?.target;
    this.element.hidden = !step || !target;
    const firsts = page.run?.firsts[shownRestart(page)];
    if (!step || !target || (step === this.#step && firsts === this.#firsts)) return;
    this.#step = step;
    this.#firsts = firsts;
    this.#target = target;
    setText(
      this.#title,
      t("Top-{0} tokens {1}", step.topK[0].length, atIteration(page.run!.info.spec, step.iteration)),
    );
    this.#drawHead(step);
    this.#window.clear();
    this.#window.update(step.topK.length);
  }

  #drawHead({ topK }: StepEvent): void {
    const places = topK[0].length;
    this.#window.scroller.setAttribute("aria-rowcount", String(topK.length + 1));
    this.#window.scroller.style.setProperty(
      "--columns",
      `96px 56px ${this.#firsts ? "96px " : ""}repeat(${places}, minmax(82px, 1fr))`,
    );
    const first = this.#firsts ? [t("First correct")] : [];
    const names = [
      t("Prompt"),
      t("Rank"),
      ...first,
      ...Array.from({ length: places }, (_, place) => ordinal(place + 1)),
    ];
    this.#head.replaceChildren(
      ...names.map((name, column) =>
        element(
          "span",
          { role: "columnheader", class: column === 1 || column === first.length + 1 ? "number" : undefined },
          name,
        ),
      ),
    );
  }

  #makeRow(position: number): HTMLElement {
    const { topK, targetRanks } = this.#step!;
    const { tokenIds, tokens } = this.#target!;
    const rank = targetRanks[position];
    const first = this.#firsts?.firstCorrectIterations[position];
    return element(
      "div",
      { "class": "cells", "role": "row", "aria-rowindex": String(position + 2) },
      element("span", { role: "rowheader" }, plainChip(tokenIds[position], tokens[position])),
      element("span", { role: "cell", class: rank === 1 ? "number first" : "number" }, rank.toLocaleString("en")),
      ...(this.#firsts ? [element("span", { role: "cell", class: "number" }, first?.toLocaleString("en") ?? "–")] : []),
      ...topK[position].map(({ id, text, score }) =>
        element(
          "span",
          { role: "cell" },
          chip({ id, text, ...(id === tokenIds[position] && { mark: "matches" as const }) }),
          element("span", { class: "score" }, formatNumber(score)),
        ),
      ),
    );
  }
}

const ordinal = (place: number): string => {
  const tens = Math.floor(place / 10) % 10;
  return `${place}${(tens !== 1 && ["st", "nd", "rd"][(place % 10) - 1]) || "th"}`;
};
