// How long runs take, from how long others took. An iteration costs what it reads of the weights; a run also decodes
// what it shows, and most often has to open its network first.

import { isSizeName, parseConfig, sizedConfig } from "../checkpoints/config.ts";
import { RANDOM } from "../checkpoints/generated/random-network.ts";
import { methodOf } from "../experiments/methods/table.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import type { NetworkConfig } from "../networks/architectures/architecture.ts";
import { hasHead } from "../networks/outputs.ts";

/** A run that was carried out. */
export interface TimedRun {
  readonly spec: ExperimentSpec;
  readonly elapsedMs: number;
}

export class Estimate {
  #work = 0;
  #ms = 0;

  constructor(runs: Iterable<TimedRun> = []) {
    for (const { spec, elapsedMs } of runs) this.add(spec, elapsedMs);
  }

  add(spec: ExperimentSpec, ms: number): void {
    this.#work += workOf(spec);
    this.#ms += ms;
  }

  /** Milliseconds that runs of these specs take; undefined before the first run is known. */
  of(specs: readonly ExperimentSpec[]): number | undefined {
    if (this.#work === 0) return undefined;
    return (this.#ms / this.#work) * specs.reduce((sum, spec) => sum + workOf(spec), 0);
  }
}

/** Opening a network costs about so many iterations of it. */
const OPENING = 60;
/** Each restart beyond the first costs this share of the first: eight cost about three times one. */
const ANOTHER_RESTART = 0.35;

/** A rough measure of a run's length: the weights that it reads, forward and backward. */
function workOf(spec: ExperimentSpec): number {
  const { width, vocabulary } = configOf(sizeOf(spec.checkpoint));
  // Of a block: three matrices of the attention, one to join them, and twice four for the feed-forward layer.
  const block = 12 * width ** 2;
  const head = vocabulary * width;
  const network = spec.blocks * block + (hasHead(spec.output) ? head : 0);
  const restarts = 1 + ANOTHER_RESTART * (spec.restarts - 1);
  const shown = spec.iterations / spec.every;
  return network * (methodOf(spec).cost(spec) * restarts + OPENING) + (head / 2) * shown * restarts;
}

const configs = new Map<string, NetworkConfig>();

function configOf(size: string): NetworkConfig {
  const known = configs.get(size);
  if (known) return known;
  const { config } = parseConfig(JSON.stringify(sizedConfig(size)), size);
  configs.set(size, config);
  return config;
}

/** The size that a checkpoint's name speaks of; gpt2 where it tells nothing. */
function sizeOf(checkpoint: string): string {
  const name = /[^/:]*$/.exec(checkpoint.replace(RANDOM, "").replace(/[?@].*$/s, ""))![0];
  return isSizeName(name) ? name : "gpt2";
}
