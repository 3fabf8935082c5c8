// GPT-2 (Radford et al., 2019) and what transformers opens as such: pre-norm transformer with causal attention, tanh GELU
// or another activation, and a head that is most often the transposed token embedding. Dropout is never applied. Weights
// have Hugging Face's names; dense kernels are [in, out], as in its Conv1D. B restarts, T tokens, D width, H heads,
// d = D/H, F inner width, V vocabulary.

import type { FloatType } from "../../common/floats.ts";
import { add, layerNormalization, reshape, split, transpose } from "../../tensorgraph/operations.ts";
import { constant, type Tensor } from "../../tensorgraph/tensor.ts";
import { type Activation, activate } from "../activations.ts";
import { cachedAttention, causalAttention, causalMask, type Layers, layersOf, scoreScale } from "../layers.ts";
import type { Architecture, CachedBlock, ConfigJson, KeysAndValues, NetworkConfig, Weight } from "./architecture.ts";
import {
  activationField,
  booleanField,
  checkFixed,
  countField,
  positiveField,
  unsupported,
  usedName,
} from "./config-fields.ts";

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
  // What GPT-2 itself has not is left out where it is as there: fingerprints are older than these.
  /** `activation_function`, where it is not the tanh GELU. */
  readonly activation?: Activation;
  /** Scores are not divided by √d (`scale_attn_weights`). */
  readonly unscaled?: true;
  /** Scores of block i, from 0 on, are divided by i + 1 (`scale_attn_by_inverse_layer_idx`). */
  readonly scaledByDepth?: true;
  /** The file has none of the biases, which are zeros then, as transformers has them. */
  readonly unbiased?: true;
}

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
    const activation = activationField(json, "activation_function", "gelu_new");
    checkFixed(json, "add_cross_attention", false);
    booleanField(json, "reorder_and_upcast_attn", false); // Another order of the same numbers.
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
      ...(activation !== "gelu_new" && { activation }),
      ...(!booleanField(json, "scale_attn_weights", true) && { unscaled: true }),
      ...(booleanField(json, "scale_attn_by_inverse_layer_idx", false) && { scaledByDepth: true }),
    };
  },

  settle(config, stored) {
    const biases = gpt2.weights(config).filter(({ name }) => name.endsWith(".bias"));
    return biases.some(({ name }) => stored.has(name)) ? config : { ...config, unbiased: true };
  },

  weights(config) {
    const { blocks, width: D, innerWidth: F, positions, vocabulary: V, tiedHead, initializerRange } = config;
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
    const all: Weight[] = [
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
    return config.unbiased ? all.filter(({ name }) => !name.endsWith(".bias")) : all;
  },

  blocks(x, { config, blocks, from = 0, restarts, weightFormat }) {
    const make = { config, layers: layersOf(gpt2.weights(config), weightFormat) };
    const { width: D, heads: H } = config;
    const T = x.shape[0] / restarts;
    const mask = causalMask(T, x.type as FloatType);
    const states: Tensor[] = [];
    for (let index = from; index < blocks; index++) {
      const attend: Attend = (...qkv) => {
        const [q, k, v] = qkv.map((part) => reshape(part, [T, restarts * H, D / H]));
        return reshape(causalAttention(q, k, v, mask, scaleOf(config, index)), [T * restarts, D]);
      };
      states.push((x = block(x, index, attend, make)));
    }
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
          return cachedAttention(q, own, mask, earlier, scaleOf(config, index));
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
function attention(x: Tensor, name: string, attend: Attend, make: Make): Tensor {
  const { width: D } = make.config;
  const [q, k, v] = split(dense(x, `${name}.c_attn`, make), 1, [D, D, D]);
  return dense(attend(q, k, v), `${name}.c_proj`, make);
}

/** What the scores of a block are multiplied with. */
const scaleOf = ({ width, heads, unscaled, scaledByDepth }: GPT2Config, index: number): number =>
  (unscaled ? 1 : scoreScale(width / heads)) / (scaledByDepth ? index + 1 : 1);

/** [N, D] → [H, N, d]. */
function headsFirst(x: Tensor, { width: D, heads: H }: GPT2Config): Tensor {
  return transpose(reshape(x, [x.shape[0], H, D / H]), [1, 0, 2]);
}

/** f(x W + b) W' + b', f being the activation. x [N, D] → [N, D]. */
const feedForward = (x: Tensor, name: string, make: Make): Tensor =>
  dense(activate(dense(x, `${name}.c_fc`, make), make.config.activation ?? "gelu_new"), `${name}.c_proj`, make);

/** x W + b with W [in, out]. */
const dense = (x: Tensor, name: string, { config, layers }: Make): Tensor =>
  layers.product(x, `${name}.weight`, config.unbiased ? undefined : layers.parameter(`${name}.bias`, x.type));

function norm(x: Tensor, name: string, { config, layers }: Make): Tensor {
  const scale = layers.parameter(`${name}.weight`, x.type);
  const { unbiased, width, epsilon } = config;
  const shift = unbiased
    ? constant(new Float64Array(width), [width], x.type)
    : layers.parameter(`${name}.bias`, x.type);
  return layerNormalization(x, scale, shift, epsilon);
}
