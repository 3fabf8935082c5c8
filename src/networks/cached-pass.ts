// One forward pass of N rows behind the cached keys and values of P earlier tokens. What each row sees is an input, so the
// same graph runs a text on, tries candidates for one place side by side, and takes many short texts at once (tree
// attention, SpecInfer, arXiv 2305.09781).

import { LabError } from "../common/errors.ts";
import type { FloatType } from "../common/floats.ts";
import { input, type Tensor } from "../tensorgraph/tensor.ts";
import type { BlocksCache, NetworkConfig } from "./architectures/architecture.ts";
import { architectureOf } from "./architectures/architectures.ts";
import type { WeightFormat } from "./weight-formats.ts";

/** The states that a pass gives: after a number of blocks, the final norm put on them where that is asked for. */
export interface Tap {
  readonly blocks: number;
  readonly finalNorm: boolean;
}

export interface CachedPassShape {
  readonly config: NetworkConfig;
  readonly taps: readonly Tap[];
  readonly weightFormat?: WeightFormat;
  /** N */
  readonly rows: number;
  /** P, at least 1. */
  readonly past: number;
  readonly type: FloatType;
}

export const stateName = (tap: number): string => `state.${tap}`;
export const keysName = (block: number): string => `keys.${block}`;
export const valuesName = (block: number): string => `values.${block}`;
export const pastKeysName = (block: number): string => `past_keys.${block}`;
export const pastValuesName = (block: number): string => `past_values.${block}`;

/** Blocks that the deepest tap needs. */
export const depthOf = (taps: readonly Tap[]): number => Math.max(...taps.map(({ blocks }) => blocks));

/**
 * Inputs `embedding` [N, D], `mask` [N, P + N], and `past_keys.i` and `past_values.i` [H, P, d] of each block; outputs
 * `state.k` [N, D] of each tap, and `keys.i` and `values.i` [H, N, d]. Throws a LabError (badInput) for an architecture
 * without a cached pass.
 */
export function cachedPassGraph(shape: CachedPassShape): Record<string, Tensor> {
  const { config, taps, weightFormat, rows: N, past: P, type } = shape;
  const cache = cacheOf(config);
  const { heads: H, headWidth: d } = cache.shape(config);
  const depth = depthOf(taps);
  const x = input("embedding", [N, config.width], type);
  const mask = input("mask", [N, P + N], type);
  const past = Array.from({ length: depth }, (_, i) => ({
    keys: input(pastKeysName(i), [H, P, d], type),
    values: input(pastValuesName(i), [H, P, d], type),
  }));
  const blocks = cache.blocks(x, { config, blocks: depth, weightFormat }, mask, past);
  const architecture = architectureOf(config);
  return {
    ...Object.fromEntries(
      taps.map((tap, k) => {
        const { state } = blocks[tap.blocks - 1];
        return [stateName(k), tap.finalNorm ? architecture.finalNorm(state, config) : state];
      }),
    ),
    ...Object.fromEntries(
      blocks.flatMap(({ keys, values }, i) => [
        [keysName(i), keys],
        [valuesName(i), values],
      ]),
    ),
  };
}

/** Throws a LabError (badInput) for an architecture without a cached pass. */
export function cacheOf(config: NetworkConfig): BlocksCache<NetworkConfig> {
  const { cache, name } = architectureOf(config);
  if (cache) return cache;
  throw new LabError(
    "badInput",
    `Exact recovery needs cached keys and values, which the architecture ${name} has not.`,
  );
}
