// All runs at hand, those of the session and those recorded, for the side panel and for the editor. The records are looked
// at when somebody first asks, and from then on whenever their folder changes. Knows no VS Code.

import { type FSWatcher, watch } from "node:fs";
import path from "node:path";
import { makeFolder, runsFolder } from "../common/folders.ts";
import type { RunEvent } from "../experiments/events.ts";
import { RunIndex } from "../records/run-index.ts";
import { KnownPrompts } from "./known-prompts.ts";
import type { RunInfo } from "./panel-messages.ts";
import { progressAfter, type RunProgress, type RunRow, runRows } from "./run-rows.ts";
import { isActive } from "../describe/run-state.ts";

/** How often a run of another window or of a terminal is asked whether it is over. */
const EXTERNAL_MS = 2000;
/** A record comes as several files: one look when they are there. */
const SETTLE_MS = 150;

/** "progress" where nothing but a run's iterations went on. */
type LibraryChange = "rows" | "progress";

interface RunLibraryOptions {
  /** Throws a LabError. */
  readonly cacheFolder: () => string;
  readonly report: (error: unknown) => void;
}

export class RunLibrary {
  readonly #options: RunLibraryOptions;
  readonly #listeners = new Set<(what: LibraryChange) => void>();
  #session: () => readonly RunInfo[] = () => [];
  readonly #progress = new Map<string, RunProgress>();
  #index: RunIndex | undefined;
  #loading: Promise<void> | undefined;
  #watcher: FSWatcher | undefined;
  #due: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined;
  #rows: readonly RunRow[] | undefined;
  #prompts: KnownPrompts | undefined;
  readonly #begun: (() => void)[] = [];
  #disposed = false;

  constructor(options: RunLibraryOptions) {
    this.#options = options;
  }

  onDidChange(listener: (what: LibraryChange) => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** From now on the runs of this session, in the order they came, are among them; changes are told by `tell`. */
  join(session: () => readonly RunInfo[]): void {
    this.#session = session;
  }

  get loaded(): boolean {
    return this.#index !== undefined;
  }

  /** The newest first; without the records that were not read yet. */
  get rows(): readonly RunRow[] {
    return (this.#rows ??= runRows(this.#index?.list ?? [], this.#session(), (id) => this.#progress.get(id)));
  }

  get prompts(): KnownPrompts {
    return (this.#prompts ??= new KnownPrompts(this.rows));
  }

  row(folder: string): RunRow | undefined {
    return this.rows.find((row) => row.folder === folder);
  }

  /** Reads the records, the first time; resolves when all are there. Throws a LabError. */
  load(): Promise<void> {
    return (this.#loading ??= this.refresh().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    }));
  }

  /** The same, but resolves as soon as the newest are there. */
  async begin(): Promise<void> {
    const loading = this.load();
    await Promise.race([loading, new Promise<void>((resolve) => this.#begun.push(resolve))]);
  }

  /** Looks at the records once more, also when the cache folder is another one now. Throws a LabError. */
  async refresh(): Promise<void> {
    const folder = path.resolve(runsFolder(this.#options.cacheFolder()));
    if (this.#index?.folder !== folder) {
      this.#index = new RunIndex(folder, () => {
        this.#changed("rows");
        for (const resolve of this.#begun.splice(0)) resolve();
      });
      this.#changed("rows");
      await this.#watch(folder);
    }
    const index = this.#index;
    await index.refresh();
    if (index.hasBegun || this.#hasExternal) this.#lookAgain(EXTERNAL_MS);
  }

  tell(run: RunInfo, events: readonly RunEvent[]): void {
    const progress = progressAfter(this.#progress.get(run.id), events);
    if (progress) this.#progress.set(run.id, progress);
    const isStep = events.length > 0 && events.every(({ type }) => type === "step");
    this.#changed(isStep ? "progress" : "rows");
    // Its record is not settled before its summary is there, which nothing in the folder's own list tells.
    if (!isActive(run) && this.#index) this.#lookAgain(SETTLE_MS);
  }

  dispose(): void {
    this.#disposed = true;
    this.#watcher?.close();
    clearTimeout(this.#due?.timer);
  }

  get #hasExternal(): boolean {
    return this.rows.some(({ state }) => state === "external");
  }

  #changed(what: LibraryChange): void {
    this.#rows = undefined;
    if (what === "rows") this.#prompts = undefined;
    for (const listener of this.#listeners) listener(what);
  }

  /** Looks once, at the latest so many milliseconds from now, however often it is asked for until then. */
  #lookAgain(afterMs: number): void {
    const at = performance.now() + afterMs;
    if (this.#disposed || (this.#due && this.#due.at <= at)) return;
    clearTimeout(this.#due?.timer);
    const look = () => {
      this.#due = undefined;
      void this.refresh().catch(this.#options.report);
    };
    this.#due = { at, timer: setTimeout(look, afterMs).unref() };
  }

  /** One watch, on the list of records alone; without it there is still the command to refresh. */
  async #watch(folder: string): Promise<void> {
    this.#watcher?.close();
    this.#watcher = undefined;
    try {
      await makeFolder(folder);
      if (this.#disposed) return;
      this.#watcher = watch(folder, { persistent: false }, () => this.#lookAgain(SETTLE_MS));
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // A folder that cannot be made or watched is listed as far as it can be read.
    }
  }
}
