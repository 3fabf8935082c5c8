// Hugging Face's config.json for GPT-2: read with its defaults, refused where it asks for another network, and written.

import { readFile, stat } from "node:fs/promises";
import { LabError, messageOf } from "../common/errors.ts";
import { formatBytes } from "../common/bytes.ts";
import type { GPT2Config } from "../networks/gpt2-config.ts";

/** What the weights of a new network are drawn from, beside its sizes. */
export interface InitialisedConfig extends GPT2Config {
  /** Standard deviation of new weights (`initializer_range`). */
  readonly initializerRange: number;
}

/** A config.json, as parsed. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** config.json files are about a kilobyte. */
const LARGEST_CONFIG = 1_000_000;

/** Fields that change what the network computes, with the one value that the lab's network has. */
const FIXED: Readonly<Record<string, boolean>> = {
  scale_attn_weights: true,
  scale_attn_by_inverse_layer_idx: false,
  reorder_and_upcast_attn: false,
  add_cross_attention: false,
};

/** GPT-2's tanh GELU, under both names that Hugging Face has for it. */
const ACTIVATIONS = ["gelu_new", "gelu_pytorch_tanh"];

/** Reads a config.json. Throws a LabError (checkpoint); a file system error is passed on. */
export async function readConfig(file: string): Promise<{ config: InitialisedConfig; json: ConfigJson }> {
  const { size } = await stat(file);
  if (size > LARGEST_CONFIG) throw unusable(file, `it has ${formatBytes(size)}`);
  return parseConfig(await readFile(file, "utf8"), file);
}

const unusable = (file: string, why: string) => new LabError("checkpoint", `${file} cannot be used: ${why}.`);

/** The text of a config.json; `file` is for the sentences. Throws a LabError (checkpoint). */
export function parseConfig(text: string, file: string): { config: InitialisedConfig; json: ConfigJson } {
  const wrong = (why: string) => unusable(file, why);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw wrong(`it is not JSON (${messageOf(error)})`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw wrong("it is not a JSON object");
  const fields = json as ConfigJson;

  const architecture = fields.model_type ?? (fields.architectures as unknown[] | undefined)?.[0];
  if (architecture !== "gpt2" && !/^GPT2(LMHead)?Model$/.test(String(architecture))) {
    throw wrong(
      architecture === undefined
        ? "it names no architecture (model_type)"
        : `its architecture is ${JSON.stringify(architecture)}, and only "gpt2" is supported`,
    );
  }
  const activation = fields.activation_function ?? "gelu_new";
  if (!ACTIVATIONS.includes(activation as string)) {
    throw wrong(
      `its activation_function is ${JSON.stringify(activation)}, and only GPT-2's tanh GELU ("gelu_new") is supported ` +
        `("gelu", "relu", "silu", "swish" and "tanh" are not)`,
    );
  }
  for (const [name, value] of Object.entries(FIXED)) {
    if ((fields[name] ?? value) !== value) {
      throw wrong(`its ${name} is ${JSON.stringify(fields[name])}, and only ${value} is supported`);
    }
  }

  const count = (name: string, byDefault: number): number => {
    const value = fields[name] ?? byDefault;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
    throw wrong(`its ${name} is ${JSON.stringify(value)}, and must be a whole number from 1 on`);
  };
  const positive = (name: string, byDefault: number): number => {
    const value = fields[name] ?? byDefault;
    if (typeof value === "number" && value > 0 && value < Infinity) return value;
    throw wrong(`its ${name} is ${JSON.stringify(value)}, and must be a positive number`);
  };
  const width = count("n_embd", 768);
  const heads = count("n_head", 12);
  if (width % heads !== 0) throw wrong(`its n_embd, ${width}, is not divisible by its n_head, ${heads}`);
  const tiedHead = fields.tie_word_embeddings ?? true;
  if (typeof tiedHead !== "boolean") throw wrong(`its tie_word_embeddings is ${JSON.stringify(tiedHead)}`);
  const config = {
    blocks: count("n_layer", 12),
    width,
    heads,
    innerWidth: count("n_inner", 4 * width),
    positions: count("n_positions", 1024),
    vocabulary: count("vocab_size", 50257),
    epsilon: positive("layer_norm_epsilon", 1e-5),
    tiedHead,
    initializerRange: positive("initializer_range", 0.02),
  };
  return { config, json: fields };
}

/** The sizes that `random:NAME` knows: n_layer, n_embd, n_head, n_positions. */
const SIZES = {
  "gpt2": [12, 768, 12, 1024],
  "gpt2-medium": [24, 1024, 16, 1024],
  "gpt2-large": [36, 1280, 20, 1024],
  "gpt2-xl": [48, 1600, 25, 1024],
  "mini": [4, 128, 4, 128],
} as const;
export type SizeName = keyof typeof SIZES;
export const SIZE_NAMES = Object.keys(SIZES) as SizeName[];
/** The checkpoint that comes with the program: trained, in the sizes of `random:mini`. A folder of that name is `./mini`. */
export const MINI = "mini";
/** Sources that need not be looked for. */
export const NAMED_SOURCES: readonly string[] = [MINI, ...SIZE_NAMES.map((name) => `random:${name}`)];
export const isSizeName = (name: string): name is SizeName => Object.hasOwn(SIZES, name);

/** The config.json of `GPT2LMHeadModel(GPT2Config())` in one of its sizes. */
export function sizedConfig(name: SizeName): ConfigJson {
  const [n_layer, n_embd, n_head, n_positions] = SIZES[name];
  return {
    activation_function: "gelu_new",
    architectures: ["GPT2LMHeadModel"],
    attn_pdrop: 0.1,
    bos_token_id: 50256,
    embd_pdrop: 0.1,
    eos_token_id: 50256,
    initializer_range: 0.02,
    layer_norm_epsilon: 1e-5,
    model_type: "gpt2",
    n_ctx: n_positions,
    n_embd,
    n_head,
    n_inner: null,
    n_layer,
    n_positions,
    resid_pdrop: 0.1,
    tie_word_embeddings: true,
    torch_dtype: "float32",
    vocab_size: 50257,
  };
}
