// The decoded text of every shown iteration, a row each, its tokens in columns below the prompt's. Only the rows in
// sight are in the document, so that ten thousand scroll like ten.

import { chip, plainChip } from "./chips.ts";
import { element } from "./dom.ts";
import { columnsOf, formatNumber, tokenParts } from "./format.ts";
import { chipsOf, type PageModel, type RunModel, shownRestart, shownRow, shownSteps, tokensRight } from "./model.ts";
import { button, OptionList } from "./toolkit.ts";
import type { StepEvent } from "../src/experiments/events.ts";

/** Height of a row in CSS pixels, the columns' heads included, as in the style sheet. */
const ROW_HEIGHT = 25;
/** Rows kept beyond either end of what is in sight. */
const MARGIN_ROWS = 6;
/** Columns of a longer prompt are left out here; the table of the iteration has them all. */
const MOST_COLUMNS = 128;

export interface TimelineActions {
  /** A row, or undefined for the newest. */
  pickRow(row: number | undefined): void;
  pickRestart(restart: number | undefined): void;
}

export class Timeline {
  readonly element: HTMLElement;
  readonly #actions: TimelineActions;
  readonly #restarts: OptionList;
  readonly #follow: HTMLElement;
  readonly #columns = element("div", { "class": "columns", "aria-hidden": "true" });
  readonly #list = element("div", {
    "class": "rows",
    "role": "listbox",
    "tabindex": "0",
    "aria-label": "Shown iterations",
  });
  readonly #scroller = element(
    "div",
    { class: "scroller" },
    element("div", { class: "sheet" }, this.#columns, this.#list),
  );
  /** The rows in the document, by number. */
  readonly #rows = new Map<number, HTMLElement>();
  #run: RunModel | undefined;
  #restart = 0;
  #steps: readonly StepEvent[] = [];
  #selected = -1;
  /** Is the newest row under study? */
  #following = true;
  /** Is the end of the list in sight, to be kept there as it grows? */
  #atEnd = true;
  /** The part in sight, in CSS pixels: kept, because asking for it makes the browser lay out the page at once. */
  #top = 0;
  #height = 0;

  constructor(actions: TimelineActions) {
    this.#actions = actions;
    this.#restarts = new OptionList("Restart", (value) =>
      actions.pickRestart(value === "" ? undefined : Number(value)),
    );
    this.#follow = button("Follow Newest", "Show the newest iteration, and each that comes", false, () =>
      this.#followNewest(),
    );
    this.element = element(
      "section",
      { "class": "timeline", "aria-label": "Iterations" },
      element("div", { class: "section-head" }, element("h2", {}, "Iterations"), this.#restarts.element, this.#follow),
      this.#scroller,
    );
    this.#scroller.addEventListener("scroll", () => this.#onScroll());
    new ResizeObserver(() => this.#onResize()).observe(this.#scroller);
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
    if (this.#columns.childElementCount === 0) this.#drawColumns(run.start.target);
    this.#restarts.update(restartOptions(run), page.restart === undefined ? "" : String(page.restart));
    this.#list.style.blockSize = `${this.#steps.length * ROW_HEIGHT}px`;
    this.#select(shownRow(page));
    this.#keepEnd();
  }

  /** As the list grows, or its part in sight shrinks. */
  #keepEnd(): void {
    const end = Math.max(0, this.#contentHeight - this.#height);
    if (this.#following && this.#atEnd && this.#top !== end) {
      this.#scroller.scrollTop = end;
      this.#top = end;
    }
    this.#draw();
  }

  get #contentHeight(): number {
    return (this.#steps.length + 1) * ROW_HEIGHT;
  }

  #clear(): void {
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#columns.replaceChildren();
    this.#selected = -1;
  }

  #drawColumns({
    tokenIds,
    tokens,
  }: {
    readonly tokenIds: readonly number[];
    readonly tokens: readonly string[];
  }): void {
    const shown = tokens.slice(0, MOST_COLUMNS);
    // Room for the prompt's own token with its check mark; what is longer is cut off, and whole in the tooltip.
    const widths = shown.map((text, position) => {
      const columns = columnsOf(tokenParts(tokenIds[position], text)) + 4;
      return `${Math.min(18, Math.max(8, columns))}ch`;
    });
    const digits = this.#run!.info.spec.iterations.toLocaleString("en").length;
    this.#scroller.style.setProperty(
      "--lead-columns",
      `${Math.max(9, digits + 2)}ch 12ch ${String(tokens.length).length * 2 + 6}ch`,
    );
    this.#scroller.style.setProperty("--token-columns", `${widths.join(" ")} auto`);
    this.#columns.replaceChildren(
      element("span", { class: "iteration" }, "Iteration"),
      element("span", { class: "distance" }, "Output dist."),
      element("span", { class: "right" }, "Right"),
      ...shown.map((text, position) => plainChip(tokenIds[position], text)),
      more(tokenIds.length),
    );
  }

  #onScroll(): void {
    this.#top = this.#scroller.scrollTop;
    this.#atEnd = this.#top + this.#height > this.#contentHeight - ROW_HEIGHT;
    this.#draw();
  }

  #onResize(): void {
    this.#height = this.#scroller.clientHeight;
    this.#keepEnd();
  }

  #draw(): void {
    this.#follow.hidden = this.#following && this.#atEnd;
    this.#drawRows();
  }

  #followNewest(): void {
    this.#atEnd = true;
    this.#actions.pickRow(undefined);
    this.#list.focus();
  }

  #select(row: number): void {
    if (row === this.#selected) return;
    this.#mark(this.#selected, false);
    this.#selected = row;
    if (!this.#following) this.#reveal(row);
  }

  #mark(row: number, selected: boolean): void {
    this.#rows.get(row)?.setAttribute("aria-selected", String(selected));
  }

  /** Puts the rows in sight into the document and takes the others out. */
  #drawRows(): void {
    const first = Math.max(0, Math.floor(this.#top / ROW_HEIGHT) - MARGIN_ROWS);
    const last = Math.min(this.#steps.length, Math.ceil((this.#top + this.#height) / ROW_HEIGHT) + MARGIN_ROWS);
    for (const [row, shown] of this.#rows) {
      if (row >= first && row < last) continue;
      shown.remove();
      this.#rows.delete(row);
    }
    for (let row = first; row < last; row++) {
      if (this.#rows.has(row)) continue;
      const made = this.#makeRow(row);
      this.#rows.set(row, made);
      this.#list.append(made);
    }
    for (const shown of this.#rows.values()) shown.setAttribute("aria-setsize", String(this.#steps.length));
    this.#mark(this.#selected, true);
    const selected = this.#rows.get(this.#selected);
    if (selected) this.#list.setAttribute("aria-activedescendant", selected.id);
    else this.#list.removeAttribute("aria-activedescendant");
  }

  #makeRow(row: number): HTMLElement {
    const step = this.#steps[row];
    const { tokenIds } = this.#run!.start!.target;
    const right = tokensRight(step.tokenIds, tokenIds);
    const made = element(
      "div",
      {
        "id": `row-${row}`,
        "class": right === tokenIds.length ? "row exact" : "row",
        "role": "option",
        "aria-selected": "false",
        "aria-posinset": String(row + 1),
      },
      element("span", { class: "iteration" }, spoken("iteration "), step.iteration.toLocaleString("en")),
      element("span", { class: "distance" }, spoken(", output distance "), formatNumber(step.outputDistance)),
      element("span", { class: "right" }, spoken(", tokens right "), `${right}/${tokenIds.length}`, spoken(", ")),
      ...chipsOf(step, tokenIds).slice(0, MOST_COLUMNS).map(chip),
      more(tokenIds.length),
    );
    made.style.insetBlockStart = `${row * ROW_HEIGHT}px`;
    return made;
  }

  #onClick(event: MouseEvent): void {
    const row = event.target instanceof Element ? event.target.closest(".row") : null;
    if (row) this.#actions.pickRow(Number(row.id.slice("row-".length)));
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#steps.length - 1;
    const page = Math.max(1, Math.floor(this.#height / ROW_HEIGHT) - 2);
    const moves: Record<string, number> = {
      ArrowUp: this.#selected - 1,
      ArrowDown: this.#selected + 1,
      PageUp: this.#selected - page,
      PageDown: this.#selected + page,
      Home: 0,
    };
    if (event.key === "End") this.#followNewest();
    else if (event.key in moves) this.#actions.pickRow(Math.max(0, Math.min(last, moves[event.key])));
    else return;
    event.preventDefault();
  }

  #reveal(row: number): void {
    const top = row * ROW_HEIGHT;
    // The heads of the columns cover the uppermost row's height.
    const lowest = top + 2 * ROW_HEIGHT - this.#height;
    if (top < this.#top) this.#scroller.scrollTop = top;
    else if (lowest > this.#top) this.#scroller.scrollTop = lowest;
  }
}

const more = (tokens: number): HTMLElement =>
  element("span", { class: "more" }, tokens > MOST_COLUMNS ? `and ${tokens - MOST_COLUMNS} more` : "");

/** Words that the columns' heads say to the eye. */
const spoken = (words: string): HTMLElement => element("span", { class: "for-screen-readers" }, words);

function restartOptions({ info, end }: RunModel): { value: string; label: string }[] {
  const { restarts } = info.spec;
  const options = Array.from({ length: restarts }, (_, restart) => ({
    value: String(restart),
    label: `Restart ${restart + 1}${end?.restarts[restart].exact ? " · exact" : ""}`,
  }));
  if (restarts === 1) return options;
  return [
    { value: "", label: end ? `Best: restart ${end.best.restart + 1}` : "Restart 1, the best at the end" },
    ...options,
  ];
}
