// Small checkpoints on disk, right and wrong ones.

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { randomStream } from "../../src/common/random.ts";
import { layOutSafetensors, type SafetensorsType } from "../../src/checkpoints/safetensors.ts";
import { blockWeights, outerWeights } from "../../src/networks/architectures/architectures.ts";
import type { GPT2Config } from "../../src/networks/architectures/gpt2.ts";

/** The smallest network that has everything. */
export const TINY: GPT2Config = {
  blocks: 2,
  width: 8,
  heads: 2,
  innerWidth: 32,
  positions: 6,
  vocabulary: 50,
  epsilon: 1e-5,
  tiedHead: true,
  initializerRange: 0.02,
};

export interface TensorValues {
  readonly name: string;
  readonly type: SafetensorsType;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

export const configJson = (config: GPT2Config): Record<string, unknown> => ({
  model_type: "gpt2",
  activation_function: "gelu_new",
  n_layer: config.blocks,
  n_embd: config.width,
  n_head: config.heads,
  n_inner: config.innerWidth,
  n_positions: config.positions,
  vocab_size: config.vocabulary,
  layer_norm_epsilon: config.epsilon,
  tie_word_embeddings: config.tiedHead,
});

/** Random values for every weight of the network, in float32. */
export function weightValues(config: GPT2Config, prefix = "transformer."): TensorValues[] {
  const blocks = Array.from({ length: config.blocks }, (_, index) => blockWeights(config, index)).flat();
  return [...outerWeights(config), ...blocks].map(({ name, shape }) => ({
    name: name === "lm_head.weight" ? name : prefix + name,
    type: "F32",
    shape,
    values: randomStream(1, name).normal(
      shape.reduce((size, extent) => size * extent, 1),
      0,
      0.1,
      "float64",
    ),
  }));
}

export function safetensorsBytes(tensors: readonly TensorValues[]): Uint8Array {
  const layout = layOutSafetensors(tensors, { format: "pt" });
  const bytes = new Uint8Array(layout.fileBytes);
  bytes.set(layout.header);
  for (const { name, type, values } of tensors) {
    bytes.set(storedBytes(values, type), layout.tensors.get(name)!.byteOffset);
  }
  return bytes;
}

function storedBytes(values: ArrayLike<number>, type: SafetensorsType): Uint8Array {
  if (type === "F64") return new Uint8Array(Float64Array.from(values).buffer);
  if (type === "F32") return new Uint8Array(Float32Array.from(values).buffer);
  if (type === "BF16") {
    const words = new Uint32Array(Float32Array.from(values).buffer);
    return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
  }
  if (type === "F16") return new Uint8Array(Uint16Array.from(Array.from(values), halfFromNumber).buffer);
  return Uint8Array.from(values);
}

/** The binary16 at or below a number in magnitude; normal numbers and 0 only. */
function halfFromNumber(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = Math.floor((Math.abs(value) / 2 ** exponent - 1) * 1024);
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction;
}

/** A checkpoint of one weights file. */
export async function writeCheckpoint(
  folder: string,
  config: object,
  tensors: readonly TensorValues[],
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "config.json"), JSON.stringify(config));
  await writeFile(path.join(folder, "model.safetensors"), safetensorsBytes(tensors));
  return folder;
}
