// Drives a real VS Code in a headless Chromium: VS Code's own server and workbench, with the extension from its folder
// or installed from a VSIX. Each workbench has folders of its own and leaves nothing behind.

import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type ConsoleMessage, type Frame, type Locator, type Page } from "playwright-core";
import { findProgram } from "../../scripts/programs.js";
import { installVsix, linkExtension, startServer, workspaceAddress, type Server } from "../../scripts/vscode-server.js";
import { processes } from "./processes.ts";
import { until } from "./until.ts";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
/** Weights, tables and runs; the weights are made once and kept. */
const LAB_CACHE = path.join(ROOT, ".cache", "lab");
/** With UPDATE_SCREENSHOTS in the environment the tests renew the pictures of the documentation. */
const SCREENSHOTS = process.env["UPDATE_SCREENSHOTS"]
  ? path.join(ROOT, "docs", "screenshots")
  : path.join(ROOT, ".cache", "screenshots");
const FAILURE_SCREENSHOTS = path.join(ROOT, "test", "vscode", "screenshots", "failed");

/** VS Code's names for its own themes, and the class that the workbench then has. */
export const THEMES = {
  "dark": { name: "Default Dark Modern", className: "vs-dark" },
  "light": { name: "Default Light Modern", className: "vs" },
  "high-contrast": { name: "Default High Contrast", className: "hc-black" },
  "high-contrast-light": { name: "Default High Contrast Light", className: "hc-light" },
} as const;
export type Theme = keyof typeof THEMES;

/** A quiet VS Code: nothing pops up that is not the extension's. */
const QUIET = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "security.workspace.trust.enabled": false,
  "extensions.autoUpdate": false,
  "git.enabled": false,
  "telemetry.telemetryLevel": "off",
  "editor.occurrencesHighlight": "off",
  "editor.minimap.enabled": false,
  // Without it a page that is loaded again shows the document that its address names and nothing else.
  "window.restoreWindows": "preserve",
};

const CHROMIUM_FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

export interface WorkbenchOptions {
  /** Installed from this package; without it the extension runs from the project's folder. */
  readonly vsix?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly theme?: Theme;
  /** CSS pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Environment of the extension. */
  readonly env?: Readonly<Record<string, string>>;
  /** Lines of the document that is open; the sample by default. */
  readonly lines?: readonly string[];
  /** Further files of the workspace, content by name. */
  readonly files?: Readonly<Record<string, string>>;
}

export class Workbench {
  readonly page: Page;
  readonly #server: Server;
  readonly #browser: Browser;
  readonly #folder: string;
  readonly #problems: string[];

  private constructor(page: Page, server: Server, browser: Browser, folder: string, problems: string[]) {
    this.page = page;
    this.#server = server;
    this.#browser = browser;
    this.#folder = folder;
    this.#problems = problems;
  }

  /** Opens VS Code with one document. Takes about 5 seconds. */
  static async open(options: WorkbenchOptions = {}): Promise<Workbench> {
    const { vsix, settings, theme = "dark", width = 1400, height = 900, lines, files = {}, env } = options;
    const folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-vscode-"));
    const dataFolder = path.join(folder, "data");
    const extensionsFolder = path.join(folder, "extensions");
    const workspace = path.join(folder, "workspace");
    const file = path.join(workspace, "prompts.txt");
    await mkdir(workspace);
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(workspace, name), content);
    if (lines) await writeFile(file, lines.join("\n"));
    else await cp(path.join(ROOT, "docs", "sample", "prompts.txt"), file);
    if (vsix) await installVsix({ vsix, dataFolder, extensionsFolder });
    else await linkExtension(extensionsFolder);

    const server = await startServer({
      dataFolder,
      extensionsFolder,
      settings: {
        ...QUIET,
        "workbench.colorTheme": THEMES[theme].name,
        ...settings,
      },
      // Nobody's own Hugging Face cache, and no hub unless a test has one.
      env: {
        INVERSION_LAB_CACHE: LAB_CACHE,
        HF_HOME: path.join(folder, "hf"),
        HF_ENDPOINT: "http://127.0.0.1:1",
        ...env,
      },
    });
    const browser = await openBrowser();
    const page = await browser.newPage({ viewport: { width, height } });
    page.setDefaultTimeout(15_000);
    const problems: string[] = [];
    watchForProblems(page, problems);
    const workbench = new Workbench(page, server, browser, folder, problems);
    try {
      await page.goto(workspaceAddress(server, { folder: workspace, file }));
      await workbench.#ready();
    } catch (error) {
      await workbench.close();
      throw error;
    }
    return workbench;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Where the open workspace lies on the disk. */
  get workspace(): string {
    return path.join(this.#folder, "workspace");
  }

  /** Content security violations, errors in pages and errors of the extension so far. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Waits until VS Code has written what it remembers: in a browser it does so every five seconds, not when it is closed. */
  async settled(): Promise<void> {
    await sleep(6_000);
  }

  /** The window is closed and opened again, as by the command "Reload Window". */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.#ready();
  }

  async #ready(): Promise<void> {
    await shown(this.#editor.locator(".view-line").first(), "the document's editor", 30_000);
  }

  get #editor(): Locator {
    return this.page.locator('.monaco-editor[data-uri$="prompts.txt"]');
  }

  /** Selects a line of the document, the first is 1. */
  async selectLine(line: number): Promise<void> {
    await this.placeCursor(line);
    await this.page.keyboard.press("Shift+End");
    await shown(this.#editor.locator(".selected-text").first(), `the selection of line ${line}`);
  }

  /** Puts the cursor at the begin of a line, the first is 1; nothing is selected then. */
  async placeCursor(line: number): Promise<void> {
    await this.page.keyboard.press("Control+1"); // the first group of editors gets the focus
    await shown(this.page.locator('.monaco-editor.focused[data-uri$="prompts.txt"]'), "the focus in the document");
    await this.page.keyboard.press("Control+Home");
    for (let at = 1; at < line; at++) await this.page.keyboard.press("ArrowDown");
  }

  async #rightClickSelection(): Promise<void> {
    const selection = this.#editor.locator(".selected-text").first();
    let box: Awaited<ReturnType<Locator["boundingBox"]>> | undefined;
    // VS Code draws the selection anew while it is looked at.
    await until("a text is selected in the editor", async () => {
      box = await selection.boundingBox({ timeout: 500 }).catch(() => null);
      return Boolean(box);
    });
    const { x, y, width, height } = box!;
    await this.page.mouse.click(x + Math.min(width / 2, 40), y + height / 2, { button: "right" });
  }

  /** Right-clicks inside the selection and picks an item of the menu. */
  async pickFromContextMenu(item: string): Promise<void> {
    const menu = this.page.locator(".monaco-menu");
    const entry = menu.locator(".action-label").getByText(item, { exact: true });
    // The item is there only when the extension host has told of its extensions.
    await until(`"${item}" is in the editor's context menu`, async () => {
      await this.#rightClickSelection();
      await shown(menu.first(), "the editor's context menu");
      if (await entry.isVisible()) return true;
      await this.page.keyboard.press("Escape");
      return false;
    });
    // A menu ignores the mouse for a moment after it has opened.
    await until(`the context menu took "${item}"`, async () => {
      await entry.click({ timeout: 500 }).catch(() => undefined);
      return (await entry.count()) === 0;
    });
  }

  /** What the context menu of the selection offers. */
  async contextMenu(): Promise<string[]> {
    const menu = this.page.locator(".monaco-menu");
    await this.#rightClickSelection();
    await shown(menu.first(), "the editor's context menu");
    const items = await menu.locator(".action-label").allInnerTexts();
    await this.page.keyboard.press("Escape");
    await menu.first().waitFor({ state: "hidden" });
    return items;
  }

  /** Runs a command by its title in the palette, as "Inversion Lab: Show Log". */
  async runCommand(title: string): Promise<void> {
    // The command is there only when the extension host has told of its extensions, and an open palette learns nothing.
    const opened = async (): Promise<boolean> => {
      await this.page.keyboard.press("F1");
      // A page that comes into sight takes the focus, and with it the palette.
      const input = this.page.locator(".quick-input-widget input.input");
      const filled = input.fill(`>${title}`, { timeout: 2_000 });
      if (!(await filled.then(() => true).catch(() => false))) return false;
      const waiting = this.#quickInputRow(title).waitFor({ timeout: 1_000 });
      if (await waiting.then(() => true).catch(() => false)) return true;
      await this.page.keyboard.press("Escape");
      return false;
    };
    await until(`the palette has "${title}"`, opened, 30_000);
    await this.pickFromQuickInput(title);
  }

  /** Not by its text: a row keeps, unseen, what it has shown in the list before. */
  #quickInputRow(label: string): Locator {
    const row = `.quick-input-widget .monaco-list-row[aria-label*=${JSON.stringify(label)}]`;
    return this.page.locator(row).first();
  }

  /** Writes into the input at the top of the window. */
  async fillQuickInput(text: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget input.input");
    await shown(input, "the input at the top of the window");
    await input.fill(text);
  }

  /** Picks the first entry of the list at the top of the window whose label has this text. */
  async pickFromQuickInput(label: string): Promise<void> {
    const widget = this.page.locator(".quick-input-widget");
    const entry = this.#quickInputRow(label);
    await shown(entry, `"${label}" in the list at the top of the window`);
    const before = await widget.innerText();
    // A list that has just come ignores the mouse at times.
    await until(`the list at the top of the window took "${label}"`, async () => {
      await entry.click({ timeout: 500 }).catch(() => undefined);
      return !(await widget.isVisible()) || (await widget.innerText()) !== before;
    });
  }

  /** Saves under a name in the workspace, where VS Code asks for the place. */
  async saveAs(name: string): Promise<string> {
    const file = path.join(this.workspace, name);
    const input = this.page.locator(".quick-input-widget input.input");
    const extension = path.extname(name);
    await until(
      "VS Code asks for a place",
      async () => (await input.isVisible()) && (await input.inputValue()).endsWith(extension),
    );
    // The dialog looks at what is written with every key, and takes Enter only when it has.
    await until(`VS Code took ${file}`, async () => {
      if (!(await input.isVisible())) return true;
      await input.fill(file);
      await this.page.keyboard.press("Enter");
      return input.waitFor({ state: "hidden", timeout: 1_000 }).then(
        () => true,
        () => false,
      );
    });
    return file;
  }

  /** Opens a file of the workspace by its name. */
  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press("Control+P");
    await this.fillQuickInput(name);
    await this.pickFromQuickInput(name);
    await shown(this.page.locator(`.monaco-editor[data-uri$="${name}"] .view-line`).first(), `the editor of ${name}`);
  }

  /** Waits for a message in the corner of the window. */
  async waitForMessage(text: RegExp): Promise<string> {
    const message = this.page.locator(".notification-list-item-message", { hasText: text }).first();
    await shown(message, `a message that matches ${text}`);
    return message.innerText();
  }

  /** Presses a button of a message in the corner of the window. */
  async pressInMessage(label: string): Promise<void> {
    await this.page.locator(".notifications-toasts .monaco-button", { hasText: label }).first().click();
  }

  async switchTheme(theme: Theme): Promise<void> {
    const { name, className } = THEMES[theme];
    await this.runCommand("Preferences: Color Theme");
    await this.fillQuickInput(name);
    await this.page.keyboard.press("Enter");
    await shown(this.page.locator(`.monaco-workbench.${className}`), `the theme ${name}`);
  }

  /** The page inside a webview, found by the title that its body carries. */
  async webview(title: string): Promise<Frame> {
    let found: Frame | undefined;
    await until(`a webview with the title "${title}" is there`, async () => {
      for (const frame of this.page.frames()) {
        const here = await frame.evaluate("document.body?.dataset.title").catch(() => undefined);
        if (here === title) found = frame;
      }
      return found !== undefined;
    });
    return found as Frame;
  }

  /** Ids of the processes that VS Code has started and whose command line has this text. */
  processes(text: string): number[] {
    return processes()
      .filter(({ group, commandLine }) => group === this.#server.pid && commandLine.includes(text))
      .map(({ pid }) => pid);
  }

  /** A picture for the documentation; of what shows where the pointer rests, it stays there. */
  async screenshot(name: string, { hovering = false } = {}): Promise<void> {
    await mkdir(SCREENSHOTS, { recursive: true });
    if (!hovering) await this.page.mouse.move(0, 0); // away from whatever it hovers over
    await this.page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });
  }

  /** A picture of what went wrong, named after the test. */
  async failureScreenshot(test: string): Promise<void> {
    await mkdir(FAILURE_SCREENSHOTS, { recursive: true });
    const name = test.replaceAll(/[^\p{L}\p{N}]+/gu, "-").slice(0, 100);
    await this.page.screenshot({ path: path.join(FAILURE_SCREENSHOTS, `${name}.png`) });
  }
}

/** Debian's Chromium, without a window. */
export function openBrowser(): Promise<Browser> {
  const executablePath = findProgram("chromium");
  if (!executablePath) throw new Error("Chromium is missing: install Debian's package chromium.");
  return chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
}

/** Waits until an element is visible; says which was not when the time is over. */
export async function shown(element: Locator, what: string, timeoutMs = 15_000): Promise<void> {
  await element.waitFor({ timeout: timeoutMs }).catch(() => {
    throw new Error(`Not shown within ${timeoutMs / 1000} s: ${what}.`);
  });
}

/** VS Code logs some twenty errors of its own (missing native modules, no update server); only ours count. */
function watchForProblems(page: Page, problems: string[]): void {
  page.on("pageerror", (error) => problems.push(`Error in a page: ${error.stack ?? error.message}`.slice(0, 500)));
  page.on("console", (message) => {
    if (isOurs(message)) problems.push(`${message.type()}: ${message.text()} ${message.location().url}`.slice(0, 500));
  });
}

function isOurs(message: ConsoleMessage): boolean {
  const text = message.text();
  if (!["error", "warning"].includes(message.type())) return false;
  // A page that was loaded before what serves its files was there; the extension puts it in again.
  if (text.includes("ERR_NAME_NOT_RESOLVED")) return false;
  if (text.includes("extensionId=&")) return false; // a page of its own, as the pictures of a walkthrough
  if (text.includes("Content Security Policy")) return true;
  if (text.includes("rejected promise not handled")) return true;
  if (/inversion-lab\.inversion-lab|inversionLab/.test(text)) return true;
  if (text.includes("[Extension Host]")) return !/Could not locate the bindings file|watchdog/.test(text);
  return message.type() === "error" && /vscode-resource|\/webview\//.test(message.location().url);
}
