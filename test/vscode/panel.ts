// What a person sees and does in the experiment panel, for tests in a real VS Code.

import type { Frame, Locator } from "playwright-core";
import { accessibilityProblems } from "./page-checks.ts";
import { repeatUntil, until } from "./until.ts";
import { frameOf, type PagePart, shown, type Workbench } from "./workbench.ts";

/** The panel of a workbench; found anew whenever VS Code has put its page into another frame. */
export class Panel {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  page(): Promise<Frame> {
    return this.#workbench.webview("Inversion Lab");
  }

  /** Which run the panel shows; nothing while there is no panel, or no run in it. */
  async shownRun(): Promise<string | undefined> {
    const page = await frameOf(this.#workbench.page, "Inversion Lab");
    const run = await page?.evaluate("document.querySelector('header:not([hidden])')?.dataset.run").catch(() => null);
    return typeof run === "string" ? run : undefined; // between two pages there is none
  }

  /** Starts a run and waits until the panel shows it, and no longer the one before, which may be in the same state. */
  async newRun(start: () => Promise<unknown>): Promise<void> {
    const before = await this.shownRun();
    await start();
    await until("the panel shows the run that was started", async () => {
      const run = await this.shownRun();
      return run !== undefined && run !== before;
    });
  }

  /** Waits for the run's state: Preparing, Running, Done, … Resolves to the text beside it. */
  async waitForState(title: string, timeoutMs?: number): Promise<string> {
    let state: string | undefined;
    await until(
      `the panel says "${title}"`,
      async () => {
        state = await textOf(await this.page(), ".state");
        return state?.startsWith(title) ?? false;
      },
      timeoutMs,
    ).catch((error: Error) => {
      throw new Error(`${error.message} It says "${state}".`);
    });
    return (state ?? "").slice(title.length).trim();
  }

  /** Does it say so now? Also where there is no panel, which then says nothing. */
  async says(state: string): Promise<boolean> {
    const page = await frameOf(this.#workbench.page, "Inversion Lab");
    return page !== undefined && ((await textOf(page, ".state")) ?? "").startsWith(state);
  }

  /** Closes it; its runs go on. */
  async close(): Promise<void> {
    await this.#workbench.runCommand("Inversion Lab: Show Last Run"); // which gives it the focus
    await this.#workbench.runCommand("View: Close Editor");
    await until("the panel is closed", async () => (await this.shownRun()) === undefined);
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
    return (await textOf(await this.page(), ".condition")) ?? "";
  }

  /** The plots in sight, each as it is told to those who do not see it, once they are as they have to be. */
  async plots(areRight: (plots: readonly string[]) => boolean): Promise<string[]> {
    const plots = (await this.page()).locator(".chart .canvas:visible");
    let told: string[] = [];
    await until("the plots are right", async () => {
      told = await plots.evaluateAll((all: PagePart[]) => all.map(({ ariaLabel }) => ariaLabel ?? ""));
      return areRight(told);
    }).catch((error: Error) => {
      throw new Error(`${error.message} They are:\n${told.join("\n")}`);
    });
    return told;
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
  async showRun(label: string | RegExp): Promise<void> {
    const runs = (await this.page()).locator("vscode-dropdown.runs");
    await shown(runs, "the list of runs");
    const option = runs.locator("vscode-option", { hasText: label }).first();
    const run = await option.getAttribute("value");
    if ((await this.shownRun()) === run) return;
    await repeatUntil(
      `the panel shows run ${run}`,
      async (timeout) => {
        if (!(await option.isVisible())) await runs.click({ timeout });
        await option.click({ timeout });
      },
      async () => (await this.shownRun()) === run,
    );
  }

  /** Presses a button by its label. */
  async press(label: string): Promise<void> {
    const button = (await this.page()).locator("vscode-button:not([disabled])", { hasText: label });
    await shown(button, `the button "${label}"`);
    await button.click();
  }

  /** The form, filled in and looked through by the host as it now is. */
  async checkedForm(): Promise<Locator> {
    const form = (await this.page()).locator(".form:not([aria-busy])");
    await shown(form, "the form, looked through");
    return form;
  }
}

/** Without the sign before it; nothing where there is none, or between two pages. */
async function textOf(page: Frame, selector: string): Promise<string | undefined> {
  const text = await page
    .evaluate<string | undefined>(`document.querySelector(${JSON.stringify(selector)})?.innerText`)
    .catch(() => undefined);
  return text?.trim().replace(/^[▶✓■✕‖]\s*/, "");
}
