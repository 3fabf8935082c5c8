// A network small enough to know by heart: O(e) = A e for each token, with the distances and gradients written out.
// Tokens are the rows of a small vocabulary, decoded by nearest neighbour; positions add nothing.

import type { FloatArray } from "../../src/common/floats.ts";
import { randomStream } from "../../src/common/random.ts";
import type { InversionSetting } from "../../src/experiments/inversion.ts";
import type { ExperimentRequest } from "../../src/experiments/spec.ts";
import type { NetworkFunctions } from "../../src/networks/functions.ts";

const WIDTH = 4;
const VOCABULARY = 12;

const words = randomStream(1, "vocabulary").normal(VOCABULARY * WIDTH, 0, 1, "float64");
/** Rows of A: invertible, and not symmetric. */
const A = [
  [1, 0.5, 0, 0],
  [0, 1, 0.5, 0],
  [0, 0, 1, 0.5],
  [0.2, 0, 0, 1],
];

export interface Toy extends InversionSetting {
  /** Calls of the network's functions so far. */
  readonly calls: { forward: number; gradient: number };
}

export function toy({ targetIds = [3, 1, 4], batch = 1 }: { targetIds?: number[]; batch?: number } = {}): Toy {
  const length = targetIds.length;
  const calls = { forward: 0, gradient: 0 };
  const embed = (ids: readonly number[]): FloatArray =>
    Float64Array.from(ids.flatMap((id) => [...words.subarray(id * WIDTH, (id + 1) * WIDTH)]));
  const forward = (e: FloatArray): Float64Array => {
    const output = new Float64Array(e.length);
    for (let row = 0; row < e.length; row += WIDTH) {
      A.forEach((weights, i) => weights.forEach((weight, j) => (output[row + i] += weight * e[row + j])));
    }
    return output;
  };
  const network: NetworkFunctions = {
    batch,
    length,
    width: WIDTH,
    outputWidth: WIDTH,
    type: "float64",
    forward: async (e) => {
      calls.forward++;
      return forward(e);
    },
    distanceAndGradient: async (e, target) => {
      calls.gradient++;
      const output = forward(e);
      const distance = new Float64Array(batch);
      const gradient = new Float64Array(e.length);
      output.forEach((value, at) => {
        const difference = value - target[at];
        distance[Math.floor(at / (length * WIDTH))] += Math.abs(difference);
        const row = at - (at % WIDTH);
        A[at % WIDTH].forEach((weight, j) => (gradient[row + j] += Math.sign(difference) * weight));
      });
      return { distance, gradient };
    },
    nextTokens: async (e) =>
      Array.from({ length: batch }, (_, restart) => (e[((restart + 1) * length - 1) * WIDTH] > 0 ? 1 : 0)),
  };
  const scores = (e: FloatArray, row: number): number[] =>
    Array.from({ length: VOCABULARY }, (_, id) => {
      let score = 0;
      for (let j = 0; j < WIDTH; j++) score -= (e[row * WIDTH + j] - words[id * WIDTH + j]) ** 2;
      return score;
    });
  return {
    calls,
    network,
    targetIds,
    embed,
    moments: { mean: 0, std: 1 },
    text: { token: (id) => `<${id}>`, decode: (ids) => ids.map((id) => `<${id}>`).join("") },
    provenance: { device: "toy", checkpoint: { source: "toy", fingerprint: "0" }, versions: {} },
    now: () => 0,
    decoder: {
      decode: async (e) =>
        Array.from({ length: batch }, (_, restart) => {
          const rows = targetIds.map((_, position) => scores(e, restart * length + position));
          const topK = rows.map((row) => row.map((score, id) => ({ id, score })).sort((a, b) => b.score - a.score));
          return {
            tokenIds: topK.map(([best]) => best.id),
            topK: topK.map((row) => row.slice(0, 3)),
            targetRanks: topK.map((row, position) => row.findIndex(({ id }) => id === targetIds[position]) + 1),
          };
        }),
    },
  };
}

/** Enough for the toy to come home. */
export const toyRequest: ExperimentRequest = {
  prompt: "toy",
  optimizer: "gd",
  learningRate: 0.02,
  iterations: 400,
  every: 100,
  start: "normal",
  shiftDraws: 5,
};
