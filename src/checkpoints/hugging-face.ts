// The names in a checkpoint folder of the Hugging Face layout.

export const CONFIG_FILE = "config.json";
/** All weights in one file. */
export const WEIGHTS_FILE = "model.safetensors";
/** Where the weights are split over shards: which tensor is in which of them. */
export const INDEX_FILE = "model.safetensors.index.json";

/** Shard `index` of `count`, counted from 0. */
export function shardFile(index: number, count: number): string {
  const digits = (n: number) => String(n).padStart(5, "0");
  return `model-${digits(index + 1)}-of-${digits(count)}.safetensors`;
}
