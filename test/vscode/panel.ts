// What a person sees and does in the experiment panel, for tests in a real VS Code.

import type { Frame, Locator } from "playwright-core";
import { accessibilityProblems } from "./page-checks.ts";
import { until } from "./until.ts";
import { shown, type Workbench } from "./workbench.ts";

/** The panel of a workbench; found anew whenever VS Code has put its page into another frame. */
export class Panel {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  page(): Promise<Frame> {
    return this.#workbench.webview("Inversion Lab");
  }

  /** Waits for the run's state: Preparing, Running, Done, … Resolves to the text beside it. */
  async waitForState(title: string, timeoutMs?: number): Promise<string> {
    let state: string | undefined;
    await until(
      `the panel says "${title}"`,
      async () => {
        state = await this.#textOf(".state");
        return state?.startsWith(title) ?? false;
      },
      timeoutMs,
    ).catch((error: Error) => {
      throw new Error(`${error.message} It says "${state}".`);
    });
    return (state ?? "").slice(title.length).trim();
  }

  /** Waits until at least so many iterations are shown. */
  async waitForRows(count: number): Promise<void> {
    const page = await this.page();
    await until(
      `the panel shows ${count} iterations`,
      async () => (await page.locator(".timeline .row").count()) >= count,
    );
  }

  /** "Exact: all 5 tokens", say. */
  async verdict(): Promise<string> {
    const verdict = (await this.page()).locator(".verdict h2");
    await shown(verdict, "the verdict on the run");
    return verdict.innerText();
  }

  /** What went wrong, as the panel says it. */
  async trouble(): Promise<string> {
    const trouble = (await this.page()).locator(".trouble");
    await shown(trouble, "what went wrong");
    return trouble.innerText();
  }

  /** What the shown run is made of, as the panel says it. */
  async condition(): Promise<string> {
    return (await this.#textOf(".condition")) ?? "";
  }

  /** The plots in sight, each as it is told to those who do not see it. */
  async plots(): Promise<string[]> {
    const plots = (await this.page()).locator(".chart .canvas:visible");
    await shown(plots.first(), "the plots");
    const all = await plots.all();
    return Promise.all(all.map(async (plot) => (await plot.getAttribute("aria-label")) ?? ""));
  }

  /** What axe-core finds serious on the page, a line each. */
  async accessibilityProblems(): Promise<string[]> {
    return accessibilityProblems(await this.page());
  }

  async promptTokens(): Promise<string[]> {
    return (await this.page()).locator(".prompt .chip").allInnerTexts();
  }

  async newestRow(): Promise<Locator> {
    return (await this.page()).locator(".timeline .row").last();
  }

  /** Chooses the latest run whose label has this text. */
  async showRun(label: string): Promise<void> {
    const runs = (await this.page()).locator("vscode-dropdown.runs");
    await shown(runs, "the list of runs");
    await runs.click();
    await runs.locator("vscode-option", { hasText: label }).first().click();
  }

  /** Presses a button by its label. */
  async press(label: string): Promise<void> {
    const button = (await this.page()).locator("vscode-button", { hasText: label });
    await shown(button, `the button "${label}"`);
    await button.click();
  }

  async #textOf(selector: string): Promise<string | undefined> {
    const page = await this.page();
    return page
      .locator(selector)
      .innerText({ timeout: 1000 })
      .then((text) => text.replace(/^[▶✓■✕‖]\s*/, ""))
      .catch(() => undefined); // between two pages
  }
}
