// The architectures that checkpoints can have, and what everybody else asks of them: weights by their roles.

import { shortJson } from "../../common/short-json.ts";
import { sizeOf } from "../../tensorgraph/tensor.ts";
import { type Architecture, type ConfigJson, isMatrix, type MatrixWeight } from "./architecture.ts";
import type { NetworkConfig, Weight, WeightShape } from "./architecture.ts";
import { unsupported } from "./config-fields.ts";
import { gptNeoX } from "./gpt-neox.ts";
import { gpt2 } from "./gpt2.ts";
import { llama } from "./llama.ts";
import { mistral } from "./mistral.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";

/** A new architecture is its file and its line here. */
export const ARCHITECTURES = [gpt2, llama, mistral, qwen2, qwen3, gptNeoX] as Architecture[];

export const architectureOf = ({ architecture = gpt2.name }: NetworkConfig): Architecture =>
  ARCHITECTURES.find(({ name }) => name === architecture)!;

/** As many as a spec can ask for. */
const MOST_BLOCKS = 1024;
/** Bytes of a float64. */
const LARGEST_NUMBER = 8;

/** The network that a config.json asks for. Throws as an architecture's readConfig does. */
export function networkConfig(json: ConfigJson): NetworkConfig {
  const type = json.model_type ?? (json.architectures as unknown[] | undefined)?.[0];
  if (type === undefined) throw unsupported("it names no architecture (model_type)");
  const architecture = ARCHITECTURES.find(({ modelTypes }) => modelTypes.includes(type as string));
  if (!architecture) {
    const names = ARCHITECTURES.map(({ name }) => `"${name}"`).join(", ");
    const are = ARCHITECTURES.length === 1 ? "is" : "are";
    throw unsupported(`its architecture is ${shortJson(type)}, and only ${names} ${are} supported`);
  }
  if (json.is_causal === false) throw unsupported("its is_causal is false, and only causal attention is supported");
  if ((json.quantization_config ?? null) !== null) {
    throw unsupported(
      `its quantization_config is ${shortJson(json.quantization_config)}, and only plain numbers are read`,
    );
  }
  const config = architecture.readConfig(json);
  if (config.blocks > MOST_BLOCKS) {
    throw unsupported(`it has ${config.blocks} blocks, and at most ${MOST_BLOCKS} are supported`);
  }
  const bytes = parameterCount(architecture.weights(config)) * LARGEST_NUMBER;
  if (!Number.isSafeInteger(bytes)) throw unsupported("its sizes are beyond what can be counted");
  // Fingerprints hold the config, and those of GPT-2 are older than the table.
  return architecture.name === gpt2.name ? config : { architecture: architecture.name, ...config };
}

/** Every weight of a network, those outside the blocks first. */
export const weightsOf = (config: NetworkConfig): readonly Weight[] => architectureOf(config).weights(config);

export const outerWeights = (config: NetworkConfig): Weight[] =>
  weightsOf(config).filter(({ block }) => block === undefined);

/** Weights of block `index`. */
export const blockWeights = (config: NetworkConfig, index: number): Weight[] =>
  weightsOf(config).filter(({ block }) => block === index);

/** W [V, D], a row a token. */
export const tokenEmbeddingWeight = (config: NetworkConfig): MatrixWeight => matrix(config, "tokenEmbedding")!;

/** [positions, D]; undefined where places are not told by an embedding. */
export const positionEmbeddingWeight = (config: NetworkConfig): Weight | undefined =>
  weightsOf(config).find(({ role }) => role === "positionEmbedding");

/** What follows the last block: the final norm, and the head, which is the token embedding where it is tied to it. */
export const readoutWeights = (config: NetworkConfig): Weight[] => [
  ...weightsOf(config).filter(({ role }) => role === "finalNorm"),
  headWeight(config),
];

/** Logits are the products of its rows with a state. */
export const headWeight = (config: NetworkConfig): MatrixWeight =>
  matrix(config, "head") ?? tokenEmbeddingWeight(config);

const matrix = (config: NetworkConfig, role: MatrixWeight["role"]): MatrixWeight | undefined =>
  weightsOf(config)
    .filter(isMatrix)
    .find((weight) => weight.role === role);

export const parameterCount = (weights: readonly WeightShape[]): number =>
  weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** A weight's name in a file of the model with its head. */
export const storedName = ({ prefix }: Architecture, { name, role }: Weight): string =>
  role === "head" ? name : prefix + name;

/** What training code puts before all names: PyTorch's compile and DataParallel, and modules that hold the model. */
const WRAPPERS = ["_orig_mod.", "module.", "model."];

/** A weight's name without the prefixes that some files have. */
export function plainName({ prefix }: Pick<Architecture, "prefix">, stored: string): string {
  const found = [prefix, ...WRAPPERS].find((before) => stored.startsWith(before));
  return found ? plainName({ prefix }, stored.slice(found.length)) : stored;
}
