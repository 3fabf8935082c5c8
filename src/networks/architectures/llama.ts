// Llama 1 to 3 (arXiv 2302.13971, 2307.09288, 2407.21783) and what is made in its form, such as SmolLM2 and TinyLlama.

import { biasesByFields, llamaRelative } from "./llama-family.ts";

export const llama = llamaRelative({
  name: "llama",
  classes: ["LlamaForCausalLM", "LlamaModel"],
  defaults: {
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 2048,
    vocab_size: 32000,
  },
  biased: biasesByFields("attention_bias", "mlp_bias"),
});
