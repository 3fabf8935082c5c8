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

/** What GPT2LMHeadModel puts before the names of GPT2Model's weights. */
const PREFIX = "transformer.";

/** A weight's name in a file of GPT2LMHeadModel. */
export const storedName = (name: string): string => (name === "lm_head.weight" ? name : PREFIX + name);

/** A weight's name without the prefix that some files have. */
export const plainName = (stored: string): string => (stored.startsWith(PREFIX) ? stored.slice(PREFIX.length) : stored);
