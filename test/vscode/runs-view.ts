// What a person sees and does in the view *Runs* of the side panel, for tests in a real VS Code.

import type { Locator } from "playwright-core";
import { until } from "./until.ts";
import { type PagePart, shown, type Workbench } from "./workbench.ts";

export class RunsView {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  /** Opens the view, which then has the focus. */
  async open(): Promise<void> {
    await this.#workbench.runCommand("Inversion Lab: Focus on Runs View");
    await shown(this.pane, "the view Runs");
  }

  get pane(): Locator {
    const { page } = this.#workbench;
    return page.locator(".pane", { has: page.locator('[aria-label="Runs Section"]') });
  }

  /** Every line of the tree: days and runs. */
  get rows(): Locator {
    return this.pane.getByRole("treeitem");
  }

  /** The newest run of a prompt. */
  row(prompt: string): Locator {
    return this.rows.filter({ hasText: prompt }).first();
  }

  /** Selects the newest run of a prompt, and that one alone. */
  async select(prompt: string): Promise<void> {
    await this.#click(prompt, {});
  }

  async selectBoth(one: string, other: string): Promise<void> {
    await this.select(one);
    await this.#click(other, { modifiers: ["ControlOrMeta"] });
  }

  /** Rows come and go while runs do; the click is over when the row is selected. */
  async #click(prompt: string, options: { modifiers?: ["ControlOrMeta"] }): Promise<void> {
    await this.row(prompt).click(options);
    await until(`the row of “${prompt}” is selected`, async () => {
      return (await this.row(prompt).getAttribute("aria-selected")) === "true";
    });
  }

  /** How each run is told to those who do not see it, from the top. */
  async spoken(): Promise<string[]> {
    const labels = await this.rows.evaluateAll((rows: PagePart[]) => rows.map(({ ariaLabel }) => ariaLabel ?? ""));
    return labels.filter((each) => !/^(Today|Yesterday)/.test(each));
  }

  /** The number on the icon in the activity bar; empty without one. */
  async badge(): Promise<string> {
    const tab = this.#workbench.page.getByRole("tab", { name: /^Inversion Lab/ });
    return (await tab.locator(".badge-content").first().innerText()).trim();
  }

  /** Picks an item of a row's context menu. */
  async pickFromMenu(row: Locator, item: string): Promise<void> {
    await this.#workbench.pickFromMenu(() => row.click({ button: "right" }), item);
  }
}
