// The blocks of networks whose attention tells places by rotation, at once for whole texts and behind cached keys and
// values: what differs between architectures is one function, the block.

import type { FloatType } from "../common/floats.ts";
import { less, matMul, reshape, transpose, where } from "../tensorgraph/operations.ts";
import { constant, scalar, type Tensor } from "../tensorgraph/tensor.ts";
import type { Architecture, CachedBlock, KeysAndValues, NetworkConfig, Weight } from "./architectures/architecture.ts";
import { cachedAttention, causalAttention, causalMask, type Layers, layersOf, MASKED } from "./layers.ts";
import { rotate, type Rotary, shown, turnOfMask, turnOfPlaces } from "./rotary.ts";

export interface RotaryConfig extends NetworkConfig {
  /** Heads of queries, H. */
  readonly heads: number;
  /** Heads of keys and values, H'; divides H. */
  readonly keyHeads: number;
  /** d */
  readonly headWidth: number;
  readonly rotary: Rotary;
  /** Missing where all tokens see all before them. */
  readonly window?: Window;
}

/** Plain JSON. */
export interface Window {
  /** Tokens that a token sees, itself among them. */
  readonly size: number;
  /** The blocks in which it sees no more, counted from 0: those from this one on, or these. */
  readonly blocks: number | readonly number[];
}

/** Queries [N, H, d], keys and values [N, H', d], not yet turned → what each row attends to, [N, H·d]. */
export type Attend = (queries: Tensor, keys: Tensor, values: Tensor) => Tensor;

/** What the parts of a block are made from. */
export interface Make<Config> {
  readonly config: Config;
  readonly layers: Layers;
}

/** x [N, D] → [N, D]. */
type Block<Config> = (x: Tensor, index: number, attend: Attend, make: Make<Config>) => Tensor;

export function rotaryBlocks<Config extends RotaryConfig>(
  weights: (config: Config) => readonly Weight[],
  block: Block<Config>,
): Required<Pick<Architecture<Config>, "blocks" | "cache" | "rotates">> {
  return {
    rotates: true,
    blocks(x, { config, blocks, from = 0, restarts: B, weightFormat }) {
      const make = { config, layers: layersOf(weights(config), weightFormat) };
      const [T, type] = [x.shape[0] / B, x.type as FloatType];
      const turn = turnOfPlaces(config.rotary, T, type);
      const states: Tensor[] = [];
      for (let index = from; index < blocks; index++) {
        const mask = causalMask(T, type, windowOf(config, index));
        const attend: Attend = (...qkv) => {
          const [q, k, v] = qkv.map((part) => reshape(part, [T, B * part.shape[1], part.shape[2]]));
          const mixed = causalAttention(rotate(q, turn), rotate(k, turn), v, mask);
          return reshape(mixed, [T * B, config.heads * config.headWidth]);
        };
        states.push((x = block(x, index, attend, make)));
      }
      return states;
    },
    cache: {
      shape: ({ keyHeads, headWidth }) => ({ heads: keyHeads, headWidth }),
      blocks(x, { config, blocks, weightFormat }, mask, past) {
        const make = { config, layers: layersOf(weights(config), weightFormat) };
        const turn = turnOfMask(config.rotary, mask);
        return past.slice(0, blocks).map((earlier, index): CachedBlock => {
          let own: KeysAndValues;
          const attend: Attend = (q, k, v) => {
            const [queries, keys, values] = [rotate(q, turn), rotate(k, turn), v].map((part) =>
              transpose(part, [1, 0, 2]),
            );
            own = { keys, values };
            return cachedAttention(queries, own, within(mask, windowOf(config, index)), earlier);
          };
          x = block(x, index, attend, make);
          return { state: x, ...own! };
        });
      },
    },
  };
}

function windowOf({ window }: RotaryConfig, index: number): number {
  if (!window) return Infinity;
  const { size, blocks } = window;
  return (typeof blocks === "number" ? index >= blocks : blocks.includes(index)) ? size : Infinity;
}

/**
 * A mask [N, M] that hides more than `window` tokens back too. What a row sees stands in the order of the text: a token is
 * as far back as there are tokens behind it that the row sees as well.
 */
function within(mask: Tensor, window: number): Tensor {
  const M = mask.shape[1];
  if (M <= window) return mask;
  const behind = Float32Array.from({ length: M * M }, (_, i) => (Math.floor(i / M) > i % M ? 1 : 0));
  const distance = matMul(shown(mask), constant(behind, [M, M], mask.type)); // [N, M]
  return where(less(distance, window), mask, scalar(MASKED, mask.type));
}
