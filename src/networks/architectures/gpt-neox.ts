// GPT-NeoX (arXiv 2204.06745), the architecture of Pythia: LayerNorm, attention in which a part of each head's channels is
// turned, and a feed-forward layer beside the attention or behind it. Weights have Hugging Face's names; matrices are
// [out, in]. D width, H heads of width d = D/H, F inner width, V vocabulary.

import { add, layerNormalization, reshape, split } from "../../tensorgraph/operations.ts";
import type { Tensor } from "../../tensorgraph/tensor.ts";
import { type Activation, activate } from "../activations.ts";
import { layersOf } from "../layers.ts";
import { type Attend, type Make, rotaryBlocks, type RotaryConfig } from "../rotary-blocks.ts";
import type { Architecture, Weight } from "./architecture.ts";
import { activationField, booleanField, countField, positiveField, unsupported } from "./config-fields.ts";
import { rotaryFields } from "./rotary-fields.ts";

interface GPTNeoXConfig extends RotaryConfig {
  /** F (`intermediate_size`). */
  readonly innerWidth: number;
  readonly activation: Activation;
  /** Added to the variance in LayerNorm (`layer_norm_eps`). */
  readonly epsilon: number;
  readonly tiedHead: boolean;
  /** Standard deviation of new weights (`initializer_range`). */
  readonly initializerRange: number;
  /** Attention and feed-forward layer both take the block's input (`use_parallel_residual`). */
  readonly parallel: boolean;
  /** Whether the matrices of the attention have biases (`attention_bias`). */
  readonly attentionBias: boolean;
}

export const gptNeoX: Architecture<GPTNeoXConfig> = {
  name: "gpt_neox",
  modelTypes: ["gpt_neox", "GPTNeoXForCausalLM", "GPTNeoXModel"],
  prefix: "gpt_neox.",
  sizes: {},
  settable: [
    ...["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings"],
    ...["vocab_size", "initializer_range"],
  ],
  ownTokenizer: true,

  readConfig(json) {
    const width = countField(json, "hidden_size", 6144);
    const heads = countField(json, "num_attention_heads", 64);
    if (width % heads !== 0) {
      throw unsupported(`its hidden_size, ${width}, is not divisible by its num_attention_heads, ${heads}`);
    }
    const positions = countField(json, "max_position_embeddings", 2048);
    const headWidth = width / heads;
    const names = { thetaName: "rotary_emb_base", shareName: "rotary_pct", share: 0.25 };
    return {
      blocks: countField(json, "num_hidden_layers", 44),
      width,
      heads,
      keyHeads: heads,
      headWidth,
      innerWidth: countField(json, "intermediate_size", 24576),
      positions,
      vocabulary: countField(json, "vocab_size", 50432),
      activation: activationField(json, "hidden_act", "gelu"),
      epsilon: positiveField(json, "layer_norm_eps", 1e-5),
      rotary: rotaryFields(json, { headWidth, positions, ...names }),
      tiedHead: booleanField(json, "tie_word_embeddings", false),
      initializerRange: positiveField(json, "initializer_range", 0.02),
      parallel: booleanField(json, "use_parallel_residual", true),
      attentionBias: booleanField(json, "attention_bias", true),
    };
  },

  weights,
  ...rotaryBlocks(weights, block),
  finalNorm: (x, config) => norm(x, "final_layer_norm", { config, layers: layersOf(weights(config)) }),
  activations: ({ width: D, innerWidth: F, heads: H }, T) => T * (16 * D + 6 * F + 4 * H * T),
};

function weights(config: GPTNeoXConfig): readonly Weight[] {
  const { blocks, width: D, innerWidth: F, vocabulary: V, tiedHead, attentionBias, initializerRange } = config;
  const [zeros, ones, drawn] = [
    { mean: 0, std: 0 },
    { mean: 1, std: 0 },
    { mean: 0, std: initializerRange },
  ];
  const norm = (name: string, block?: number): Weight[] => {
    const role = block === undefined ? "finalNorm" : "norm";
    return [
      { name: `${name}.weight`, shape: [D], role, block, initial: ones },
      { name: `${name}.bias`, shape: [D], role, block, initial: zeros },
    ];
  };
  const linear = (name: string, leave: number, enter: number, block: number, hasBias = true): Weight[] => [
    { name: `${name}.weight`, shape: [leave, enter], role: "matrix", outputAxis: 0, block, initial: drawn },
    ...(hasBias ? [{ name: `${name}.bias`, shape: [leave], role: "bias", block, initial: zeros } as const] : []),
  ];
  return [
    { name: "embed_in.weight", shape: [V, D], role: "tokenEmbedding", outputAxis: 0, initial: drawn },
    ...norm("final_layer_norm"),
    ...(tiedHead
      ? []
      : [{ name: "embed_out.weight", shape: [V, D], role: "head", outputAxis: 0, initial: drawn } as const]),
    ...Array.from({ length: blocks }, (_, i) => [
      ...norm(`layers.${i}.input_layernorm`, i),
      ...norm(`layers.${i}.post_attention_layernorm`, i),
      ...linear(`layers.${i}.attention.query_key_value`, 3 * D, D, i, attentionBias),
      ...linear(`layers.${i}.attention.dense`, D, D, i, attentionBias),
      ...linear(`layers.${i}.mlp.dense_h_to_4h`, F, D, i),
      ...linear(`layers.${i}.mlp.dense_4h_to_h`, D, F, i),
    ]).flat(),
  ];
}

/** x [N, D] → [N, D]. */
function block(x: Tensor, index: number, attend: Attend, make: Make<GPTNeoXConfig>): Tensor {
  const { config, layers } = make;
  const { heads: H, headWidth: d, attentionBias, parallel } = config;
  const name = (part: string): string => `layers.${index}.${part}`;
  const linear = (input: Tensor, matrix: string, hasBias = true): Tensor => {
    const bias = hasBias ? layers.parameter(name(`${matrix}.bias`), x.type) : undefined;
    return layers.product(input, name(`${matrix}.weight`), bias);
  };
  // Each head has its query, key and value beside each other.
  const fused = linear(norm(x, name("input_layernorm"), make), "attention.query_key_value", attentionBias);
  const [q, k, v] = split(reshape(fused, [x.shape[0], H, 3 * d]), 2, [d, d, d]);
  const attended = add(x, linear(attend(q, k, v), "attention.dense", attentionBias));
  const inner = norm(parallel ? x : attended, name("post_attention_layernorm"), make);
  return add(attended, linear(activate(linear(inner, "mlp.dense_h_to_4h"), config.activation), "mlp.dense_4h_to_h"));
}

function norm(x: Tensor, name: string, { config, layers }: Make<GPTNeoXConfig>): Tensor {
  const [scale, shift] = ["weight", "bias"].map((part) => layers.parameter(`${name}.${part}`, x.type));
  return layerNormalization(x, scale, shift, config.epsilon);
}
