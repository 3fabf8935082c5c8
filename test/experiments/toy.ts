// A network small enough to know by heart: O(e) = A e for each token, with the distances and gradients written out.
// Tokens are the rows of a small vocabulary, decoded by nearest neighbour; positions add nothing.

import type { FloatArray } from "../../src/common/floats.ts";
import { randomStream } from "../../src/common/random.ts";
import { type FitOptions, type FitSizes, makeFits } from "../../src/experiments/exact/fit.ts";
import type { StateFit, StatesNetwork } from "../../src/experiments/exact/states-network.ts";
import type { InversionRequest } from "../../src/experiments/methods/inversion.ts";
import type { ExperimentSetting, PlacedNetwork } from "../../src/experiments/setting.ts";

const WIDTH = 4;
const VOCABULARY = 12;

const words = randomStream(1, "vocabulary").normal(VOCABULARY * WIDTH, 0, 1, "float64");
/** Rows of A: invertible, and not symmetric. */
export const INVERTIBLE: readonly (readonly number[])[] = [
  [1, 0.5, 0, 0],
  [0, 1, 0.5, 0],
  [0, 0, 1, 0.5],
  [0.2, 0, 0, 1],
];

export interface Toy extends ExperimentSetting {
  /** What `open` gives, whatever is asked for. */
  readonly network: PlacedNetwork;
  /** What `openStates` gives. */
  readonly states: StatesNetwork;
  /** Calls of the network's functions so far. */
  readonly calls: { forward: number; gradient: number; vjp: number; normal: number };
}

/** `matrix` is A, [K, 4]. */
export function toy({
  targetIds = [3, 1, 4],
  batch = 1,
  matrix = INVERTIBLE,
}: { targetIds?: number[]; batch?: number; matrix?: readonly (readonly number[])[] } = {}): Toy {
  const length = targetIds.length;
  const outputWidth = matrix.length;
  const calls = { forward: 0, gradient: 0, vjp: 0, normal: 0 };
  const embed = (ids: readonly number[]): FloatArray =>
    Float64Array.from(ids.flatMap((id) => [...words.subarray(id * WIDTH, (id + 1) * WIDTH)]));
  /** A x, token by token. */
  const times = (x: FloatArray): Float64Array => {
    const output = new Float64Array((x.length / WIDTH) * outputWidth);
    for (let token = 0; token < x.length / WIDTH; token++) {
      matrix.forEach((weights, i) =>
        weights.forEach((weight, j) => (output[token * outputWidth + i] += weight * x[token * WIDTH + j])),
      );
    }
    return output;
  };
  /** Aᵀ u, token by token. */
  const transposed = (u: FloatArray): Float64Array => {
    const result = new Float64Array((u.length / outputWidth) * WIDTH);
    for (let token = 0; token < u.length / outputWidth; token++) {
      matrix.forEach((weights, i) =>
        weights.forEach((weight, j) => (result[token * WIDTH + j] += weight * u[token * outputWidth + i])),
      );
    }
    return result;
  };
  const distanceOf = (output: FloatArray, target: FloatArray): Float64Array => {
    const distance = new Float64Array(batch);
    output.forEach((value: number, at: number) => {
      distance[Math.floor(at / (length * outputWidth))] += Math.abs(value - target[at]);
    });
    return distance;
  };
  const network: PlacedNetwork = {
    device: "toy",
    batch,
    length,
    width: WIDTH,
    outputWidth,
    type: "float64",
    forward: async (e) => {
      calls.forward++;
      return times(e);
    },
    distanceAndGradient: async (e, target) => {
      calls.gradient++;
      const output = times(e);
      const signs = output.map((value, at) => Math.sign(value - target[at]));
      return { distance: distanceOf(output, target), gradient: transposed(signs) };
    },
    vjp: async (e, cotangent, target) => {
      calls.vjp++;
      return { distance: distanceOf(times(e), target), gradient: transposed(cotangent) };
    },
    normalProduct: async (_, tangent) => {
      calls.normal++;
      const image = times(tangent);
      return { image, product: transposed(image) };
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
  const states = toyStates(embed, times);
  return {
    calls,
    network,
    states,
    openStates: async () => ({
      device: "toy",
      network: states,
      fit: async () => {
        const sizes = { random: 27, sampled: 0, single: 2, length: 3 }; // so few that it ranks badly, and has to try
        return { fit: await onlyFit(states, sizes), seconds: 0, isCached: false };
      },
      rest: { through: async (output) => output, logits: async (rows) => rows },
    }),
    async open({ batch: wanted }) {
      return wanted === batch ? network : toy({ targetIds, batch: wanted, matrix }).network;
    },
    targetIds,
    embed,
    moments: { mean: 0, std: 1 },
    text: { token: (id) => `<${id}>`, decode: (ids) => ids.map((id) => `<${id}>`).join("") },
    provenance: { checkpoint: { source: "toy", fingerprint: "0" }, versions: {} },
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
export const toyRequest: InversionRequest = {
  prompt: "toy",
  optimizer: "gd",
  learningRate: 0.02,
  iterations: 400,
  every: 100,
  start: "normal",
  shiftDraws: 5,
};

/** The fit at the only tap of a network. */
export async function onlyFit(
  network: StatesNetwork,
  sizes: FitSizes,
  { onProgress = () => undefined, signal = new AbortController().signal }: Partial<FitOptions> = {},
): Promise<StateFit> {
  for await (const { fit } of makeFits(network, [0], sizes, { seed: 0, onProgress, signal, now: () => 0 })) return fit;
  throw new Error("There is no fit.");
}

/** The same network as passes behind a cache, of which it needs nothing: its tokens do not see each other. */
function toyStates(
  embed: (ids: readonly number[]) => FloatArray,
  times: (x: FloatArray) => Float64Array,
): StatesNetwork {
  const products = (x: FloatArray, N: number) =>
    Float64Array.from({ length: N * VOCABULARY }, (_, at) => {
      const [row, id] = [Math.floor(at / VOCABULARY), at % VOCABULARY];
      let sum = 0;
      for (let j = 0; j < WIDTH; j++) sum += x[row * WIDTH + j] * words[id * WIDTH + j];
      return sum;
    });
  return {
    type: "float64",
    vocabulary: VOCABULARY,
    depths: [1],
    sizes: { type: "float64", width: WIDTH, blocks: 1, heads: 1, headWidth: 1 },
    multiplications: { pass: WIDTH ** 2, sampled: WIDTH ** 2 },
    openPass: async (rows, past) => ({
      rows,
      past,
      run: async (embedding) => ({
        states: [times(embedding)],
        keys: [new Float64Array(rows)],
        values: [new Float64Array(rows)],
      }),
    }),
    tokenRows: embed,
    positions: (length) => new Float64Array(length * WIDTH),
    tokenProducts: async (x) => products(x, x.length / WIDTH),
    quadraticForms: async (matrix) =>
      Float64Array.from({ length: VOCABULARY }, (_, id) => {
        const row = Float64Array.from({ length: WIDTH }, (_, j) => {
          let sum = 0;
          for (let i = 0; i < WIDTH; i++) sum += matrix[j * WIDTH + i] * words[id * WIDTH + i];
          return sum;
        });
        return products(row, 1)[id];
      }),
    openNormalEquations: async (_, width, count) => {
      const sums = Array.from({ length: count }, () => ({ gram: new Float64Array(width * width), rows: 0 }));
      return {
        sums,
        async add(sum: number, piece: Float64Array, rows: number) {
          const { gram } = sums[sum];
          for (let from = 0; from < piece.length; from += width) {
            for (let i = 0; i < width; i++) {
              for (let j = 0; j < width; j++) gram[i * width + j] += piece[from + i] * piece[from + j];
            }
          }
          sums[sum].rows += rows;
        },
        release: async () => undefined,
      };
    },
    release: async () => undefined,
    sample: () => Promise.reject(new Error("The toy samples nothing.")),
  };
}
