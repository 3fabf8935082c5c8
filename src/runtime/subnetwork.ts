// A GPT-2 sub-network, opened: (network, checkpoint, device) → the functions that experiments call.

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { type FloatArray, floats, type FloatType } from "../common/floats.ts";
import { type DistanceAndGradient, type NetworkFunctions } from "../networks/functions.ts";
import { ending, outputWidth } from "../networks/gpt2.ts";
import { hasHead } from "../networks/gpt2-config.ts";
import { objectiveGraph, type ObjectiveShape } from "../networks/objective.ts";
import { input } from "../tensorgraph/tensor.ts";
import { type CompiledGraph, compile, type MemoryMode } from "./compile.ts";
import { type DeviceName, deviceNamed } from "./devices.ts";
import { checkCardMemory, fittingMode } from "./memory.ts";

export interface SubnetworkOptions extends Omit<ObjectiveShape, "config"> {
  readonly checkpoint: Checkpoint;
  readonly device: DeviceName;
  readonly memory: MemoryMode;
}

/**
 * Opens the sub-network, in memory mode "low" where "speed" does not fit. Throws a LabError of kind "memory" before
 * anything is allocated when it cannot fit at all, of kind "device" when the device cannot run it.
 */
export async function openSubnetwork(options: SubnetworkOptions): Promise<Subnetwork> {
  const shape: ObjectiveShape = { ...options, config: options.checkpoint.config };
  const graph = objectiveGraph(shape);
  if (deviceNamed(options.device).isCard) await checkCardMemory(shape);
  const memory = deviceNamed(options.device).isCard ? options.memory : fittingMode(shape, options.memory);
  return new Subnetwork(shape, { ...options, memory }, await compile(graph, { ...options, memory }));
}

export class Subnetwork implements NetworkFunctions {
  readonly batch: number;
  readonly length: number;
  readonly width: number;
  readonly outputWidth: number;
  readonly type: FloatType;
  /** The memory mode that it was opened in. */
  readonly memory: MemoryMode;
  readonly #shape: ObjectiveShape;
  readonly #options: SubnetworkOptions;
  readonly #objective: CompiledGraph;
  /** Any value will do where only the output is wanted. */
  readonly #noTarget: FloatArray;
  #readout: CompiledGraph | undefined;

  constructor(shape: ObjectiveShape, options: SubnetworkOptions, objective: CompiledGraph) {
    this.batch = shape.batch;
    this.length = shape.length;
    this.width = shape.config.width;
    this.outputWidth = outputWidth(shape);
    this.type = shape.type;
    this.memory = options.memory;
    this.#shape = shape;
    this.#options = options;
    this.#objective = objective;
    this.#noTarget = floats(this.type, this.batch * this.length * this.outputWidth);
  }

  async forward(embedding: FloatArray): Promise<FloatArray> {
    const { output } = await this.#objective.run({ embedding, target: this.#noTarget }, ["output"]);
    return output;
  }

  async distanceAndGradient(embedding: FloatArray, target: FloatArray): Promise<DistanceAndGradient> {
    const { distance, gradient } = await this.#objective.run({ embedding, target }, ["distance", "gradient"]);
    return { distance, gradient };
  }

  async nextTokens(embedding: FloatArray): Promise<number[]> {
    const output = await this.forward(embedding);
    const last = floats(this.type, this.batch * this.outputWidth);
    for (let restart = 0; restart < this.batch; restart++) {
      const from = ((restart + 1) * this.length - 1) * this.outputWidth;
      last.set(output.subarray(from, from + this.outputWidth), restart * this.outputWidth);
    }
    const logits = hasHead(this.#shape.output) ? last : await this.#logits(last);
    const V = this.#shape.config.vocabulary;
    return Array.from({ length: this.batch }, (_, restart) => argMax(logits.subarray(restart * V, (restart + 1) * V)));
  }

  async release(): Promise<void> {
    await this.#objective.release();
    await this.#readout?.release();
  }

  /** Reads hidden states [B, K] as the whole network would at this depth: ln_f where it has not been, then the head. */
  async #logits(hidden: FloatArray): Promise<FloatArray> {
    const { config, output, type } = this.#shape;
    this.#readout ??= await compile(
      {
        logits: ending(
          input("hidden", [this.batch, config.width], type),
          config,
          output === "block" ? "head" : "blockHead",
        ),
      },
      // One row in a while is not worth a second copy of the head on a card.
      { ...this.#options, device: "cpu", memory: "low" },
    );
    return (await this.#readout.run({ hidden }, ["logits"])).logits;
  }
}

function argMax(values: FloatArray): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index;
  return best;
}
