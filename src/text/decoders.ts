// Reading embeddings as tokens. x = e − P is compared with every row w of the token embedding W [V, D], by a score:
//   pseudoinverse   x W⁺ = (x G⁻¹) Wᵀ, G = WᵀW (equation 3; W⁺ [D, V] is never made)
//   nearest         2 x·w − ‖w‖², which orders as −‖x − w‖² does
//   cosine          x·w / (‖x‖ ‖w‖)

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { LabError } from "../common/errors.ts";
import { rankOf, topScores } from "../common/top-scores.ts";
import { tokenEmbeddingWeight } from "../networks/architectures/architectures.ts";
import { compile } from "../runtime/compile.ts";
import { add, cast, divide, matMul, multiply, reduceSum, squareRoot, transpose } from "../tensorgraph/operations.ts";
import { constant, input, type Tensor, weight } from "../tensorgraph/tensor.ts";
import type { Decoding, EmbeddingDecoder } from "./decoder.ts";
import { positionEmbedding, type Positions } from "./embedding.ts";
import type { EmbeddingStatistics } from "./embedding-statistics.ts";

/** From x [N, D] in float64 to scores [N, V] in float32, as a graph. */
type Score = (x: Tensor, W: Tensor, statistics: EmbeddingStatistics) => Tensor;

/** x Wᵀ as (W xᵀ)ᵀ, which reads W as it lies in its file: for a few rows in two thirds of the time. */
const dotProducts = (x: Tensor, W: Tensor): Tensor =>
  transpose(matMul(W, transpose(cast(x, "float32"), [1, 0])), [1, 0]);

const SCORES = {
  pseudoinverse(x, W, { gramInverse }) {
    const D = W.shape[1];
    return dotProducts(matMul(x, constant(gramInverse, [D, D], "float64")), W);
  },
  nearest(x, W, { squaredNorms }) {
    const lowered = squaredNorms.map((square) => -square);
    return add(dotProducts(multiply(x, 2), W), constant(lowered, [1, squaredNorms.length], "float32"));
  },
  cosine(x, W, { squaredNorms }) {
    // A vector of zeros has no direction: its cosine is 0 with everything. What is added must not be 0 in float32, or
    // ONNX Runtime takes the addition out.
    const norm = add(squareRoot(reduceSum(multiply(x, x), [1])), 1e-30);
    const scale = squaredNorms.map((square) => (square > 0 ? 1 / Math.sqrt(square) : 0));
    return multiply(dotProducts(divide(x, norm), W), constant(scale, [1, squaredNorms.length], "float32"));
  },
} as const satisfies Record<string, Score>;

export type DecoderName = keyof typeof SCORES;
export const DECODER_NAMES = Object.keys(SCORES) as readonly DecoderName[];

export interface DecoderOptions {
  readonly decoder: DecoderName;
  readonly positions: Positions;
  /** B */
  readonly batch: number;
  /** The tokens whose ranks are reported, [T]. */
  readonly targetIds: readonly number[];
  /** k */
  readonly topK: number;
  /** The tokens that may be decoded; all when it is missing. */
  readonly allowed?: readonly number[];
}

/** Holds native memory until it is released; W is read where the checkpoint's file has it. */
export interface Decoder extends EmbeddingDecoder {
  release(): Promise<void>;
}

/** Rows decoded at a time: their scores take 50 MB with GPT-2's vocabulary. */
const MOST_ROWS = 256;

/**
 * Opens a decoder for embeddings [B, T, D]. Tokens that are not allowed score −∞, so that none of them can win or fill a
 * list: with fewer allowed tokens than k the lists are shorter. Throws a LabError: badInput (k above V), device, memory.
 */
export async function openDecoder(
  checkpoint: Checkpoint,
  statistics: EmbeddingStatistics,
  { decoder, positions, batch, targetIds, topK, allowed }: DecoderOptions,
): Promise<Decoder> {
  const { vocabulary: V, width: D } = checkpoint.config;
  if (topK > V) {
    throw new LabError("badInput", `topK is ${topK}, and ${checkpoint.source} has ${V} tokens only.`);
  }
  const listed = Math.min(topK, allowed?.length ?? V);
  const T = targetIds.length;
  const places = positionEmbedding(checkpoint, positions, T);
  const rows = Math.min(batch * T, MOST_ROWS);
  const W = weight(tokenEmbeddingWeight(checkpoint.config).name, [V, D], "float32");
  const all = SCORES[decoder](input("x", [rows, D], "float64"), W, statistics);
  const scores = allowed ? add(all, constant(barred(allowed, V), [1, V], "float32")) : all;
  const graph = await compile({ scores }, { weights: checkpoint, device: "cpu", memory: "low" });
  const x = new Float64Array(rows * D);

  return {
    async decode(embedding) {
      const decodings = Array.from({ length: batch }, (): Decoding => ({ tokenIds: [], topK: [], targetRanks: [] }));
      for (let from = 0; from < batch * T; from += rows) {
        const count = Math.min(rows, batch * T - from);
        for (let i = 0; i < count * D; i++) x[i] = embedding[from * D + i] - places[(from * D + i) % places.length];
        const { scores } = await graph.run({ x }, ["scores"]);
        for (let row = 0; row < count; row++) {
          const { tokenIds, topK: best, targetRanks } = decodings[Math.floor((from + row) / T)];
          const rowScores = scores.subarray(row * V, (row + 1) * V);
          const top = topScores(rowScores, listed);
          tokenIds.push(top[0].id);
          best.push(top);
          targetRanks.push(rankOf(rowScores, targetIds[(from + row) % T]));
        }
      }
      return decodings;
    },
    release: () => graph.release(),
  };
}

/** 0 for tokens that are allowed, −∞ for all others, [V]. */
function barred(allowed: readonly number[], V: number): Float32Array {
  const added = new Float32Array(V).fill(-Infinity);
  for (const id of allowed) added[id] = 0;
  return added;
}
