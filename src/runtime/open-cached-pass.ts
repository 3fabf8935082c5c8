// Passes behind cached keys and values, opened at the sizes that are asked for. All sessions of one network read the same
// weights where the checkpoint's files hold them.

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import type { FloatType } from "../common/floats.ts";
import {
  cachedPassGraph,
  depthOf,
  keysName,
  pastKeysName,
  pastValuesName,
  stateName,
  type Tap,
  valuesName,
} from "../networks/cached-pass.ts";
import type { CachedPass } from "../networks/functions.ts";
import type { WeightFormat } from "../networks/weight-formats.ts";
import { type CompiledGraph, compile } from "./compile.ts";
import type { Placement } from "./open-network.ts";
import { OpenedGraphs } from "./opened-graphs.ts";

export interface CachedPassOptions extends Placement {
  readonly checkpoint: Checkpoint;
  readonly taps: readonly Tap[];
  readonly weightFormat?: WeightFormat;
  readonly type: FloatType;
}

/** Rows beside which packed weights gain little. */
const MANY = 128;

/** The passes of one network. Holds native memory until it is released. */
export class CachedPasses {
  readonly #options: CachedPassOptions;
  readonly #graphs = new OpenedGraphs();

  constructor(options: CachedPassOptions) {
    this.#options = options;
  }

  /** N rows behind P tokens; made at the first call. Throws LabErrors (badInput, memory, device). */
  async open(rows: number, past: number): Promise<CachedPass> {
    const { checkpoint, taps, weightFormat, type, device, memory } = this.#options;
    const graph = await this.#graphs.open(`${rows} ${past}`, () => {
      const shape = { config: checkpoint.config, taps, weightFormat, rows, past, type };
      // Packing the weights at each use costs little beside so many rows, and packed copies would stay in memory.
      return compile(cachedPassGraph(shape), { weights: checkpoint, device, memory: rows > MANY ? "low" : memory });
    });
    return passOf(graph, { rows, past, taps });
  }

  release(): Promise<void> {
    return this.#graphs.release();
  }
}

function passOf(graph: CompiledGraph, { rows, past, taps }: { rows: number; past: number; taps: readonly Tap[] }) {
  const blocks = Array.from({ length: depthOf(taps) }, (_, i) => i);
  const states = taps.map((_, k) => stateName(k));
  const cached = [...blocks.map(keysName), ...blocks.map(valuesName)];
  const pass: CachedPass = {
    rows,
    past,
    async run(embedding, mask, { keys, values }, cache = false) {
      const feeds = {
        embedding,
        mask,
        ...Object.fromEntries(blocks.map((i) => [pastKeysName(i), keys[i]])),
        ...Object.fromEntries(blocks.map((i) => [pastValuesName(i), values[i]])),
      };
      const results = await graph.run(feeds, cache ? [...states, ...cached] : states);
      return {
        states: states.map((name) => results[name]),
        keys: cache ? blocks.map((i) => results[keysName(i)]) : [],
        values: cache ? blocks.map((i) => results[valuesName(i)]) : [],
      };
    },
  };
  return pass;
}
