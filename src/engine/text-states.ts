// Hidden states of a text behind several depths of a network, by one pass.

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { quantise } from "../checkpoints/generated/reduced-precision.ts";
import { openCheckpoint } from "../checkpoints/open.ts";
import { type FloatArray, floats } from "../common/floats.ts";
import { statesOfText } from "../experiments/exact/states-network.ts";
import { statesNotFinite, throwIfNotFinite } from "../experiments/finite.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { headWeight } from "../networks/architectures/architectures.ts";
import { cacheOf } from "../networks/cached-pass.ts";
import { hasFinalNorm, hasHead } from "../networks/outputs.ts";
import { CachedPasses } from "../runtime/open-cached-pass.ts";
import { embedTokens } from "../text/embedding.ts";
import { TokenProducts } from "../text/token-products.ts";
import { tokenizerOf } from "../text/checkpoint-tokenizer.ts";
import { loadTokenizer } from "../text/tokenizer.ts";
import { checkLength, checkPositions, checkVocabulary } from "./target-tokens.ts";

export interface TextStates {
  readonly checkpoint: Checkpoint;
  readonly tokenIds: readonly number[];
  /** Values [T, D], or logits [T, V], in the spec's number format. */
  readonly layers: readonly { readonly blocks: number; readonly values: FloatArray }[];
}

/** The prompt's states in the spec's network after each of the depths, on the CPU. Throws LabErrors. */
export async function textStates(
  spec: ExperimentSpec,
  depths: readonly number[] | "all",
  opening: Omit<Parameters<typeof openCheckpoint>[2], "initSeed">,
): Promise<TextStates> {
  const { output, dtype: type, positions, weights: weightFormat } = spec;
  const options = { ...opening, initSeed: spec.initSeed };
  const first = await openCheckpoint(spec.checkpoint, { blocks: spec.blocks }, options);
  const tokenIds = (await tokenizerOf(first, await loadTokenizer())).encode(spec.prompt);
  const every = Array.from({ length: first.config.blocks }, (_, i) => i + 1);
  const asked = depths === "all" ? every : depths;
  const depth = Math.max(...asked);
  const checkpoint = depth === spec.blocks ? first : await openCheckpoint(spec.checkpoint, { blocks: depth }, options);
  const { config } = checkpoint;
  checkPositions(positions, config, spec.checkpoint);
  checkLength(tokenIds, config.positions);
  checkVocabulary(tokenIds, config.vocabulary, spec.checkpoint);
  const weights =
    weightFormat === "stored" ? checkpoint : (await quantise(checkpoint, depth, weightFormat, options)).checkpoint;
  const taps = asked.map((blocks) => ({ blocks, finalNorm: hasFinalNorm(output) }));
  const passes = new CachedPasses({ checkpoint: weights, taps, weightFormat, type, device: "cpu", memory: "low" });
  const head = new TokenProducts(checkpoint, headWeight(config).name);
  try {
    const sizes = { type, width: config.width, blocks: depth, ...cacheOf(config).shape(config) };
    const openPass = (rows: number, past: number) => passes.open(rows, past);
    const states = await statesOfText({ sizes, openPass }, embedTokens(checkpoint, tokenIds, positions, type));
    const layers: { blocks: number; values: FloatArray }[] = [];
    for (const [i, blocks] of asked.entries()) {
      const found = hasHead(output) ? await head.products(states[i]) : states[i];
      const values = floats(type, found.length);
      values.set(found);
      throwIfNotFinite(values, statesNotFinite(type));
      layers.push({ blocks, values });
    }
    return { checkpoint, tokenIds, layers };
  } finally {
    await passes.release();
    await head.release();
  }
}
