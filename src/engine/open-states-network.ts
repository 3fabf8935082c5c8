// The network of a checkpoint as exact recovery knows it: passes behind cached keys and values, and products with the
// token embedding, made when they are first asked for.

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { readRows } from "../checkpoints/rows.ts";
import { type FloatArray, floats, type FloatType } from "../common/floats.ts";
import { embedRows, type StatesNetwork } from "../experiments/exact/states-network.ts";
import { sampleTexts } from "../experiments/exact/sampled-text.ts";
import {
  blockWeights,
  headWeight,
  parameterCount,
  tokenEmbeddingWeight,
} from "../networks/architectures/architectures.ts";
import { cacheOf, depthOf, type Tap } from "../networks/cached-pass.ts";
import type { WeightFormat } from "../networks/weight-formats.ts";
import { Grams } from "../runtime/gram.ts";
import { CachedPasses } from "../runtime/open-cached-pass.ts";
import type { Placement } from "../runtime/open-network.ts";
import { positionEmbedding, type Positions } from "../text/embedding.ts";
import { TokenProducts } from "../text/token-products.ts";

export interface StatesNetworkOptions extends Placement {
  /** As stored: embeddings and head. */
  readonly checkpoint: Checkpoint;
  /** The same in the weight format of the run. */
  readonly weights: Checkpoint;
  /** The stored weights of all blocks and the head, opened when the network is to sample texts. */
  readonly whole: () => Promise<Checkpoint>;
  /** (WᵀW)⁻¹ of the head W, made when logits are to become states. */
  readonly headGramInverse: () => Promise<Float64Array>;
  /** The shallowest first. */
  readonly taps: readonly Tap[];
  readonly weightFormat?: WeightFormat;
  readonly type: FloatType;
  readonly positions: Positions;
}

/** Holds native memory until it is released. */
export class OpenStatesNetwork implements StatesNetwork {
  readonly type: FloatType;
  readonly vocabulary: number;
  readonly depths: readonly number[];
  readonly sizes: StatesNetwork["sizes"];
  readonly multiplications: StatesNetwork["multiplications"];
  readonly #options: StatesNetworkOptions;
  readonly #passes: CachedPasses;
  readonly #products: TokenProducts;
  readonly #head: TokenProducts;
  /** P of as many positions as were asked for. */
  #places: FloatArray = new Float32Array();

  constructor(options: StatesNetworkOptions) {
    const { checkpoint, taps, type } = options;
    const { config } = checkpoint;
    this.type = type;
    this.vocabulary = config.vocabulary;
    this.depths = taps.map(({ blocks }) => blocks);
    this.sizes = { type, width: config.width, blocks: depthOf(taps), ...cacheOf(config).shape(config) };
    const block = parameterCount(blockWeights(config, 0));
    this.multiplications = {
      pass: block * this.sizes.blocks,
      sampled: block * config.blocks + config.vocabulary * config.width,
    };
    this.#options = options;
    this.#passes = new CachedPasses({ ...options, checkpoint: options.weights });
    this.#products = new TokenProducts(checkpoint, tokenEmbeddingWeight(config).name);
    this.#head = new TokenProducts(checkpoint, headWeight(config).name);
  }

  openPass = (rows: number, past: number) => this.#passes.open(rows, past);
  tokenRows = (ids: readonly number[]) =>
    readRows(this.#options.checkpoint, tokenEmbeddingWeight(this.#options.checkpoint.config).name, ids);
  positions = (length: number): FloatArray => {
    const { checkpoint, positions } = this.#options;
    const size = length * this.sizes.width;
    if (this.#places.length < size) this.#places = positionEmbedding(checkpoint, positions, length);
    return this.#places.subarray(0, size);
  };
  tokenProducts: StatesNetwork["tokenProducts"] = (x) => this.#products.products(x);
  quadraticForms: StatesNetwork["quadraticForms"] = (matrix) => this.#products.quadraticForms(matrix);
  openNormalEquations: StatesNetwork["openNormalEquations"] = (...sizes) => Grams.open(...sizes);

  /** Of the whole network, whatever the tap. */
  sample: StatesNetwork["sample"] = async (plan, onTokens, signal) => {
    const checkpoint = await this.#options.whole();
    const { config } = checkpoint;
    const tap = { blocks: config.blocks, finalNorm: true };
    const passes = new CachedPasses({ ...this.#options, checkpoint, weightFormat: "stored", taps: [tap] });
    const head = new TokenProducts(checkpoint, headWeight(config).name);
    const embedAt = (ids: readonly number[], position: number) => embedRows(this, ids, () => position);
    try {
      const network = { vocabulary: config.vocabulary, sizes: { ...this.sizes, blocks: config.blocks }, embedAt };
      return await sampleTexts(
        {
          ...network,
          openPass: (rows, past) => passes.open(rows, past),
          probabilities: (states, temperature) => head.probabilities(states, temperature),
        },
        plan,
        onTokens,
        signal,
      );
    } finally {
      await passes.release();
      await head.release();
    }
  };

  /** h Wᵀ with the head W: [T, D] → [T, V]. */
  logits = (states: FloatArray) => this.#head.products(states);

  /** l W (WᵀW)⁻¹: [T, V] → [T, D]. */
  states = async (logits: FloatArray): Promise<FloatArray> => {
    const { width: D } = this.sizes;
    const inverse = await this.#options.headGramInverse();
    const rows = await this.#head.combinations(logits);
    const states = floats(this.type, rows.length);
    for (let at = 0; at < rows.length; at++) {
      const from = at - (at % D);
      for (let j = 0; j < D; j++) states[at] += rows[from + j] * inverse[j * D + (at % D)];
    }
    return states;
  };

  async release(): Promise<void> {
    await this.#passes.release();
    await this.#products.release();
    await this.#head.release();
  }
}
