// What a person sees and does in the view *Runs* of the side panel, for tests in a real VS Code.

import type { Locator } from "playwright-core";
import { shown, type Workbench } from "./workbench.ts";

export class RunsView {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  /** Opens the view, which then has the focus. */
  async open(): Promise<void> {
    await this.#workbench.runCommand("Inversion Lab: Focus on Runs View");
    await shown(this.#pane, "the view Runs");
  }

  get #pane(): Locator {
    const { page } = this.#workbench;
    return page.locator(".pane", { has: page.locator('[aria-label="Runs Section"]') });
  }

  get rows(): Locator {
    return this.#pane.getByRole("treeitem");
  }

  /** The first row whose label has this text. */
  row(label: string): Locator {
    return this.rows.filter({ hasText: label }).first();
  }
}
