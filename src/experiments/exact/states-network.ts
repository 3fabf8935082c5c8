// A network as exact recovery takes it, and what was fitted to its states.

import { type FloatArray, floats, type FloatType } from "../../common/floats.ts";
import type { CachedPass } from "../../networks/functions.ts";
import type { Discriminant, NormalEquations } from "./linear-discriminant.ts";
import { inARow, Prefix, type PrefixSizes } from "./prefix.ts";

/** Sums of uᵀu over the rows of pieces, one a tap. */
export interface NormalEquationsSums {
  readonly sums: readonly NormalEquations[];
  add(sum: number, piece: Float64Array, rows: number): Promise<void>;
  release(): Promise<void>;
}

/** A network's passes and its token embedding, for exact recovery. */
export interface StatesNetwork {
  readonly type: FloatType;
  readonly vocabulary: number;
  /** Blocks behind which its passes give states, the shallowest first. */
  readonly depths: readonly number[];
  /** All but the capacity; `blocks` is the largest depth. */
  readonly sizes: Omit<PrefixSizes, "capacity">;
  /** About what a token takes, in a pass and when the whole network samples it. */
  readonly multiplications: { readonly pass: number; readonly sampled: number };
  /** N rows behind P cached tokens. */
  readonly openPass: (rows: number, past: number) => Promise<CachedPass>;
  /** e(v) [N, D], without positions. */
  tokenRows(ids: readonly number[]): FloatArray;
  /** What the first T positions add, [T, D]. */
  positions(length: number): FloatArray;
  /** x e(v)ᵀ for every token: [N, D] → [N, V]. */
  tokenProducts(x: FloatArray): Promise<FloatArray>;
  /** e(v) M e(v)ᵀ of every token, [V]. */
  quadraticForms(matrix: FloatArray): Promise<FloatArray>;
  openNormalEquations(rows: number, width: number, count: number): Promise<NormalEquationsSums>;
  /** Texts of T tokens that the whole network itself samples. */
  sample(
    plan: { readonly texts: number; readonly length: number; readonly seed: number },
    onTokens: (count: number) => void,
    signal: AbortSignal,
  ): Promise<number[][]>;
  /** Frees what is open; what is used again is opened again. */
  release(): Promise<void>;
}

/** States of every token as a first one, seen along a few random directions. */
export interface FirstTokens {
  /** [D, R] */
  readonly directions: Float32Array;
  /** [V, R] */
  readonly images: Float32Array;
}

export interface StateFit {
  /** Of the first position. */
  readonly first: Discriminant;
  /** The same as a table of all tokens, where that takes seconds. */
  readonly firstTokens?: FirstTokens;
  /** Of all others, one a source of text. */
  readonly experts: readonly Discriminant[];
  /** Groups of tokens whose embeddings are the same bits: nothing can tell them apart. */
  readonly twins: readonly (readonly number[])[];
  /** Share of the tokens of held-out texts that rank first. */
  readonly hitRate: number;
  /** Tokens that it is made from. */
  readonly tokens: number;
  /** Largest relative difference between states that are computed twice, in passes of different sizes. */
  readonly floatNoise: number;
}

/** The same network, of which only one tap's states are of interest. */
export const atTap = (network: StatesNetwork, tap: number): StatesNetwork =>
  network.depths.length === 1
    ? network
    : {
        ...network,
        depths: [network.depths[tap]],
        async openPass(rows, past) {
          const pass = await network.openPass(rows, past);
          return {
            ...pass,
            async run(...inputs) {
              const { states, ...cached } = await pass.run(...inputs);
              return { ...cached, states: [states[tap]] };
            },
          };
        },
      };

/** R: random directions tell as many tokens apart as whole states do, but for those within rounding of each other. */
export const DIRECTIONS = 16;

/** e(v) + P [N, D] of tokens, each at the position that its row stands for. */
export function embedRows(
  network: Pick<StatesNetwork, "type" | "sizes" | "tokenRows" | "positions">,
  ids: readonly number[],
  positionOf: (row: number) => number,
): FloatArray {
  const { width: D } = network.sizes;
  const rows = network.tokenRows(ids);
  const places = ids.map((_, row) => positionOf(row));
  const positions = network.positions(Math.max(...places) + 1);
  const embedding = floats(network.type, rows.length);
  places.forEach((place, row) => {
    for (let i = 0; i < D; i++) embedding[row * D + i] = rows[row * D + i] + positions[place * D + i];
  });
  return embedding;
}

/** The same of texts of T tokens, one after the other. */
export const embedTexts = (network: StatesNetwork, texts: readonly (readonly number[])[]): FloatArray => {
  const [{ length }] = texts;
  return embedRows(network, texts.flat(), (row) => row % length);
};

/** States [T, D] of one text at each tap: its embedding is e(v) + P [T, D]. */
export async function statesOfText(
  { sizes, openPass }: Pick<StatesNetwork, "sizes" | "openPass">,
  embedding: FloatArray,
): Promise<readonly FloatArray[]> {
  const rows = passRows(embedding.length / sizes.width);
  const pass = await openPass(rows, rows);
  return (await new Prefix({ ...sizes, capacity: rows }).pass(pass, embedding, inARow, false)).states;
}

/** Products of states [n, D] with directions [D, R]: [n, R]. */
export function imagesOf(states: FloatArray, directions: Float32Array): Float32Array {
  const D = directions.length / DIRECTIONS;
  const n = states.length / D;
  const images = new Float32Array(n * DIRECTIONS);
  for (let row = 0; row < n; row++) {
    for (let r = 0; r < DIRECTIONS; r++) {
      let sum = 0;
      for (let i = 0; i < D; i++) sum += states[row * D + i] * directions[i * DIRECTIONS + r];
      images[row * DIRECTIONS + r] = sum;
    }
  }
  return images;
}

/** Sizes of passes come in steps, so that texts of about one length share a session. */
export const passRows = (length: number): number => Math.max(8, Math.ceil(length / 8) * 8);

/** ‖a − b‖₂ / ‖b‖₂ of two rows. */
export function relativeDistance(a: FloatArray, aFrom: number, b: FloatArray, bFrom: number, width: number): number {
  let apart = 0;
  let size = 0;
  for (let i = 0; i < width; i++) {
    apart += (a[aFrom + i] - b[bFrom + i]) ** 2;
    size += b[bFrom + i] ** 2;
  }
  return Math.sqrt(apart / size);
}
