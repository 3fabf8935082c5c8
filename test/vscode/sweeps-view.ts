// What a person sees and does in the Sweeps view, for tests in a real VS Code.

import type { Frame, Locator } from "playwright-core";
import { until } from "./until.ts";
import { type PagePart, shown, type Workbench } from "./workbench.ts";

export class SweepsView {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  /** Brings the view to the front, and its page. */
  async open(): Promise<Frame> {
    await this.#workbench.runCommand("Inversion Lab: Focus on Sweeps View");
    return this.page();
  }

  page(): Promise<Frame> {
    return this.#workbench.webview("Sweeps");
  }

  /** Waits for the sweep's state: Running, Paused, Done, … Resolves to the whole line. */
  async waitForState(title: string, timeoutMs?: number): Promise<string> {
    let state = "";
    await until(
      `the Sweeps view says "${title}"`,
      async () => {
        const page = await this.page();
        state = await page.evaluate<string>("document.querySelector('.state')?.innerText ?? ''").catch(() => "");
        return state.startsWith(title);
      },
      timeoutMs,
    ).catch((error: Error) => {
      throw new Error(`${error.message} It says "${state}".`);
    });
    return state;
  }

  /** The places of the map, row by row, as they are told to those who do not see them. */
  async places(): Promise<string[]> {
    const places = (await this.page()).locator(".map td button");
    return places.evaluateAll((all: PagePart[]) => all.map(({ ariaLabel }) => ariaLabel ?? ""));
  }

  /** By its row and column in the map, from 0. */
  async place(row: number, column: number): Promise<Locator> {
    return (await this.page()).locator(`.map button[data-row="${row}"][data-column="${column}"]`);
  }

  async press(label: string): Promise<void> {
    const button = (await this.page()).locator("vscode-button:visible:not([disabled])", { hasText: label });
    await shown(button, `the button "${label}"`);
    await button.click();
  }

  /** Opens the form with a button, unless it is open already. */
  async openForm(label: string): Promise<void> {
    const form = (await this.page()).locator(".sweep-form");
    if (!(await form.isVisible())) await this.press(label);
    await shown(form, "the form for a sweep");
  }

  /** Writes into fields of the form. */
  async write(texts: Readonly<Record<string, string>>): Promise<void> {
    const page = await this.page();
    for (const [field, text] of Object.entries(texts)) await page.locator(`#sweep-${field}`).fill(text);
  }

  /** Starts the sweep that the form says, and waits until it is the one that is shown. */
  async start(name: string): Promise<void> {
    const before = await this.shownSweep();
    await this.write({ name });
    await this.press("Start");
    await until("the sweep that was started is shown", async () => {
      const sweep = await this.shownSweep();
      return sweep !== undefined && sweep !== before;
    });
  }

  /** The file of the sweep that is shown, if one is; it stands for it under an open form too. */
  async shownSweep(): Promise<string | undefined> {
    const shown = "document.querySelector('.sweep select[aria-label=Sweep]')?.value";
    return (await (await this.page()).evaluate<string | undefined>(shown)) || undefined;
  }

  /** "12 runs · about 3 min" */
  async size(): Promise<string> {
    return (await this.page()).locator(".size").innerText();
  }
}
