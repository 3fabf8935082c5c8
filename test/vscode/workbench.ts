// Drives a real VS Code in a headless Chromium: VS Code's own server and workbench, with the extension from its folder
// or installed from a VSIX. Each workbench has folders of its own and leaves nothing behind.

import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type ConsoleMessage, type Frame, type Locator, type Page } from "playwright-core";
import { findProgram } from "../../scripts/programs.js";
import { installVsix, linkExtension, startServer, workspaceAddress, type Server } from "../../scripts/vscode-server.js";
import { processes } from "./processes.ts";
import { WAIT_MS, repeatUntil, until } from "./until.ts";

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
  // A page that has missed that a key was let go would ask whether the window is to be closed.
  "window.confirmBeforeClose": "never",
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

/** What the tests read of an element of a page; Node has no types for it. */
export interface PagePart {
  readonly ariaLabel: string | null;
  readonly textContent: string;
  /** Of an input. */
  readonly placeholder?: string;
  readonly value?: string;
  readonly selectionStart?: number;
  readonly selectionEnd?: number;
  /** Of a canvas. */
  readonly toDataURL?: () => string;
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
    page.setDefaultTimeout(WAIT_MS);
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

  /** Gives the window another size, in CSS pixels, and waits until its pages have theirs. */
  async resize(width: number, height: number): Promise<void> {
    await this.page.setViewportSize({ width, height });
    await until("every page is as large as its place", async () => {
      const workbench = await this.page.locator(".monaco-workbench").boundingBox();
      if (workbench?.width !== width || workbench.height !== height) return false;
      const fits = await Promise.all(this.page.frames().slice(1).map(fillsItsPlace));
      return fits.every(Boolean);
    });
  }

  /** Waits until VS Code remembers a text over the end of its window: a browser writes every few seconds, not then. */
  async remembers(text: string): Promise<void> {
    await until(`VS Code remembers ${text}`, async () => {
      const kept = await this.page.evaluate<string[]>(MEMORY);
      return kept.some((each) => each.includes(text));
    });
  }

  /** The window is closed and opened again, as by the command "Reload Window". */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.#ready();
  }

  /** Leaves lists, menus, questions and messages, and stops runs: what a test that failed has left is in no one's way. */
  async tidy(): Promise<void> {
    const open = this.page.locator(".quick-input-widget, .monaco-menu, .monaco-dialog-box").filter({ visible: true });
    await repeatUntil(
      "nothing is open over the editors",
      () => this.page.keyboard.press("Escape"),
      async () => (await open.count()) === 0,
    );
    await this.runCommand("Notifications: Clear All Notifications");
    const status = this.page.locator('.statusbar-item[id$="inversionLab.status"]');
    if ((await status.count()) === 0) return;
    await repeatUntil(
      "no run goes on",
      () => this.runCommand("Inversion Lab: Stop Run"),
      async () => (await status.count()) === 0,
    );
  }

  async #ready(): Promise<void> {
    await shown(this.#editor.locator(".view-line").first(), "the document's editor");
    await shown(
      this.page.locator(".activitybar").getByRole("tab", { name: /^Inversion Lab/ }),
      "the extension in the activity bar",
    );
  }

  get #editor(): Locator {
    return this.page.locator('.monaco-editor[data-uri$="prompts.txt"]');
  }

  get #menu(): Locator {
    return this.page.locator(".monaco-menu").first();
  }

  get #quickInput(): Locator {
    return this.page.locator(".quick-input-widget");
  }

  get #quickInputField(): Locator {
    return this.#quickInput.locator("input.input");
  }

  /** Selects a line of the document, the first is 1. */
  async selectLine(line: number): Promise<void> {
    await this.placeCursor(line);
    await this.page.keyboard.press("Shift+End");
    await this.#cursorIs(new RegExp(`^Ln ${line}, .*selected`));
    await shown(this.#editor.locator(".selected-text").first(), `the selection of line ${line}`);
  }

  /** Puts the cursor at the begin of a line, the first is 1; nothing is selected then. */
  async placeCursor(line: number): Promise<void> {
    await repeatUntil(
      "the document has the focus",
      () => this.page.keyboard.press("Control+1"), // the first group of editors gets it
      () => this.page.locator('.monaco-editor.focused[data-uri$="prompts.txt"]').isVisible(),
    );
    await this.page.keyboard.press("Control+Home");
    for (let at = 1; at < line; at++) await this.page.keyboard.press("ArrowDown");
    await this.#cursorIs(new RegExp(`^Ln ${line}, Col 1$`));
  }

  /** Waits until the status bar says where the cursor is, as "Ln 2, Col 1". */
  async #cursorIs(place: RegExp): Promise<void> {
    const status = this.page.locator('.statusbar-item[id="status.editor.selection"]');
    await until(`the cursor is at ${place}`, async () => place.test((await status.innerText()).trim()));
  }

  async #rightClickSelection(): Promise<void> {
    const selection = this.#editor.locator(".selected-text").first();
    let box: Awaited<ReturnType<Locator["boundingBox"]>> | undefined;
    // VS Code draws the selection anew while it is looked at.
    await until("a text is selected in the editor", async () => {
      box = await selection.boundingBox({ timeout: 5_000 }).catch(() => null);
      return Boolean(box);
    });
    const { x, y, width, height } = box!;
    await this.page.mouse.click(x + Math.min(width / 2, 40), y + height / 2, { button: "right" });
  }

  /**
   * Opens a menu with a right click and picks an item of it. The item may be there only when the extension host has told
   * of its extensions, and an open menu learns nothing.
   */
  async pickFromMenu(rightClick: () => Promise<void>, item: string): Promise<void> {
    const entry = this.page.locator(".monaco-menu .action-label").getByText(item, { exact: true });
    await repeatUntil(
      `"${item}" is in the menu`,
      async (timeout) => {
        await this.#closeMenu();
        await rightClick();
        await this.#menu.waitFor({ timeout });
      },
      () => entry.isVisible(),
    );
    // A menu ignores the mouse for a moment after it has opened.
    await repeatUntil(
      `the menu took "${item}"`,
      (timeout) => entry.click({ timeout }),
      async () => (await entry.count()) === 0,
    );
  }

  async #closeMenu(): Promise<void> {
    if (!(await this.#menu.isVisible())) return;
    await this.page.keyboard.press("Escape");
    await this.#menu.waitFor({ state: "hidden" });
  }

  /** Right-clicks inside the selection and picks an item of the menu. */
  async pickFromContextMenu(item: string): Promise<void> {
    await this.pickFromMenu(() => this.#rightClickSelection(), item);
  }

  /** What the context menu of the selection offers. */
  async contextMenu(): Promise<string[]> {
    await repeatUntil(
      "the editor's context menu is open",
      () => this.#rightClickSelection(),
      () => this.#menu.isVisible(),
    );
    const items = await this.page.locator(".monaco-menu .action-label").allInnerTexts();
    await this.#closeMenu();
    return items;
  }

  /** Runs a command by its title in the palette, as "Inversion Lab: Show Log". */
  async runCommand(title: string): Promise<void> {
    const row = this.#quickInputRow(title);
    let isTaken = async (): Promise<boolean> => false;
    // The command is there only when the extension host has told of its extensions and states, and an open palette learns
    // nothing. A page that comes into sight takes the focus, and with it the palette.
    await repeatUntil(
      `the palette took "${title}"`,
      async (timeout) => {
        isTaken = async () => false;
        if (await this.#quickInput.isVisible()) await this.page.keyboard.press("Escape");
        await this.page.keyboard.press("F1");
        await this.#quickInputField.fill(`>${title}`, { timeout });
        await row.waitFor({ timeout });
        const changed = await this.#quickInputChange();
        await this.#clickRow(row, timeout);
        isTaken = changed;
      },
      () => isTaken(),
    );
  }

  /** Not by its text: a row keeps, unseen, what it has shown in the list before. */
  #quickInputRow(label: string): Locator {
    const row = `.quick-input-widget .monaco-list-row[aria-label*=${JSON.stringify(label)}]`;
    return this.page.locator(row).first();
  }

  /** What is told of whatever the pointer rests on may lie over the list, until it goes elsewhere. */
  async #clickRow(row: Locator, timeout: number): Promise<void> {
    await this.page.mouse.move(0, 0);
    await row.click({ timeout });
  }

  /** What asks now at the top of the window: has it gone by, or something else come in its place? */
  async #quickInputChange(): Promise<() => Promise<boolean>> {
    const asks = async (): Promise<string | undefined> => {
      if (!(await this.#quickInput.isVisible())) return undefined;
      const parts = this.#quickInput.locator(".quick-input-title, .quick-input-message, input.input");
      return JSON.stringify(
        await parts.evaluateAll((all: PagePart[]) => all.map((part) => part.placeholder ?? part.textContent)),
      );
    };
    const before = await asks();
    return async () => (await asks()) !== before;
  }

  /** Writes into the input at the top of the window. */
  async fillQuickInput(text: string): Promise<void> {
    await shown(this.#quickInputField, "the input at the top of the window");
    await this.#quickInputField.fill(text);
  }

  /** Writes into the input at the top of the window and confirms it. */
  async answerQuickInput(text: string): Promise<void> {
    await shown(this.#quickInputField, "the input at the top of the window");
    await repeatUntil(
      `the input at the top of the window took "${text}"`,
      async (timeout) => {
        await this.#quickInputField.fill(text, { timeout });
        await this.#quickInputField.press("Enter", { timeout });
      },
      await this.#quickInputChange(),
    );
  }

  /** Picks the first entry of the list at the top of the window whose label has this text. */
  async pickFromQuickInput(label: string): Promise<void> {
    const entry = this.#quickInputRow(label);
    await shown(entry, `"${label}" in the list at the top of the window`);
    // A list that has just come ignores the mouse at times.
    await repeatUntil(
      `the list at the top of the window took "${label}"`,
      (timeout) => this.#clickRow(entry, timeout),
      await this.#quickInputChange(),
    );
  }

  /** Saves under a name in the workspace, where VS Code asks for the place. */
  async saveAs(name: string): Promise<string> {
    const file = path.join(this.workspace, name);
    await rm(file, { force: true }); // VS Code asks about one that is there
    const input = this.#quickInputField;
    const extension = path.extname(name);
    await until(
      "VS Code asks for a place",
      async () => (await input.isVisible()) && (await input.inputValue()).endsWith(extension),
    );
    // The dialog looks at what is written with every key, and takes Enter only when it has.
    await repeatUntil(
      `VS Code took ${file}`,
      async (timeout) => {
        await input.fill(file, { timeout });
        await input.press("Enter", { timeout });
      },
      async () => !(await input.isVisible()),
    );
    return file;
  }

  /** Opens a file of the workspace by its name; it then has the focus. */
  async openFile(name: string): Promise<void> {
    await repeatUntil(
      "VS Code asks for a file",
      () => this.page.keyboard.press("Control+P"),
      () => this.#quickInputField.isVisible(),
    );
    await this.fillQuickInput(name);
    await this.pickFromQuickInput(name);
    const editor = this.page.locator(`.monaco-editor.focused[data-uri$="${name}"]`);
    await shown(editor.locator(".view-line").first(), `the editor of ${name}`);
  }

  /** Runs an experiment file of the workspace, which is opened beside the panel. */
  async runFile(name: string): Promise<void> {
    await this.page.keyboard.press("Control+1");
    await this.openFile(name);
    await this.runCommand("Inversion Lab: Run Experiment File");
  }

  /** Waits for a message in the corner of the window. */
  async waitForMessage(text: RegExp): Promise<string> {
    const message = this.page.locator(".notification-list-item-message", { hasText: text }).first();
    await this.#inMessages(message, `a message that matches ${text}`);
    return message.innerText();
  }

  /** Presses a button of a message in the corner of the window. */
  async pressInMessage(label: string): Promise<void> {
    const button = this.page.locator(".notification-list-item .monaco-button", { hasText: label }).first();
    await this.#inMessages(button, `a message with the button "${label}"`);
    await button.click();
  }

  /** VS Code takes a message away after a while; it is then in the list of all. */
  async #inMessages(part: Locator, what: string): Promise<void> {
    await repeatUntil(
      `there is ${what}`,
      async (timeout) => {
        if (timeout > 10_000) await this.runCommand("Notifications: Show Notifications");
      },
      () => part.isVisible(),
    );
  }

  async switchTheme(theme: Theme): Promise<void> {
    const { name, className } = THEMES[theme];
    await this.runCommand("Preferences: Color Theme");
    await this.fillQuickInput(name);
    await shown(this.#quickInputRow(name), `the theme ${name}`);
    await this.answerQuickInput(name);
    await shown(this.page.locator(`.monaco-workbench.${className}`), `the theme ${name}`);
    // Pages in webviews are told of it afterwards.
    const kind = "document.body?.dataset.title && document.body.dataset.vscodeThemeKind";
    await until(`every page has the theme ${name}`, async () => {
      const kinds = this.page.frames().map((frame) => frame.evaluate(kind).catch(() => undefined));
      return (await Promise.all(kinds)).every((each) => !each || each === `vscode-${theme}`);
    });
  }

  /** The page inside a webview, found by the title that its body carries. */
  async webview(title: string): Promise<Frame> {
    let found: Frame | undefined;
    await until(`a webview with the title "${title}" is there`, async () => {
      found = await frameOf(this.page, title);
      return found !== undefined;
    });
    return found as Frame;
  }

  /** Lets the engine stand still, whatever it does: nothing that it carries out comes to its end meanwhile. */
  holdEngine(): void {
    for (const pid of this.processes("engine.cjs")) process.kill(pid, "SIGSTOP");
  }

  releaseEngine(): void {
    for (const pid of this.processes("engine.cjs")) process.kill(pid, "SIGCONT");
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

/** The page of a window's webview with this title, if it is there now. */
export async function frameOf(page: Page, title: string): Promise<Frame | undefined> {
  for (const frame of page.frames().toReversed()) {
    const here = await frame.evaluate("document.body?.dataset.title").catch(() => undefined);
    if (here === title) return frame;
  }
  return undefined;
}

async function fillsItsPlace(frame: Frame): Promise<boolean> {
  try {
    const place = await (await frame.frameElement()).boundingBox();
    const [width, height] = await frame.evaluate<[number, number]>("[innerWidth, innerHeight]");
    // One that is hidden has no place.
    return !place || (Math.abs(place.width - width) < 1 && Math.abs(place.height - height) < 1);
  } catch {
    return true; // it is gone
  }
}

/** Runs in VS Code's page: what its storage in the browser holds of windows and workspaces. */
const MEMORY = `(async () => {
  const wanted = (request) =>
    new Promise((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = reject)));
  const kept = [];
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith("vscode-web-state-db")) continue;
    const database = await wanted(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      kept.push(...(await wanted(database.transaction(store).objectStore(store).getAll())));
    }
    database.close();
  }
  return kept.map(String);
})()`;

/** Debian's Chromium, without a window. */
export function openBrowser(): Promise<Browser> {
  const executablePath = findProgram("chromium");
  if (!executablePath) throw new Error("Chromium is missing: install Debian's package chromium.");
  return chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
}

/** Waits until an element is visible; says which was not when the time is over. */
export async function shown(element: Locator, what: string, timeoutMs = WAIT_MS): Promise<void> {
  await element.waitFor({ timeout: timeoutMs }).catch((cause: unknown) => {
    throw new Error(`Not shown within ${timeoutMs / 1000} s: ${what}.`, { cause });
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
