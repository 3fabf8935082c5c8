// What a checkpoint computes for one fixed prompt: the states of every tap as two figures each, and the next token's
// probabilities. test/reference/doctor.py prints the same from PyTorch, so that anybody can check one against the other.

import { type OpenOptions, openCheckpoint } from "../checkpoints/open.ts";
import { LabError } from "../common/errors.ts";
import { readout, residualStream } from "../networks/subnetwork.ts";
import { compile } from "../runtime/compile.ts";
import { input, type Tensor } from "../tensorgraph/tensor.ts";
import { embedTokens } from "../text/embedding.ts";
import { tokenizerOf } from "../text/checkpoint-tokenizer.ts";
import { loadTokenizer } from "../text/tokenizer.ts";

/** The prompt of every report. Its ids are GPT-2's, for every checkpoint; a smaller vocabulary gets them modulo its size. */
export const PARITY_PROMPT = "The sky is blue.";
const LISTED_TOKENS = 5;

/** One place of the network, read at every position. */
interface TapFigures {
  /** `embedding`, `block 1`…, `finalNorm`, `logits`. */
  readonly tap: string;
  /** ‖x‖₂ over all T·D (or T·V) numbers. */
  readonly norm: number;
  /** Σᵢ xᵢ·cos(i), i = 0, 1… over the same numbers: tells numbers apart that stand in another order. */
  readonly checksum: number;
}

export interface ParityReport {
  readonly source: string;
  readonly revision?: string;
  readonly fingerprint: string;
  readonly folder: string;
  readonly blocks: number;
  readonly tokenIds: readonly number[];
  readonly taps: readonly TapFigures[];
  /** Of the last position, most probable first. */
  readonly nextTokens: readonly { readonly id: number; readonly text: string; readonly probability: number }[];
}

/**
 * Runs the fixed prompt through the first `blocks` blocks, or through all of them, then the final norm and the head, in
 * float32 on the CPU. Throws LabErrors.
 */
export async function parityReport(
  source: string,
  blocks: number | undefined,
  options: OpenOptions,
): Promise<ParityReport> {
  const first = await openCheckpoint(source, { blocks: blocks ?? 1 }, options);
  const depth = blocks ?? first.config.blocks;
  const checkpoint = depth === (blocks ?? 1) ? first : await openCheckpoint(source, { blocks: depth }, options);
  const { config, fingerprint, folder } = checkpoint;
  const tokenizer = await loadTokenizer();
  const own = await tokenizerOf(checkpoint, tokenizer);
  const tokenIds = tokenizer.encode(PARITY_PROMPT).map((id) => id % config.vocabulary);
  if (tokenIds.length > config.positions) {
    throw new LabError(
      "checkpoint",
      `${source} takes ${config.positions} tokens, and the fixed prompt has ${tokenIds.length}.`,
    );
  }
  const embedding = embedTokens(checkpoint, tokenIds, "sequential", "float32");
  const stream = residualStream(input("embedding", [1, tokenIds.length, config.width], "float32"), {
    config,
    blocks: depth,
  });
  const taps: Record<string, Tensor> = {
    ...Object.fromEntries(stream.slice(1).map((x, index) => [`block ${index + 1}`, x])),
    finalNorm: readout(stream[depth], config, "finalNorm"),
    logits: readout(stream[depth], config, "head"),
  };
  const graph = await compile(taps, { weights: checkpoint, device: "cpu", memory: "low" });
  try {
    const values = await graph.run({ embedding }, Object.keys(taps));
    for (const [tap, numbers] of Object.entries({ embedding, ...values })) {
      if (Array.from<number>(numbers).every(Number.isFinite)) continue;
      throw new LabError(
        "checkpoint",
        `${source} comes to numbers that are not finite for the fixed prompt, at ${tap}.`,
      );
    }
    return {
      source: checkpoint.source,
      ...(checkpoint.revision !== undefined && { revision: checkpoint.revision }),
      fingerprint,
      folder,
      blocks: depth,
      tokenIds,
      taps: Object.entries({ embedding, ...values }).map(([tap, numbers]) => ({ tap, ...figures(numbers) })),
      nextTokens: mostProbable(values.logits.subarray(-config.vocabulary)).map(({ id, probability }) => ({
        id,
        text: own.token(id),
        probability,
      })),
    };
  } finally {
    await graph.release();
  }
}

function figures(values: ArrayLike<number>): Pick<TapFigures, "norm" | "checksum"> {
  let squares = 0;
  let checksum = 0;
  for (let i = 0; i < values.length; i++) {
    squares += values[i] ** 2;
    checksum += values[i] * Math.cos(i);
  }
  return { norm: Math.sqrt(squares), checksum };
}

/** softmax of the logits [V], its largest entries. */
function mostProbable(logits: ArrayLike<number>): { id: number; probability: number }[] {
  const all = Array.from(logits);
  const largest = all.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const weights = all.map((logit) => Math.exp(logit - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights
    .map((weight, id) => ({ id, probability: weight / sum }))
    .sort((a, b) => b.probability - a.probability || a.id - b.id)
    .slice(0, LISTED_TOKENS);
}
