// All records of one folder at hand, and brought up to date at little cost: a record that has its summary never changes
// and is read once, however often the folder is looked at.

import { readdir } from "node:fs/promises";
import path from "node:path";
import { errorCode } from "../common/files.ts";
import { LabError, messageOf } from "../common/errors.ts";
import { newestFirst, readListing, type RunListing } from "./read-record.ts";

/** Records that are read at the same time; whoever waits is told after each so many. */
const BATCH = 100;

export class RunIndex {
  readonly folder: string;
  readonly #onChange: () => void;
  /** By the name of the record's folder. */
  readonly #listings = new Map<string, RunListing>();
  /** Folders that held no readable record when they were looked at. */
  #passedOver: ReadonlySet<string> = new Set();
  #begun = false;
  #sorted: readonly RunListing[] | undefined;
  #refreshing: Promise<void> | undefined;
  #again = false;

  /** `onChange` is called whenever the list has changed, several times while many records are read. */
  constructor(folder: string, onChange: () => void = () => undefined) {
    this.folder = path.resolve(folder);
    this.#onChange = onChange;
  }

  /** The newest first. */
  get list(): readonly RunListing[] {
    return (this.#sorted ??= [...this.#listings.values()].sort(newestFirst));
  }

  get(name: string): RunListing | undefined {
    return this.#listings.get(name);
  }

  /** Did the last look find folders for the first time that hold no record yet? */
  get hasBegun(): boolean {
    return this.#begun;
  }

  /** Looks at the folder once more: at once, or after the look that is going on. Throws a LabError (storage). */
  refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#again = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#refreshUntilStill().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #refreshUntilStill(): Promise<void> {
    do {
      this.#again = false;
      await this.#refreshOnce();
    } while (this.#again);
  }

  async #refreshOnce(): Promise<void> {
    const names = await namesIn(this.folder);
    const there = new Set(names);
    let changed = false;
    for (const name of this.#listings.keys()) {
      if (!there.has(name)) changed = this.#listings.delete(name) || changed;
    }
    if (changed) this.#tell();
    const passedOver = this.#passedOver;
    // Names begin with the time: the newest are shown first, and so are read first.
    const unread = names.filter((name) => !isSettled(this.#listings.get(name))).sort((a, b) => (a < b ? 1 : -1));
    for (let from = 0; from < unread.length; from += BATCH) {
      const read = unread.slice(from, from + BATCH).map((name) => this.#read(name));
      if ((await Promise.all(read)).includes(true)) this.#tell();
    }
    this.#passedOver = new Set(names.filter((name) => !this.#listings.has(name)));
    this.#begun = [...this.#passedOver].some((name) => !passedOver.has(name));
  }

  /** Did the record turn out to be new, or another than it was? One that cannot be read is passed over. */
  async #read(name: string): Promise<boolean> {
    const before = this.#listings.get(name);
    const listing = await readListing(path.join(this.folder, name)).catch(() => undefined);
    if (!listing) return this.#listings.delete(name);
    this.#listings.set(name, listing);
    return before?.status !== listing.status;
  }

  #tell(): void {
    this.#sorted = undefined;
    this.#onChange();
  }
}

/** Will the record stay as it is? A writer that seemed to be gone may be on another machine. */
const isSettled = (listing: RunListing | undefined): boolean => listing?.elapsedMs !== undefined;

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw new LabError("storage", `${folder} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
}
