// What a person sees and does in the Sweeps view, for tests in a real VS Code.

import type { Frame, Locator } from "playwright-core";
import { until } from "./until.ts";
import { shown, type Workbench } from "./workbench.ts";

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
        state = await (
          await this.page()
        )
          .locator(".state")
          .innerText({ timeout: 1000 })
          .catch(() => "");
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
    await shown(places.first(), "the map");
    return Promise.all((await places.all()).map(async (place) => (await place.getAttribute("aria-label")) ?? ""));
  }

  async place(row: string, column: string): Promise<Locator> {
    return (await this.page()).locator(`.map button[data-row="${row}"][data-column="${column}"]`);
  }

  async press(label: string): Promise<void> {
    const button = (await this.page()).locator("vscode-button:visible", { hasText: label });
    await shown(button, `the button "${label}"`);
    await button.click();
  }

  /** Writes into a field of the form. */
  async write(field: string, text: string): Promise<void> {
    await (await this.page()).locator(`#sweep-${field}`).fill(text);
  }

  /** "12 runs · about 3 min" */
  async size(): Promise<string> {
    return (await this.page()).locator(".size").innerText();
  }
}
