// What an architecture is to all who open, make, convert and run its checkpoints: data, and the graph of its blocks.

import type { Tensor } from "../../tensorgraph/tensor.ts";
import type { WeightFormat } from "../weight-formats.ts";

/** A config.json, as parsed. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** The sizes of a network that everybody asks for; those of one architecture alone come beside them. Plain JSON. */
export interface NetworkConfig {
  /** Its name in the table. */
  readonly architecture?: string;
  /** Number of transformer blocks. */
  readonly blocks: number;
  /** Width of the residual stream, D. */
  readonly width: number;
  /** Longest input in tokens. */
  readonly positions: number;
  /** Number of tokens, V. */
  readonly vocabulary: number;
  /** Whether the head is the token embedding (`tie_word_embeddings`), where the architecture has both ways. */
  readonly tiedHead?: boolean;
}

export interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
}

interface Parameter extends WeightShape {
  /** The block that it belongs to, counted from 0; of what stands outside the blocks there is none. */
  readonly block?: number;
  /** New weights are drawn from N(mean, std²). */
  readonly initial: { readonly mean: number; readonly std: number };
}

/** A matrix [R, C] that states are multiplied with; the token embedding is one where the head is tied to it. */
export interface MatrixWeight extends Parameter {
  readonly role: "tokenEmbedding" | "matrix" | "head";
  /** The axis that counts its outputs: 0 for [out, in], 1 for [in, out]. The other one counts its inputs. */
  readonly outputAxis: 0 | 1;
}

/** A weight by what it is for. Position embeddings are [positions, D], one for each place a token can have. */
export type Weight =
  MatrixWeight | (Parameter & { readonly role: "positionEmbedding" | "bias" | "norm" | "finalNorm" });

export const isMatrix = (weight: Weight): weight is MatrixWeight => "outputAxis" in weight;

/** The first blocks of a network, for B restarts. */
export interface BlocksShape<Config> {
  readonly config: Config;
  readonly blocks: number;
  /** Blocks that are left out before them, x being what those have made; none where nothing is said. */
  readonly from?: number;
  /** B */
  readonly restarts: number;
  /** As stored, where nothing is said. */
  readonly weightFormat?: WeightFormat;
}

/** What the tokens of one block are attended by: H heads of width d. */
export interface KeysAndValues {
  /** [H, N, d] */
  readonly keys: Tensor;
  /** [H, N, d] */
  readonly values: Tensor;
}

/** The residual stream after a block, [N, D], and what later tokens need of it. */
export interface CachedBlock extends KeysAndValues {
  readonly state: Tensor;
}

export interface BlocksCache<Config> {
  /** Sizes of the keys, and of the values, of one token in one block. */
  shape(config: Config): { readonly heads: number; readonly headWidth: number };
  /**
   * `blocks` for N rows x [N, D] behind P earlier tokens, whose keys and values in each block are `past`. Which earlier
   * tokens and rows a row sees is what `mask` [N, P + N] adds to its scores, so that rows can be one text, or candidates
   * for one place (tree attention, arXiv 2305.09781).
   */
  blocks(
    x: Tensor,
    shape: Omit<BlocksShape<Config>, "restarts" | "from">,
    mask: Tensor,
    past: readonly KeysAndValues[],
  ): readonly CachedBlock[];
}

export interface Architecture<Config extends NetworkConfig = NetworkConfig> {
  readonly name: string;
  /** What a config.json calls it, as `model_type` or else as the first of its `architectures`. */
  readonly modelTypes: readonly string[];
  /** What files of the model with its head put before the name of every weight but the head's. */
  readonly prefix: string;
  /** The config.json of each size that `random:NAME` knows. */
  readonly sizes: Readonly<Record<string, ConfigJson>>;
  /** Numbers of a config.json that `random:NAME?field=number` may set. */
  readonly settable: readonly string[];
  /** Hugging Face's common names of fields, and the architecture's own of each; where both stand, the common one wins. */
  readonly commonNames?: Readonly<Record<string, string>>;
  /** Its models come with tokenizers of their own: GPT-2's is taken only for a vocabulary that has its size. */
  readonly ownTokenizer?: true;
  /** Places are told by rotation inside the blocks: tokens cannot all stand at position 0. */
  readonly rotates?: true;
  /** Throws a LabError whose message is the end of "this config.json cannot be used: …". */
  readConfig(json: ConfigJson): Config;
  /** The config of a network of which a file holds these weights, by their names; where it is not all in config.json. */
  settle?(config: Config, stored: ReadonlySet<string>): Config;
  /** Every weight, each name once; files are written in this order. All blocks have the same shapes. */
  weights(config: Config): readonly Weight[];
  /**
   * The residual stream after each block, from block `from` to the last of `blocks`: x [T·B, D] → one [T·B, D] a block. Row
   * t·B + b is token t of restart b.
   */
  blocks(x: Tensor, shape: BlocksShape<Config>): readonly Tensor[];
  /** Passes behind cached keys and values; without them there is no exact recovery. */
  readonly cache?: BlocksCache<Config>;
  /** What stands between the last block and the head: x [N, D] → [N, D]. */
  finalNorm(x: Tensor, config: Config): Tensor;
  /** Numbers that T tokens leave behind in one block, for the backward pass; roughly. */
  activations(config: Config, length: number): number;
}
