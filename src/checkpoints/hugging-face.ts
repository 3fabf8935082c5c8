// The names in a checkpoint folder of the Hugging Face layout.

export const CONFIG_FILE = "config.json";
/** How texts are cut: all of it in the first, or a table of tokens, or SentencePiece's. The first that is there counts. */
export const TOKENIZER_FILES = ["tokenizer.json", "vocab.json", "tokenizer.model"] as const;
/** All weights in one file. */
export const WEIGHTS_FILE = "model.safetensors";
/** Where the weights are split over shards: which tensor is in which of them. */
export const INDEX_FILE = "model.safetensors.index.json";

/** Shard `index` of `count`, counted from 0. */
export function shardFile(index: number, count: number): string {
  const digits = (n: number) => String(n).padStart(5, "0");
  return `model-${digits(index + 1)}-of-${digits(count)}.safetensors`;
}
