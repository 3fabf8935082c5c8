// Qwen 3 (arXiv 2505.09388): Llama in which queries and keys of each head are normed.

import { biasesByFields, llamaRelative, windowOfLayers } from "./llama-family.ts";

export const qwen3 = llamaRelative({
  name: "qwen3",
  classes: ["Qwen3ForCausalLM", "Qwen3Model"],
  defaults: {
    hidden_size: 4096,
    intermediate_size: 22016,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    head_dim: 128,
    max_position_embeddings: 32768,
    vocab_size: 151936,
  },
  biased: biasesByFields("attention_bias"),
  headNorms: true,
  window: windowOfLayers,
});
