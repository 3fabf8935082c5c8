// The decoded text of every shown iteration, a row each, its tokens in columns below the prompt's.

import { positionAtWork } from "../src/describe/recovered-tokens.ts";
import { countsRounds, iterationName } from "../src/describe/run-progress.ts";
import { recovers } from "../src/describe/run-verdict.ts";
import type { StepEvent } from "../src/experiments/events.ts";
import { tokensRight } from "../src/describe/tokens-right.ts";
import { chip, plainChip } from "./chips.ts";
import { element, setText } from "./dom.ts";
import { columnsOf, formatNumber, tokenParts } from "./format.ts";
import { t } from "./l10n.ts";
import { chipsOf } from "./chips-model.ts";
import { type PageModel, shownRestart, shownRow, shownSteps } from "./page-model.ts";
import type { RunModel, PromptTokens } from "./run-model.ts";
import { RowWindow } from "./row-window.ts";
import { button, OptionList } from "./toolkit.ts";

/** CSS pixels of a row and of the columns' heads, as in the style sheet. */
const ROW_HEIGHT = 25;
/** Columns of a longer prompt are left out here; the table of the iteration has them all. */
const MOST_COLUMNS = 128;

interface TimelineActions {
  /** A row, or undefined for the newest. */
  pickRow(row: number | undefined): void;
  pickRestart(restart: number | undefined): void;
}

export class Timeline {
  readonly element: HTMLElement;
  readonly #actions: TimelineActions;
  readonly #restarts: OptionList;
  readonly #follow: HTMLElement;
  readonly #scrubber = element("input", {
    "class": "scrubber",
    "type": "range",
    "min": "0",
    "aria-label": t("Iteration"),
  });
  readonly #title = element("h2");
  readonly #head = element("div", { "class": "cells names", "aria-hidden": "true" });
  readonly #list = element("div", {
    "class": "rows",
    "role": "listbox",
    "tabindex": "0",
    "aria-label": t("Shown iterations"),
  });
  readonly #window: RowWindow;
  #run: RunModel | undefined;
  #restart = 0;
  #steps: readonly StepEvent[] = [];
  #selected = -1;
  #revealed = -1;
  #following = true;
  /** Is the end of the list in sight, to be kept there as it grows? */
  #atEnd = true;

  constructor(actions: TimelineActions) {
    this.#actions = actions;
    this.#restarts = new OptionList(t("Restart"), (value) =>
      actions.pickRestart(value === "" ? undefined : Number(value)),
    );
    this.#follow = button(t("Follow Newest"), t("Show the newest iteration, and each that comes"), false, () =>
      this.#followNewest(),
    );
    this.#window = new RowWindow({
      head: this.#head,
      headHeight: ROW_HEIGHT,
      list: this.#list,
      rowHeight: ROW_HEIGHT,
      make: (row) => this.#makeRow(row),
      onDraw: () => this.#markSelected(),
      onScroll: () => {
        this.#atEnd = this.#window.atEnd;
        this.#keepEnd();
      },
      onResize: () => this.#keepEnd(),
    });
    this.element = element(
      "section",
      { "class": "timeline", "aria-label": t("Iterations") },
      element("div", { class: "section-head" }, this.#title, this.#restarts.element, this.#scrubber, this.#follow),
      this.#window.scroller,
    );
    this.#scrubber.addEventListener("input", () => actions.pickRow(Number(this.#scrubber.value)));
    this.#list.addEventListener("click", (event) => this.#onClick(event));
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  update(page: PageModel): void {
    const { run } = page;
    const restart = shownRestart(page);
    if (run !== this.#run) this.#atEnd = true;
    if (run !== this.#run || restart !== this.#restart) this.#clear();
    this.#run = run;
    this.#restart = restart;
    this.#steps = shownSteps(page);
    this.#following = page.row === undefined;
    this.element.hidden = this.#steps.length === 0;
    if (!run?.start || this.#steps.length === 0) return;
    setText(this.#title, this.#countsRounds ? t("Rounds") : t("Iterations"));
    if (this.#head.childElementCount === 0) this.#drawHead(run.start.target);
    this.#restarts.update(restartOptions(run), page.restart === undefined ? "" : String(page.restart));
    const row = shownRow(page);
    const moved = row !== this.#revealed;
    this.#selected = row;
    this.#revealed = row;
    this.#window.update(this.#steps.length);
    this.#scrubber.max = String(this.#steps.length - 1);
    this.#scrubber.value = String(row);
    this.#scrubber.setAttribute("aria-valuetext", iterationName(run.info.spec, this.#steps[row].iteration));
    if (moved && !this.#following) this.#window.reveal(row);
    this.#keepEnd();
  }

  get #isWalk(): boolean {
    return this.#run !== undefined && !recovers(this.#run.info.spec);
  }

  get #countsRounds(): boolean {
    return this.#run !== undefined && countsRounds(this.#run.info.spec);
  }

  #clear(): void {
    this.#window.clear();
    this.#head.replaceChildren();
    this.#selected = -1;
    this.#revealed = -1;
  }

  /** As the list grows, or its part in sight shrinks. */
  #keepEnd(): void {
    if (this.#following && this.#atEnd) this.#window.scrollToEnd();
    this.#follow.hidden = this.#following && this.#atEnd;
  }

  #followNewest(): void {
    this.#atEnd = true;
    this.#actions.pickRow(undefined);
    this.#list.focus();
  }

  #drawHead({ tokenIds, tokens, known }: PromptTokens): void {
    const shown = tokens.slice(0, MOST_COLUMNS);
    this.#window.scroller.style.setProperty(
      "--columns",
      columnWidths(this.#countsRounds ? 0 : this.#run!.info.spec.iterations, tokenIds, shown),
    );
    this.#head.replaceChildren(
      ...this.#names.map((name) => element("span", { class: "number" }, name)),
      ...shown.map((text, position) =>
        known === false ? element("span", {}, String(position + 1)) : plainChip(tokenIds[position], text),
      ),
      more(tokenIds.length),
    );
  }

  #makeRow(row: number): HTMLElement {
    const step = this.#steps[row];
    const { tokenIds } = this.#run!.start!.target;
    return element(
      "div",
      {
        "id": `row-${row}`,
        "class": "cells row",
        "role": "option",
        "aria-selected": "false",
        "aria-posinset": String(row + 1),
      },
      ...this.#figuresOf(step).map(([name, value]) =>
        element("span", { class: "number" }, spoken(`${name} `), value, spoken(", ")),
      ),
      ...chipsOf(step, tokenIds, this.#run!.info.spec).slice(0, MOST_COLUMNS).map(chip),
      more(tokenIds.length),
    );
  }

  /** The heads of the leading columns. */
  get #names(): readonly string[] {
    if (this.#countsRounds) return [t("Round"), t("Nearest"), t("Proved")];
    return [t("Iteration"), t("Output dist."), this.#isWalk ? t("Changed") : t("Correct")];
  }

  /** What a row has in them, with the name that is read out. */
  #figuresOf(step: StepEvent): readonly (readonly [name: string, value: string])[] {
    const { tokenIds } = this.#run!.start!.target;
    const number = step.iteration.toLocaleString("en");
    if (this.#countsRounds) {
      const nearest = positionAtWork(step)?.candidates[0].distance;
      const proved = step.proved?.filter(Boolean).length ?? 0;
      return [
        [t("round"), number],
        [t("nearest distance"), nearest === undefined ? "–" : formatNumber(nearest)],
        [t("tokens proved"), `${proved}/${tokenIds.length}`],
      ];
    }
    const right = tokensRight(step.tokenIds, tokenIds);
    return [
      [t("iteration"), number],
      [t("output distance"), formatNumber(step.outputDistance)],
      this.#isWalk
        ? [t("tokens changed"), `${tokenIds.length - right}/${tokenIds.length}`]
        : [t("correct tokens"), `${right}/${tokenIds.length}`],
    ];
  }

  #markSelected(): void {
    for (const [row, shown] of this.#window.rows) {
      shown.setAttribute("aria-selected", String(row === this.#selected));
      shown.setAttribute("aria-setsize", String(this.#steps.length));
    }
    const selected = this.#window.rows.get(this.#selected);
    if (selected) this.#list.setAttribute("aria-activedescendant", selected.id);
    else this.#list.removeAttribute("aria-activedescendant");
  }

  #onClick(event: MouseEvent): void {
    const row = event.target instanceof Element ? event.target.closest(".row") : null;
    if (row) this.#actions.pickRow(Number(row.id.slice("row-".length)));
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#steps.length - 1;
    const page = Math.max(1, this.#window.capacity - 1);
    const moves: Record<string, number> = {
      ArrowUp: this.#selected - 1,
      ArrowDown: this.#selected + 1,
      PageUp: this.#selected - page,
      PageDown: this.#selected + page,
      Home: 0,
    };
    if (event.key === "End") this.#followNewest();
    else if (event.key in moves) {
      // Kept at once: the next key may come before the page is drawn again.
      this.#selected = Math.max(0, Math.min(last, moves[event.key]));
      this.#actions.pickRow(this.#selected);
    } else return;
    event.preventDefault();
  }
}

/** Of the three leading columns, and of each token: room for the prompt's own one with its check mark. */
function columnWidths(iterations: number, tokenIds: readonly number[], tokens: readonly string[]): string {
  const iteration = Math.max(9, iterations.toLocaleString("en").length + 2);
  const right = 6 + 2 * String(tokenIds.length).length;
  const widths = tokens.map((text, position) => {
    const columns = columnsOf(tokenParts(tokenIds[position], text)) + 4;
    return `${Math.min(18, Math.max(8, columns))}ch`;
  });
  return `${iteration}ch 12ch ${right}ch ${widths.join(" ")} auto`;
}

const more = (tokens: number): HTMLElement =>
  element("span", { class: "more" }, tokens > MOST_COLUMNS ? t("and {0} more", tokens - MOST_COLUMNS) : "");

/** Words that the columns' heads say to the eye. */
const spoken = (words: string): HTMLElement => element("span", { class: "for-screen-readers" }, words);

function restartOptions({ info, end }: RunModel): { value: string; label: string }[] {
  const { restarts } = info.spec;
  const options = Array.from({ length: restarts }, (_, restart) => ({
    value: String(restart),
    label: end?.restarts[restart].exact ? t("Restart {0} · exact", restart + 1) : t("Restart {0}", restart + 1),
  }));
  if (restarts === 1) return options;
  return [
    { value: "", label: end ? t("Best: restart {0}", end.best.restart + 1) : t("Restart 1, the best at the end") },
    ...options,
  ];
}
