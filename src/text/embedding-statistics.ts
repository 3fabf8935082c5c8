// What decoders and start points need to know of a token embedding W [V, D] as a whole. Reading all of it takes
// about a second, so the answer is kept in the cache under the checkpoint's fingerprint.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { yieldToEventLoop } from "../common/event-loop.ts";
import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { writeWhole } from "../common/files.ts";
import { openRows } from "../checkpoints/rows.ts";
import { LabError, throwIfCancelled } from "../common/errors.ts";
import { type FloatArray, floats, type FloatType, typeOf } from "../common/floats.ts";
import type { OnProgress } from "../common/progress.ts";
import { tokenEmbeddingWeight } from "../networks/architectures/architectures.ts";
import { compile, type CompiledGraph } from "../runtime/compile.ts";
import { cast, gemm, multiply, reduceSum, split } from "../tensorgraph/operations.ts";
import { input, type Tensor } from "../tensorgraph/tensor.ts";
import { positionEmbedding, type Positions } from "./embedding.ts";
import { gramInverse } from "./pseudo-inverse.ts";

export interface EmbeddingStatistics {
  /** Of all V·D entries of W. */
  readonly moments: Moments;
  /** G⁻¹ with G = WᵀW, [D, D]; its pseudo-inverse where W has not full rank. */
  readonly gramInverse: Float64Array;
  /** ‖w‖² of each row, [V]. */
  readonly squaredNorms: Float64Array;
}

/** Mean and standard deviation. */
export interface Moments {
  readonly mean: number;
  readonly std: number;
}

export interface StatisticsOptions {
  readonly cacheFolder: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** A matrix [V, D] to measure in the place of the token embedding. */
  readonly weightName?: string;
}

/** Goes up whenever what is kept would be computed differently. */
const VERSION = 1;
/** Rows of W taken at a time. */
const CHUNK = 1024;
/** Columns of G made at a time. */
const PANEL = 128;

/** Computes or remembers. Throws a LabError: checkpoint (unreadable), cancelled. */
export async function embeddingStatistics(
  checkpoint: Checkpoint,
  options: StatisticsOptions,
): Promise<EmbeddingStatistics> {
  const { vocabulary: V, width: D } = checkpoint.config;
  const ofWhat =
    options.weightName === undefined
      ? ""
      : `-${createHash("sha256").update(options.weightName).digest("hex").slice(0, 8)}`;
  const file = path.join(options.cacheFolder, "embeddings", `${checkpoint.fingerprint}${ofWhat}-${VERSION}.bin`);
  const known = await remembered(file, V, D);
  if (known) return known;
  const statistics = await compute(checkpoint, options);
  // Only the time to compute it again is lost when the cache cannot be written.
  const bytes = new Uint8Array(numbersOf(statistics).buffer);
  await writeWhole(file, Buffer.concat([digest(bytes), bytes])).catch(() => undefined);
  return statistics;
}

/**
 * Of the sum of a random token's and a random position's entries, over the positions that T tokens get: the means add
 * up, and so do the variances.
 */
export function embeddingMoments(
  checkpoint: Checkpoint,
  { moments }: EmbeddingStatistics,
  positions: Positions,
  length: number,
): Moments {
  const places = momentsOf(positionEmbedding(checkpoint, positions, length));
  return { mean: moments.mean + places.mean, std: Math.hypot(moments.std, places.std) };
}

function momentsOf(values: FloatArray): Moments {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, std: Math.sqrt(squares / values.length) };
}

async function compute(
  checkpoint: Checkpoint,
  { onProgress, signal, weightName = tokenEmbeddingWeight(checkpoint.config).name }: StatisticsOptions,
): Promise<EmbeddingStatistics> {
  const { vocabulary: V, width: D } = checkpoint.config;
  const rows = openRows(checkpoint, weightName);
  const count = Math.min(CHUNK, V);
  const outputs = chunkGraph(count, D, rows.type);
  const names = Object.keys(outputs);
  let graph: CompiledGraph | undefined;
  try {
    graph = await compile(outputs, { device: "cpu", memory: "speed" });
    const gram = new Float64Array(D * D);
    const squaredNorms = new Float64Array(V);
    let sum = 0;
    for (let from = 0; from < V; from += count) {
      onProgress?.({
        stage:
          weightName === tokenEmbeddingWeight(checkpoint.config).name
            ? "Measuring the token embedding"
            : "Measuring the head",
        done: from,
        total: V,
      });
      await yieldToEventLoop();
      throwIfCancelled(signal);
      const present = Math.min(count, V - from);
      const chunk = rows.read(from, present);
      const results = await graph.run({ rows: padded(chunk, count * D) }, names);
      addParts(gram, D, results);
      squaredNorms.set(results.squaredNorms.subarray(0, present), from);
      for (const value of results.sums) sum += value;
    }
    if (![sum, ...squaredNorms].every(Number.isFinite) || !gram.every(Number.isFinite)) {
      throw new LabError(
        "checkpoint",
        `${weightName} of ${checkpoint.source} is too large to compute with: its squares overflow.`,
      );
    }
    for (let i = 0; i < D; i++) for (let j = 0; j < i; j++) gram[j * D + i] = gram[i * D + j];
    const mean = sum / (V * D);
    const meanSquare = squaredNorms.reduce((total, square) => total + square, 0) / (V * D);
    return {
      moments: { mean, std: Math.sqrt(Math.max(0, meanSquare - mean ** 2)) },
      gramInverse: gramInverse(gram, V, D),
      squaredNorms,
    };
  } finally {
    rows.close();
    await graph?.release();
  }
}

interface Panel {
  readonly start: number;
  readonly size: number;
}

/** The columns of W, cut. */
const panelsOf = (D: number): Panel[] =>
  Array.from({ length: Math.ceil(D / PANEL) }, (_, i) => ({ start: i * PANEL, size: Math.min(PANEL, D - i * PANEL) }));

const gramPart = (row: number, column: number): string => `gram ${row} ${column}`;

/**
 * What a chunk of rows X [N, D] adds, in float64: the parts of XᵀX on its diagonal and below, for it is symmetric; the
 * rows' ‖x‖² [N, 1] and sums [N, 1].
 */
function chunkGraph(count: number, D: number, type: FloatType): Record<string, Tensor> {
  const X = cast(input("rows", [count, D], type), "float64");
  const columns = split(
    X,
    1,
    panelsOf(D).map(({ size }) => size),
  );
  const parts = columns.flatMap((left, row) =>
    columns.slice(0, row + 1).map((right, column): [string, Tensor] => {
      return [gramPart(row, column), gemm(left, right, { transA: true })];
    }),
  );
  return {
    ...Object.fromEntries(parts),
    squaredNorms: reduceSum(multiply(X, X), [1]),
    sums: reduceSum(X, [1]),
  };
}

/** Adds what chunkGraph has found to G [D, D], on its diagonal and below. */
function addParts(gram: Float64Array, D: number, results: Readonly<Record<string, FloatArray>>): void {
  const panels = panelsOf(D);
  for (const [row, { start: top, size: height }] of panels.entries()) {
    for (const [column, { start: left, size: width }] of panels.slice(0, row + 1).entries()) {
      const part = results[gramPart(row, column)];
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) gram[(top + i) * D + left + j] += part[i * width + j];
      }
    }
  }
}

/** The last chunk is filled up with rows of zeros, which add nothing. */
function padded(chunk: FloatArray, length: number): FloatArray {
  if (chunk.length === length) return chunk;
  const whole = floats(typeOf(chunk), length);
  whole.set(chunk);
  return whole;
}

/** On disk: SHA-256 of what follows, then mean, standard deviation, squared norms and G⁻¹ in float64. */
function numbersOf({ moments, squaredNorms, gramInverse }: EmbeddingStatistics): Float64Array {
  const numbers = new Float64Array(2 + squaredNorms.length + gramInverse.length);
  numbers.set([moments.mean, moments.std]);
  numbers.set(squaredNorms, 2);
  numbers.set(gramInverse, 2 + squaredNorms.length);
  return numbers;
}

async function remembered(file: string, V: number, D: number): Promise<EmbeddingStatistics | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes?.length !== DIGEST_BYTES + 8 * (2 + V + D * D)) return undefined;
  const content = Uint8Array.from(bytes.subarray(DIGEST_BYTES));
  if (!digest(content).equals(bytes.subarray(0, DIGEST_BYTES))) return undefined;
  const numbers = new Float64Array(content.buffer);
  return {
    moments: { mean: numbers[0], std: numbers[1] },
    squaredNorms: numbers.slice(2, 2 + V),
    gramInverse: numbers.slice(2 + V),
  };
}

const DIGEST_BYTES = 32;
const digest = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
