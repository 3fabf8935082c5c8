// GPT-2 (Radford et al., 2019): pre-norm transformer with causal attention, tanh GELU and a head that is the transposed
// token embedding. Dropout is never applied. Weights have Hugging Face's names; dense kernels are [in, out], as in its
// Conv1D. B restarts, T tokens, D width, H heads, d = D/H, F inner width, V vocabulary.

import { shortJson } from "../../common/short-json.ts";
import type { FloatType } from "../../common/floats.ts";
import {
  add,
  gelu,
  layerNormalization,
  matMul,
  multiply,
  reshape,
  softmax,
  split,
  transpose,
} from "../../tensorgraph/operations.ts";
import type { Tensor } from "../../tensorgraph/tensor.ts";
import { cachedAttention, causalMask, type Layers, layersOf } from "../layers.ts";
import type { Architecture, CachedBlock, ConfigJson, KeysAndValues, NetworkConfig, Weight } from "./architecture.ts";
import { booleanField, checkFixed, countField, positiveField, unsupported, usedName } from "./config-fields.ts";

export interface GPT2Config extends NetworkConfig {
  /** Attention heads a block (`n_head`); divides the width. */
  readonly heads: number;
  /** Width of the feed-forward layer (`n_inner`, 4 D when null). */
  readonly innerWidth: number;
  /** Added to the variance in LayerNorm (`layer_norm_epsilon`). */
  readonly epsilon: number;
  readonly tiedHead: boolean;
  /** Standard deviation of new weights (`initializer_range`). */
  readonly initializerRange: number;
}

/** Fields that change what the network computes, with the one value that it has here. */
const FIXED: Readonly<Record<string, boolean>> = {
  scale_attn_weights: true,
  scale_attn_by_inverse_layer_idx: false,
  reorder_and_upcast_attn: false,
  add_cross_attention: false,
};

/** The tanh GELU, under both names that Hugging Face has for it. */
const ACTIVATIONS: readonly unknown[] = ["gelu_new", "gelu_pytorch_tanh"];

/** The config.json of `GPT2LMHeadModel(GPT2Config())` in another size. */
const size = (n_layer: number, n_embd: number, n_head: number, n_positions: number): ConfigJson => ({
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
});

/** As transformers' GPT2Config maps them. */
const COMMON_NAMES = {
  hidden_size: "n_embd",
  max_position_embeddings: "n_positions",
  num_attention_heads: "n_head",
  num_hidden_layers: "n_layer",
} as const;

export const gpt2: Architecture<GPT2Config> = {
  name: "gpt2",
  modelTypes: ["gpt2", "GPT2Model", "GPT2LMHeadModel"],
  prefix: "transformer.",
  sizes: {
    "gpt2": size(12, 768, 12, 1024),
    "gpt2-medium": size(24, 1024, 16, 1024),
    "gpt2-large": size(36, 1280, 20, 1024),
    "gpt2-xl": size(48, 1600, 25, 1024),
    "mini": size(4, 128, 4, 128),
  },
  commonNames: COMMON_NAMES,
  settable: ["n_layer", "n_embd", "n_head", "n_inner", "n_positions", "vocab_size", "initializer_range"],

  readConfig(json) {
    const activation = json.activation_function ?? "gelu_new";
    if (!ACTIVATIONS.includes(activation)) {
      throw unsupported(
        `its activation_function is ${shortJson(activation)}, and only GPT-2's tanh GELU ("gelu_new") is supported ` +
          `("gelu", "relu", "silu", "swish" and "tanh" are not)`,
      );
    }
    for (const [name, value] of Object.entries(FIXED)) checkFixed(json, name, value);
    const name = (own: string): string => usedName(json, own, COMMON_NAMES);
    const width = countField(json, name("n_embd"), 768);
    const heads = countField(json, name("n_head"), 12);
    if (width % heads !== 0) {
      throw unsupported(`its ${name("n_embd")}, ${width}, is not divisible by its ${name("n_head")}, ${heads}`);
    }
    const tiedHead = booleanField(json, "tie_word_embeddings", true);
    return {
      blocks: countField(json, name("n_layer"), 12),
      width,
      heads,
      innerWidth: countField(json, "n_inner", 4 * width),
      positions: countField(json, name("n_positions"), 1024),
      vocabulary: countField(json, "vocab_size", 50257),
      epsilon: positiveField(json, "layer_norm_epsilon", 1e-5),
      tiedHead,
      initializerRange: positiveField(json, "initializer_range", 0.02),
    };
  },

  weights({ blocks, width: D, innerWidth: F, positions, vocabulary: V, tiedHead, initializerRange }) {
    const [zeros, ones, drawn] = [
      { mean: 0, std: 0 },
      { mean: 1, std: 0 },
      { mean: 0, std: initializerRange },
    ];
    // What is added to the residual stream is scaled by 1/√N, N being the number of residual layers, two a block.
    const residual = { mean: 0, std: initializerRange / Math.sqrt(2 * blocks) };
    const norm = (name: string, block?: number): Weight[] => {
      const role = block === undefined ? "finalNorm" : "norm";
      return [
        { name: `${name}.weight`, shape: [D], role, block, initial: ones },
        { name: `${name}.bias`, shape: [D], role, block, initial: zeros },
      ];
    };
    const dense = (name: string, enter: number, leave: number, block: number, initial = drawn): Weight[] => [
      { name: `${name}.weight`, shape: [enter, leave], role: "matrix", outputAxis: 1, block, initial },
      { name: `${name}.bias`, shape: [leave], role: "bias", block, initial: zeros },
    ];
    return [
      { name: "wte.weight", shape: [V, D], role: "tokenEmbedding", outputAxis: 0, initial: drawn },
      { name: "wpe.weight", shape: [positions, D], role: "positionEmbedding", initial: drawn },
      ...norm("ln_f"),
      ...(tiedHead
        ? []
        : [{ name: "lm_head.weight", shape: [V, D], role: "head", outputAxis: 0, initial: drawn } as const]),
      ...Array.from({ length: blocks }, (_, i) => [
        ...norm(`h.${i}.ln_1`, i),
        ...dense(`h.${i}.attn.c_attn`, D, 3 * D, i),
        ...dense(`h.${i}.attn.c_proj`, D, D, i, residual),
        ...norm(`h.${i}.ln_2`, i),
        ...dense(`h.${i}.mlp.c_fc`, D, F, i),
        ...dense(`h.${i}.mlp.c_proj`, F, D, i, residual),
      ]).flat(),
    ];
  },

  blocks(x, { config, blocks, from = 0, restarts, weightFormat }) {
    const make = { config, layers: layersOf(gpt2.weights(config), weightFormat) };
    const mask = causalMask(x.shape[0] / restarts, x.type as FloatType);
    const attend = (q: Tensor, k: Tensor, v: Tensor): Tensor => causalAttention([q, k, v], mask, restarts, config);
    const states: Tensor[] = [];
    for (let index = from; index < blocks; index++) states.push((x = block(x, index, attend, make)));
    return states;
  },

  cache: {
    shape: ({ width, heads }) => ({ heads, headWidth: width / heads }),
    blocks(x, { config, blocks, weightFormat }, mask, past) {
      const make = { config, layers: layersOf(gpt2.weights(config), weightFormat) };
      return past.slice(0, blocks).map((earlier, index): CachedBlock => {
        let own: KeysAndValues;
        const attend: Attend = (...qkv) => {
          const [q, keys, values] = qkv.map((part) => headsFirst(part, config));
          own = { keys, values };
          return cachedAttention(q, own, mask, earlier);
        };
        x = block(x, index, attend, make);
        return { state: x, ...own! };
      });
    },
  },

  finalNorm: (x, config) => norm(x, "ln_f", { config, layers: layersOf(gpt2.weights(config)) }),

  activations: ({ width: D, innerWidth: F, heads: H }, T) => T * (12 * D + 6 * F + 4 * H * T),
};

/** What the parts of a block are made from. */
interface Make {
  readonly config: GPT2Config;
  readonly layers: Layers;
}

/** Queries, keys and values [N, D] each → what each row attends to, [N, D]. */
type Attend = (queries: Tensor, keys: Tensor, values: Tensor) => Tensor;

/** x [N, D] → [N, D]. */
function block(x: Tensor, index: number, attend: Attend, make: Make): Tensor {
  const name = `h.${index}`;
  const attended = add(x, attention(norm(x, `${name}.ln_1`, make), `${name}.attn`, attend, make));
  return add(attended, feedForward(norm(attended, `${name}.ln_2`, make), `${name}.mlp`, make));
}

/** x [N, D] → [N, D]. */
function attention(x: Tensor, name: string, attend: Attend, { config: { width: D }, layers }: Make): Tensor {
  const [q, k, v] = split(dense(x, `${name}.c_attn`, layers), 1, [D, D, D]);
  return dense(attend(q, k, v), `${name}.c_proj`, layers);
}

/** softmax(q kᵀ / √d + mask) v for each head of B restarts: three of [T·B, D], mask [T, T] → [T·B, D]. */
function causalAttention(qkv: readonly Tensor[], mask: Tensor, B: number, { width: D, heads: H }: GPT2Config): Tensor {
  const T = qkv[0].shape[0] / B;
  const d = D / H;
  const [q, k, v] = qkv.map((part) => reshape(part, [T, B * H, d]));
  const scores = multiply(matMul(transpose(q, [1, 0, 2]), transpose(k, [1, 2, 0])), 1 / Math.sqrt(d)); // [B·H, T, T]
  const mixed = matMul(softmax(add(scores, mask)), transpose(v, [1, 0, 2])); // [B·H, T, d]
  return reshape(transpose(mixed, [1, 0, 2]), [T * B, D]);
}

/** [N, D] → [H, N, d]. */
function headsFirst(x: Tensor, { width: D, heads: H }: GPT2Config): Tensor {
  return transpose(reshape(x, [x.shape[0], H, D / H]), [1, 0, 2]);
}

/** gelu(x W + b) W' + b'. x [N, D] → [N, D]. */
const feedForward = (x: Tensor, name: string, { layers }: Make): Tensor =>
  dense(gelu(dense(x, `${name}.c_fc`, layers), "tanh"), `${name}.c_proj`, layers);

/** x W + b with W [in, out]. */
const dense = (x: Tensor, name: string, layers: Layers): Tensor =>
  layers.product(x, `${name}.weight`, layers.parameter(`${name}.bias`, x.type));

function norm(x: Tensor, name: string, { config, layers }: Pick<Make, "config" | "layers">): Tensor {
  const [scale, shift] = ["weight", "bias"].map((part) => layers.parameter(`${name}.${part}`, x.type));
  return layerNormalization(x, scale, shift, config.epsilon);
}
