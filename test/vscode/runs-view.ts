// What a person sees and does in the view *Runs* of the side panel, for tests in a real VS Code.

import type { Locator } from "playwright-core";
import { until } from "./until.ts";
import { shown, type Workbench } from "./workbench.ts";

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

  /** How each run is told to those who do not see it, from the top. */
  async spoken(): Promise<string[]> {
    const all = await this.rows.all();
    // A row that goes in the meantime has none.
    const label = (row: Locator) => row.getAttribute("aria-label", { timeout: 500 }).catch(() => null);
    const labels = (await Promise.all(all.map(label))).filter((each) => each !== null);
    return labels.filter((each) => !/^(Today|Yesterday)/.test(each));
  }

  /** The number on the icon in the activity bar; empty without one. */
  async badge(): Promise<string> {
    const tab = this.#workbench.page.getByRole("tab", { name: /^Inversion Lab/ });
    return (await tab.locator(".badge-content").first().innerText()).trim();
  }

  /** Picks an item of a row's context menu. */
  async pickFromMenu(row: Locator, item: string): Promise<void> {
    const menu = this.#workbench.page.locator(".monaco-menu");
    const entry = menu.locator(".action-label").getByText(item, { exact: true });
    await until(`"${item}" is in the row's menu`, async () => {
      await row.click({ button: "right" });
      await shown(menu.first(), "the row's menu");
      if (await entry.isVisible()) return true;
      await this.#workbench.page.keyboard.press("Escape");
      return false;
    });
    // A menu ignores the mouse for a moment after it has opened.
    await until(`the menu took "${item}"`, async () => {
      await entry.click({ timeout: 500 }).catch(() => undefined);
      return (await entry.count()) === 0;
    });
  }
}
