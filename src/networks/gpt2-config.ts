// The sizes of a GPT-2, and the names and shapes of its weights as Hugging Face stores them (without "transformer.").

/** The part of a Hugging Face `config.json` that decides what the network computes. */
export interface GPT2Config {
  /** Number of transformer blocks (`n_layer`). */
  readonly blocks: number;
  /** Width of the residual stream, D (`n_embd`). */
  readonly width: number;
  /** Attention heads a block (`n_head`); divides the width. */
  readonly heads: number;
  /** Width of the feed-forward layer (`n_inner`, 4 D when null). */
  readonly innerWidth: number;
  /** Longest input in tokens (`n_positions`). */
  readonly positions: number;
  /** Number of tokens, V (`vocab_size`). */
  readonly vocabulary: number;
  /** Added to the variance in LayerNorm (`layer_norm_epsilon`). */
  readonly epsilon: number;
  /** Whether the head is the transposed token embedding (`tie_word_embeddings`). */
  readonly tiedHead: boolean;
}

/** Where the sub-network ends: after its last block, after ln_f, or with the head put on either. */
export const OUTPUTS = ["block", "finalNorm", "blockHead", "head"] as const;
export type Output = (typeof OUTPUTS)[number];

/** Does the output consist of logits over the vocabulary? */
export const hasHead = (output: Output): boolean => output === "head" || output === "blockHead";

/** As the checkpoint has them, or the matrices in 16 bits, or in 8 bits with a scale for each of their outputs. */
export const WEIGHT_FORMATS = ["stored", "float16", "int8"] as const;
export type WeightFormat = (typeof WEIGHT_FORMATS)[number];
/** Those that replace the checkpoint's own numbers. */
export type NarrowFormat = Exclude<WeightFormat, "stored">;
/** Bits of a weight in each. */
export const NARROW_BITS: Readonly<Record<NarrowFormat, number>> = { float16: 16, int8: 8 };

/** A weight of the network. Dense kernels are [in, out], as in Hugging Face's Conv1D. */
export interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Weights of block `index`, in Hugging Face's order. */
export function blockWeights({ width: D, innerWidth: F }: GPT2Config, index: number): WeightShape[] {
  const weight = (name: string, ...shape: number[]): WeightShape => ({ name: `h.${index}.${name}`, shape });
  return [
    weight("ln_1.weight", D),
    weight("ln_1.bias", D),
    weight("attn.c_attn.weight", D, 3 * D),
    weight("attn.c_attn.bias", 3 * D),
    weight("attn.c_proj.weight", D, D),
    weight("attn.c_proj.bias", D),
    weight("ln_2.weight", D),
    weight("ln_2.bias", D),
    weight("mlp.c_fc.weight", D, F),
    weight("mlp.c_fc.bias", F),
    weight("mlp.c_proj.weight", F, D),
    weight("mlp.c_proj.bias", D),
  ];
}

/** Weights outside the blocks: token and position embedding, final LayerNorm, and the head when it is its own. */
export function outerWeights({ vocabulary, positions, width, tiedHead }: GPT2Config): WeightShape[] {
  return [
    { name: "wte.weight", shape: [vocabulary, width] },
    { name: "wpe.weight", shape: [positions, width] },
    { name: "ln_f.weight", shape: [width] },
    { name: "ln_f.bias", shape: [width] },
    ...(tiedHead ? [] : [{ name: "lm_head.weight", shape: [vocabulary, width] }]),
  ];
}

/** The head's matrix, [V, D]; logits are its products with the state. */
export const headWeight = ({ tiedHead }: GPT2Config): string => (tiedHead ? "wte.weight" : "lm_head.weight");

/** The scales of a matrix in 8 bits, one for each of its outputs: w = scale · (byte − 128). */
export const scaleName = (name: string): string => `${name}.scale`;

/** The axis of a matrix that counts its outputs: kernels are [in, out], the head is [V, D]. */
export const outputAxis = (name: string): 0 | 1 => (name.startsWith("h.") ? 1 : 0);
