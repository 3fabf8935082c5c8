// Graphs that are opened when they are first needed, each once, until all are released.

import type { CompiledGraph } from "./compile.ts";

/** Holds native memory until it is released. */
export class OpenedGraphs {
  readonly #graphs = new Map<string, Promise<CompiledGraph>>();

  open(name: string, make: () => Promise<CompiledGraph>): Promise<CompiledGraph> {
    const known = this.#graphs.get(name);
    if (known) return known;
    const made = make();
    this.#graphs.set(name, made);
    // One that failed is tried again at the next call, and is nothing to release.
    made.catch(() => this.#graphs.delete(name));
    return made;
  }

  async release(): Promise<void> {
    for (const graph of this.#graphs.values()) await (await graph).release();
    this.#graphs.clear();
  }
}
