// The restarts of a run as a table: sorted by its heads; a click or Enter shows a restart, the pointer lights its line.

import { element } from "./dom.ts";
import { t } from "./l10n.ts";
import type { PageModel } from "./page-model.ts";
import {
  RESTART_COLUMNS,
  type RestartOrder,
  type RestartRow,
  type RestartTable,
  restartTable,
} from "./restarts-model.ts";

interface RestartsActions {
  pick(restart: number): void;
  /** The restart under the pointer or with the focus; undefined when it has left. */
  light(restart: number | undefined): void;
}

/** Higher is better there: the first click has the best on top. */
const DESCENDING: readonly string[] = ["exact", "correct"];
const NUMBERS: readonly string[] = RESTART_COLUMNS.filter((name) => name !== "exact" && name !== "text");

export class RestartsView {
  readonly #table = element("table");
  readonly element = element(
    "section",
    { "class": "restarts", "aria-label": t("Restarts") },
    element("div", { class: "section-head" }, element("h2", {}, t("Restarts"))),
    element(
      "div",
      { "class": "restarts-table", "tabindex": "0", "role": "group", "aria-label": t("Restarts") },
      this.#table,
    ),
  );
  #order: RestartOrder = { column: "restart", descending: false };
  #page: PageModel | undefined;
  #shown = "";

  constructor(actions: RestartsActions) {
    this.#table.addEventListener("click", ({ target }) => {
      const restart = restartOf(target);
      if (restart !== undefined) actions.pick(restart);
    });
    const light = ({ target }: Event) => actions.light(restartOf(target));
    this.#table.addEventListener("pointerover", light);
    this.#table.addEventListener("focusin", light);
    this.#table.addEventListener("pointerleave", () => actions.light(undefined));
    this.#table.addEventListener("focusout", () => actions.light(undefined));
  }

  update(page: PageModel): void {
    this.#page = page;
    const table = restartTable(page, this.#order);
    this.element.hidden = !table;
    const written = JSON.stringify([table, this.#order]);
    if (!table || written === this.#shown) return;
    this.#shown = written;
    this.#draw(table);
  }

  #draw({ columns, rows }: RestartTable): void {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["focus"] : undefined;
    const heads = columns.map(({ name, label, meaning }) => {
      const isSorted = this.#order.column === name;
      const sign = isSorted ? (this.#order.descending ? " ↓" : " ↑") : "";
      const head = element("button", { "data-focus": `head-${name}`, "title": meaning }, label, sign);
      head.addEventListener("click", () => {
        const descending = isSorted ? !this.#order.descending : DESCENDING.includes(name);
        this.#order = { column: name, descending };
        if (this.#page) this.update(this.#page);
      });
      const sorted = this.#order.descending ? "descending" : "ascending";
      return element(
        "th",
        { "scope": "col", "class": numberClass(name), "aria-sort": isSorted ? sorted : undefined },
        head,
      );
    });
    this.#table.replaceChildren(
      element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...rows.map((row) => rowView(row, columns))),
    );
    if (focused === undefined) return;
    this.#table.querySelector<HTMLElement>(`[data-focus="${focused}"]`)?.focus();
  }
}

const numberClass = (column: string): string | undefined => (NUMBERS.includes(column) ? "number" : undefined);

function rowView({ restart, shown, best, cells }: RestartRow, columns: RestartTable["columns"]): HTMLElement {
  const [name, ...rest] = cells;
  const button = element(
    "button",
    {
      "class": "run-name",
      "data-focus": `restart-${restart}`,
      "aria-current": shown ? "true" : undefined,
      "title": t("Show restart {0}", name),
    },
    best ? t("{0}, best", name) : name,
  );
  return element(
    "tr",
    { "data-restart": String(restart), "class": shown ? "shown" : undefined },
    element("th", { scope: "row", class: "number" }, button),
    ...rest.map((cell, i) => element("td", { class: numberClass(columns[i + 1].name) ?? columns[i + 1].name }, cell)),
  );
}

function restartOf(target: EventTarget | null): number | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>("tr[data-restart]") : null;
  return row ? Number(row.dataset["restart"]) : undefined;
}
