// A network, opened: (network, weights, device) → the functions that experiments call.

import { type Checkpoint, matrixFormat, type WeightStore } from "../checkpoints/checkpoint.ts";
import { type FloatArray, floats, type FloatType } from "../common/floats.ts";
import type { Measure } from "../networks/distance.ts";
import type { DistanceAndGradient, NetworkFunctions, NormalProduct } from "../networks/functions.ts";
import { inputWidth, outputWidth } from "../networks/network.ts";
import { normalGraph, objectiveGraph, type ObjectiveShape, pullbackGraph } from "../networks/objective.ts";
import { hasFinalNorm, hasHead, type Output } from "../networks/outputs.ts";
import { readout, type SubnetworkShape } from "../networks/subnetwork.ts";
import type { WeightFormat } from "../networks/weight-formats.ts";
import { input } from "../tensorgraph/tensor.ts";
import { type CompiledGraph, compile, type MemoryMode } from "./compile.ts";
import { type DeviceName, deviceNamed } from "./devices/devices.ts";
import { OpenedGraphs } from "./opened-graphs.ts";
import { checkCardMemory, fittingMode, type SessionShape } from "./memory.ts";

/** Where a network runs. */
export interface Placement {
  readonly device: DeviceName;
  readonly memory: MemoryMode;
}

export interface NetworkOptions extends SessionShape, Placement {
  /** Gets the holder of the network's weights, once it is known that the network fits. */
  readonly weights: () => Promise<WeightStore>;
}

export interface SubnetworkOptions extends Placement {
  readonly checkpoint: Checkpoint;
  readonly blocks: number;
  readonly output: Output;
  readonly weightFormat?: WeightFormat;
  readonly batch: number;
  readonly length: number;
  readonly type: FloatType;
  readonly measure: Measure;
}

/** Opens the first blocks of a checkpoint. Throws as openNetwork does. */
export const openSubnetwork = ({
  checkpoint,
  blocks,
  output,
  weightFormat,
  ...options
}: SubnetworkOptions): Promise<OpenNetwork> =>
  openNetwork({
    ...options,
    network: { kind: "transformer", config: checkpoint.config, blocks, output, weightFormat },
    storedAs: matrixFormat(checkpoint),
    weights: async () => checkpoint,
  });

/**
 * Opens a network, ready for descent steps, in memory mode "low" where "speed" does not fit. Throws a LabError: badInput
 * when text, network and measure do not fit together; memory, before anything is allocated, when it cannot fit at all;
 * device when the device cannot run it.
 */
export async function openNetwork({ weights, ...options }: NetworkOptions): Promise<OpenNetwork> {
  const graph = objectiveGraph(options);
  const { isCard } = deviceNamed(options.device);
  if (isCard) await checkCardMemory(options);
  const memory = isCard ? options.memory : fittingMode(options, options.memory);
  const opened = { ...options, memory, weights: await weights() };
  const network = new OpenNetwork(opened, await compile(graph, opened));
  // Whether a card knows 16 bits is only told when it is to compute in them.
  if (isCard && hasFloat16Weights(options))
    await network.forward(floats(options.type, options.batch * options.length * network.width));
  return network;
}

const hasFloat16Weights = ({ network }: ObjectiveShape): boolean =>
  network.kind === "transformer" && network.weightFormat === "float16";

/** What can be done beside descent steps, each by a graph of its own that is opened when it is first needed. */
const GRAPHS = { pullback: pullbackGraph, normal: normalGraph } as const;

interface OpenedOptions extends ObjectiveShape, Placement {
  readonly weights: WeightStore;
}

export class OpenNetwork implements NetworkFunctions {
  readonly batch: number;
  readonly length: number;
  readonly width: number;
  readonly outputWidth: number;
  readonly type: FloatType;
  readonly device: DeviceName;
  /** The memory mode that it was opened in. */
  readonly memory: MemoryMode;
  readonly #options: OpenedOptions;
  readonly #objective: CompiledGraph;
  readonly #others = new OpenedGraphs();
  /** Any value will do where only the output is wanted. */
  readonly #noTarget: FloatArray;

  constructor(options: OpenedOptions, objective: CompiledGraph) {
    const { network, batch, length, type, device, memory } = options;
    this.batch = batch;
    this.length = length;
    this.width = inputWidth(network);
    this.outputWidth = outputWidth(network);
    this.type = type;
    this.device = device;
    this.memory = memory;
    this.#options = options;
    this.#objective = objective;
    this.#noTarget = floats(type, batch * length * this.outputWidth);
  }

  async forward(embedding: FloatArray): Promise<FloatArray> {
    const { output } = await this.#objective.run({ embedding, target: this.#noTarget }, ["output"]);
    return output;
  }

  async distanceAndGradient(embedding: FloatArray, target: FloatArray): Promise<DistanceAndGradient> {
    const { distance, gradient } = await this.#objective.run({ embedding, target }, ["distance", "gradient"]);
    return { distance, gradient };
  }

  async vjp(embedding: FloatArray, cotangent: FloatArray, target: FloatArray): Promise<DistanceAndGradient> {
    const pullback = await this.#graph("pullback");
    const { distance, gradient } = await pullback.run({ embedding, target, cotangent }, ["distance", "gradient"]);
    return { distance, gradient };
  }

  async normalProduct(embedding: FloatArray, tangent: FloatArray): Promise<NormalProduct> {
    const normal = await this.#graph("normal");
    const { image, product } = await normal.run({ embedding, tangent }, ["image", "product"]);
    return { image, product };
  }

  async nextTokens(embedding: FloatArray): Promise<number[] | undefined> {
    const { network } = this.#options;
    if (network.kind !== "transformer") return undefined;
    const output = await this.forward(embedding);
    const last = floats(this.type, this.batch * this.outputWidth);
    for (let restart = 0; restart < this.batch; restart++) {
      const from = ((restart + 1) * this.length - 1) * this.outputWidth;
      last.set(output.subarray(from, from + this.outputWidth), restart * this.outputWidth);
    }
    const logits = hasHead(network.output) ? last : await this.#logits(last, network);
    const V = network.config.vocabulary;
    return Array.from({ length: this.batch }, (_, restart) => argMax(logits.subarray(restart * V, (restart + 1) * V)));
  }

  async release(): Promise<void> {
    await this.#objective.release();
    await this.#others.release();
  }

  #graph(name: keyof typeof GRAPHS): Promise<CompiledGraph> {
    return this.#others.open(name, () => compile(GRAPHS[name](this.#options), this.#options));
  }

  /** Reads hidden states [B, K] as the whole network would: the final norm where it has not been, then the head. */
  async #logits(hidden: FloatArray, { config, output, weightFormat }: SubnetworkShape): Promise<FloatArray> {
    const graph = await this.#others.open("readout", () => {
      const states = input("hidden", [this.batch, config.width], this.type);
      const logits = readout(states, config, hasFinalNorm(output) ? "blockHead" : "head", weightFormat);
      // One row in a while is not worth a second copy of the head on a card.
      return compile({ logits }, { weights: this.#options.weights, device: "cpu", memory: "low" });
    });
    return (await graph.run({ hidden }, ["logits"])).logits;
  }
}

function argMax(values: FloatArray): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index;
  return best;
}
