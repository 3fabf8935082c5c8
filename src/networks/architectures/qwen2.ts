// Qwen 2 and 2.5 (arXiv 2407.10671, 2412.15115): Llama with biases of queries, keys and values.

import { llamaRelative, windowOfLayers } from "./llama-family.ts";

export const qwen2 = llamaRelative({
  name: "qwen2",
  classes: ["Qwen2ForCausalLM", "Qwen2Model"],
  defaults: {
    hidden_size: 4096,
    intermediate_size: 22016,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    max_position_embeddings: 32768,
    vocab_size: 151936,
  },
  biased: () => ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
  window: windowOfLayers,
});
