// Mistral 7B (arXiv 2310.06825): Llama in which a token sees no farther back than a window.

import { countOrNull, llamaRelative } from "./llama-family.ts";

export const mistral = llamaRelative({
  name: "mistral",
  classes: ["MistralForCausalLM", "MistralModel"],
  defaults: {
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    max_position_embeddings: 131072,
    vocab_size: 32000,
  },
  window(json) {
    const size = countOrNull(json, "sliding_window", 4096);
    return size === null ? undefined : { size, blocks: 0 };
  },
});
