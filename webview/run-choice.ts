// A list of the session's runs to tick for a comparison; opened by a button, in the page's flow, so that it has the
// width of the panel.

import type { RunInfo } from "../src/session/panel-messages.ts";
import { element, setText } from "./dom.ts";
import { MOST_LINES } from "./figures.ts";
import { t } from "./l10n.ts";
import { runLabel } from "./run-label.ts";
import { button } from "./toolkit.ts";

export class RunChoice {
  readonly button: HTMLElement;
  readonly element: HTMLElement;
  readonly #onChoose: (ids: readonly string[]) => void;
  readonly #list = element("ul");
  readonly #full = element("p", { class: "note", role: "status" });
  readonly #boxes = new Map<string, { readonly box: HTMLInputElement; readonly text: HTMLElement }>();
  #chosen = "";

  constructor(onChoose: (ids: readonly string[]) => void) {
    this.#onChoose = onChoose;
    this.button = button(t("Compare…"), t("Choose the runs to compare this one with"), false, () => this.#toggle());
    this.element = element(
      "div",
      { "class": "run-choice", "id": "run-choice", "role": "group", "aria-label": t("Compare with") },
      this.#list,
      this.#full,
    );
    this.element.hidden = true;
    this.button.setAttribute("aria-controls", "run-choice");
    this.button.setAttribute("aria-expanded", "false");
    this.element.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") return;
      this.#toggle();
      this.button.focus();
    });
  }

  update(runs: readonly RunInfo[], run: RunInfo): void {
    const others = runs.toReversed().filter(({ id }) => id !== run.id);
    this.button.hidden = others.length === 0;
    if (others.length === 0) this.element.hidden = true;
    const ids = others.map(({ id }) => id);
    if (ids.join() !== [...this.#boxes.keys()].join()) this.#fill(ids);
    const full = Math.max(1, run.compared.length) >= MOST_LINES;
    for (const other of others) {
      const { box, text } = this.#boxes.get(other.id)!;
      setText(text, runLabel(other));
      box.disabled = full && !run.compared.includes(other.id);
    }
    // A box just ticked is right before the host has heard of it.
    const chosen = [run.id, ...run.compared].join();
    if (chosen !== this.#chosen) {
      this.#chosen = chosen;
      for (const [id, { box }] of this.#boxes) box.checked = run.compared.includes(id);
    }
    setText(this.#full, full ? t("{0} runs are compared at most: untick one to choose another.", MOST_LINES) : "");
    this.#full.hidden = !full;
  }

  #fill(ids: readonly string[]): void {
    const checked = new Set([...this.#boxes].filter(([, { box }]) => box.checked).map(([id]) => id));
    this.#boxes.clear();
    this.#list.replaceChildren(
      ...ids.map((id) => {
        const box = element("input", { type: "checkbox" });
        const text = element("span");
        box.checked = checked.has(id);
        box.addEventListener("change", () =>
          this.#onChoose(ids.filter((other) => this.#boxes.get(other)!.box.checked)),
        );
        this.#boxes.set(id, { box, text });
        return element("li", {}, element("label", {}, box, text));
      }),
    );
    this.#chosen = "";
  }

  #toggle(): void {
    this.element.hidden = !this.element.hidden;
    this.button.setAttribute("aria-expanded", String(!this.element.hidden));
    if (!this.element.hidden) this.#list.querySelector("input")?.focus();
  }
}
