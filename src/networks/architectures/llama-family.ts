// What Llama (arXiv 2302.13971) and its relatives share: RMSNorm before each part, attention with grouped heads and rotations,
// a gated feed-forward layer. Weights have Hugging Face's names; matrices are [out, in], as in PyTorch's Linear. D width, H and
// H' heads of width d, F inner width, V vocabulary.

import { shortJson } from "../../common/short-json.ts";
import { add, multiply, reshape, rootMeanSquareNorm } from "../../tensorgraph/operations.ts";
import type { Tensor } from "../../tensorgraph/tensor.ts";
import { type Activation, activate } from "../activations.ts";
import { layersOf } from "../layers.ts";
import { type Attend, type Make, rotaryBlocks, type RotaryConfig, type Window } from "../rotary-blocks.ts";
import type { Architecture, ConfigJson, Weight } from "./architecture.ts";
import { activationField, booleanField, countField, positiveField, unsupported } from "./config-fields.ts";
import { rotaryFields } from "./rotary-fields.ts";

interface LlamaConfig extends RotaryConfig {
  /** F (`intermediate_size`). */
  readonly innerWidth: number;
  readonly activation: Activation;
  /** Added to the mean square in RMSNorm (`rms_norm_eps`). */
  readonly epsilon: number;
  readonly tiedHead: boolean;
  /** Standard deviation of new weights (`initializer_range`). */
  readonly initializerRange: number;
  /** The matrices that have biases. */
  readonly biased: readonly Matrix[];
  /** Queries and keys of each head are normed before they are turned. */
  readonly headNorms: boolean;
}

const ATTENTION = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"] as const;
const FEED_FORWARD = ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"] as const;
type Matrix = (typeof ATTENTION)[number] | (typeof FEED_FORWARD)[number];

/** What one of the family has in its own way. */
interface Relative {
  readonly name: string;
  /** transformers' name of the class with the head, and without. */
  readonly classes: readonly string[];
  /** What transformers takes for a field that is missing. */
  readonly defaults: {
    readonly hidden_size: number;
    readonly intermediate_size: number;
    readonly num_hidden_layers: number;
    readonly num_attention_heads: number;
    /** As many as there are heads of queries, where nothing is said. */
    readonly num_key_value_heads?: number;
    /** D/H, where nothing is said. */
    readonly head_dim?: number;
    readonly max_position_embeddings: number;
    readonly vocab_size: number;
  };
  readonly biased?: (json: ConfigJson) => readonly Matrix[];
  readonly headNorms?: true;
  readonly window?: (json: ConfigJson, blocks: number) => Window | undefined;
}

/** Which matrices have biases by the fields `attention_bias` and `mlp_bias`. */
export const biasesByFields =
  (...fields: readonly ("attention_bias" | "mlp_bias")[]) =>
  (json: ConfigJson): readonly Matrix[] =>
    fields.flatMap((field) => {
      if (!booleanField(json, field, false)) return [];
      return field === "attention_bias" ? ATTENTION : FEED_FORWARD;
    });

/** The sliding windows of Qwen's models: in the blocks that `layer_types` names, or in those from `max_window_layers` on. */
export function windowOfLayers(json: ConfigJson, blocks: number): Window | undefined {
  const size = booleanField(json, "use_sliding_window", false) ? countOrNull(json, "sliding_window", 4096) : null;
  const types = json["layer_types"] ?? null;
  if (types === null) {
    const from = json["max_window_layers"] ?? 28;
    if (!Number.isSafeInteger(from)) throw unsupported(`its max_window_layers is ${shortJson(from)}`);
    return size === null ? undefined : { size, blocks: from as number };
  }
  if (!Array.isArray(types) || types.length < blocks) {
    throw unsupported(`its layer_types is ${shortJson(types)}, and must have an entry for each of ${blocks} blocks`);
  }
  const known = size === null ? ["full_attention"] : ["full_attention", "sliding_attention"];
  const other = types.findIndex((type) => !known.includes(type as string));
  if (other >= 0) {
    const are = `sliding_window is ${shortJson(size)}`;
    throw unsupported(`its layer_types has ${shortJson(types[other])} for block ${other + 1}, and ${are}`);
  }
  const narrow = types.flatMap((type, index) => (type === "sliding_attention" ? [index] : []));
  return size === null || narrow.length === 0 ? undefined : { size, blocks: narrow };
}

/** A whole number from 1 on, or null. */
export const countOrNull = (json: ConfigJson, name: string, byDefault: number): number | null =>
  json[name] === null ? null : countField(json, name, byDefault);

export function llamaRelative(relative: Relative): Architecture<LlamaConfig> {
  const { name, classes, defaults } = relative;
  return {
    name,
    modelTypes: [name, ...classes],
    prefix: "model.",
    sizes: {},
    settable: [...Object.keys(defaults), "initializer_range", "num_key_value_heads"].filter(
      (field, i, all) => all.indexOf(field) === i,
    ),
    ownTokenizer: true,
    readConfig: (json) => readConfig(json, relative),
    weights,
    ...rotaryBlocks(weights, block),
    finalNorm: (x, config) => norm(x, "norm", { config, layers: layersOf(weights(config)) }),
    activations: ({ width: D, innerWidth: F, heads: H, keyHeads, headWidth: d }, T) =>
      T * (12 * D + 6 * F + 5 * (H + keyHeads) * d + 4 * H * T),
  };
}

function readConfig(json: ConfigJson, { defaults, biased, headNorms, window }: Relative): LlamaConfig {
  const count = (field: keyof typeof defaults): number => countField(json, field, defaults[field]!);
  const [width, heads, blocks] = [count("hidden_size"), count("num_attention_heads"), count("num_hidden_layers")];
  const keyHeads =
    json["num_key_value_heads"] === null
      ? heads
      : countField(json, "num_key_value_heads", defaults.num_key_value_heads ?? heads);
  if (heads % keyHeads !== 0) {
    throw unsupported(`its num_attention_heads, ${heads}, is not divisible by its num_key_value_heads, ${keyHeads}`);
  }
  const ownWidth = json["head_dim"] ?? defaults.head_dim;
  if (ownWidth === undefined && width % heads !== 0) {
    throw unsupported(`its hidden_size, ${width}, is not divisible by its num_attention_heads, ${heads}`);
  }
  const headWidth = ownWidth === undefined ? width / heads : countField(json, "head_dim", defaults.head_dim ?? 1);
  const positions = count("max_position_embeddings");
  const seen = window?.(json, blocks);
  return {
    blocks,
    width,
    heads,
    keyHeads,
    headWidth,
    innerWidth: count("intermediate_size"),
    positions,
    vocabulary: count("vocab_size"),
    activation: activationField(json, "hidden_act", "silu"),
    epsilon: positiveField(json, "rms_norm_eps", 1e-6),
    rotary: rotaryFields(json, { headWidth, positions }),
    tiedHead: booleanField(json, "tie_word_embeddings", false),
    initializerRange: positiveField(json, "initializer_range", 0.02),
    biased: biased?.(json) ?? [],
    headNorms: headNorms ?? false,
    ...(seen && { window: seen }),
  };
}

function weights(config: LlamaConfig): readonly Weight[] {
  const { blocks, width: D, heads: H, keyHeads, headWidth: d, innerWidth: F, vocabulary: V } = config;
  const [zeros, ones, drawn] = [
    { mean: 0, std: 0 },
    { mean: 1, std: 0 },
    { mean: 0, std: config.initializerRange },
  ];
  const shapes: Record<Matrix, readonly [leave: number, enter: number]> = {
    "self_attn.q_proj": [H * d, D],
    "self_attn.k_proj": [keyHeads * d, D],
    "self_attn.v_proj": [keyHeads * d, D],
    "self_attn.o_proj": [D, H * d],
    "mlp.gate_proj": [F, D],
    "mlp.up_proj": [F, D],
    "mlp.down_proj": [D, F],
  };
  const norms: [part: string, width: number][] = [
    ["input_layernorm", D],
    ["post_attention_layernorm", D],
    ...(config.headNorms ? ([["self_attn.q_norm", d], ["self_attn.k_norm", d]] as [string, number][]) : []), // prettier-ignore
  ];
  return [
    { name: "embed_tokens.weight", shape: [V, D], role: "tokenEmbedding", outputAxis: 0, initial: drawn },
    { name: "norm.weight", shape: [D], role: "finalNorm", initial: ones },
    ...(config.tiedHead
      ? []
      : [{ name: "lm_head.weight", shape: [V, D], role: "head", outputAxis: 0, initial: drawn } as const]),
    ...Array.from({ length: blocks }, (_, block): Weight[] => {
      const name = (part: string): string => `layers.${block}.${part}`;
      return [
        ...norms.map(([part, extent]): Weight => ({
          name: name(`${part}.weight`),
          shape: [extent],
          role: "norm",
          block,
          initial: ones,
        })),
        ...Object.entries(shapes).flatMap(([matrix, shape]): Weight[] => [
          { name: name(`${matrix}.weight`), shape, role: "matrix", outputAxis: 0, block, initial: drawn },
          ...(config.biased.includes(matrix as Matrix)
            ? [{ name: name(`${matrix}.bias`), shape: [shape[0]], role: "bias", block, initial: zeros } as const]
            : []),
        ]),
      ];
    }).flat(),
  ];
}

/** x [N, D] → [N, D]. */
function block(x: Tensor, index: number, attend: Attend, make: Make<LlamaConfig>): Tensor {
  const { config, layers } = make;
  const name = (part: string): string => `layers.${index}.${part}`;
  const linear = (input: Tensor, matrix: Matrix): Tensor => {
    const bias = config.biased.includes(matrix) ? layers.parameter(name(`${matrix}.bias`), x.type) : undefined;
    return layers.product(input, name(`${matrix}.weight`), bias);
  };
  const heads = (input: Tensor, matrix: Matrix, headNorm?: string): Tensor => {
    const product = linear(input, matrix);
    const [N, width] = product.shape;
    const cut = reshape(product, [N, width / config.headWidth, config.headWidth]);
    return headNorm && config.headNorms ? norm(cut, name(headNorm), make) : cut;
  };

  const normal = norm(x, name("input_layernorm"), make);
  const [q, k] = (["q", "k"] as const).map((part) => heads(normal, `self_attn.${part}_proj`, `self_attn.${part}_norm`));
  const attended = add(x, linear(attend(q, k, heads(normal, "self_attn.v_proj")), "self_attn.o_proj"));

  const inner = norm(attended, name("post_attention_layernorm"), make);
  const gate = activate(linear(inner, "mlp.gate_proj"), config.activation);
  return add(attended, linear(multiply(gate, linear(inner, "mlp.up_proj")), "mlp.down_proj"));
}

const norm = (x: Tensor, name: string, { config, layers }: Make<LlamaConfig>): Tensor =>
  rootMeanSquareNorm(x, layers.parameter(`${name}.weight`, x.type), config.epsilon);
