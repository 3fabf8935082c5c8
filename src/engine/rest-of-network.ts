// What follows a sub-network's output in its whole network, for those who ask what the output is still good for: the blocks
// behind it, the final norm and the head, with the weights as they are stored.

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import type { FloatType } from "../common/floats.ts";
import { blocksAndNorm } from "../networks/subnetwork.ts";
import { type CompiledGraph, compile } from "../runtime/compile.ts";
import { input } from "../tensorgraph/tensor.ts";

/** Input `states` [T, D] after the first `from` blocks, output `last` [T, D] after all of them and the final norm. */
export interface RestShape {
  readonly from: number;
  /** T */
  readonly length: number;
  readonly type: FloatType;
}

/** On the CPU, the weights read in place: it is run once or twice. Throws a LabError (device). */
export function openRest(whole: Checkpoint, { from, length, type }: RestShape): Promise<CompiledGraph> {
  const { config } = whole;
  const last = blocksAndNorm(input("states", [length, config.width], type), config, from);
  return compile({ last }, { weights: whole, device: "cpu", memory: "low" });
}
