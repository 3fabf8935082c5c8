// The fit that exact recovery ranks tokens by: discriminants of the states of random and of sampled texts, made once for a
// checkpoint, a tap and a number format.

import { yieldToEventLoop } from "../../common/event-loop.ts";
import { throwIfCancelled } from "../../common/errors.ts";
import type { FloatArray } from "../../common/floats.ts";
import type { OnProgress } from "../../common/progress.ts";
import { randomStream } from "../../common/random.ts";
import type { CachedPass } from "../../networks/functions.ts";
import {
  DIRECTIONS,
  embedTexts,
  imagesOf,
  relativeDistance,
  type StateFit,
  type StatesNetwork,
  statesOfText,
} from "./states-network.ts";
import { statesNotFinite, throwIfNotFinite } from "../finite.ts";
import { type Discriminant, fitDiscriminant, equationsWidth, writeNormalised } from "./linear-discriminant.ts";
import { inTextsOf, Prefix, sideBySide } from "./prefix.ts";
import { rankingOf } from "./ranking.ts";

export interface FitSizes {
  /** Random tokens. */
  readonly random: number;
  /** Sampled tokens. */
  readonly sampled: number;
  /** Single tokens, for the first position; all of them make a table. */
  readonly single: number | "all";
  /** T of each text. */
  readonly length: number;
}

/** Rows of a pass. */
const ROWS = 320;
/** Cached tokens of a pass that has none. */
const NO_PAST = 1;
const HELD_OUT_TEXTS = 8;

/** Makes the fit. Throws a LabError (cancelled). */
export async function makeFit(
  network: StatesNetwork,
  sizes: FitSizes,
  seed: number,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<StateFit> {
  const {
    vocabulary,
    sizes: { width: D },
  } = network;
  const quadraticForms = (matrix: Float64Array) => network.quadraticForms(matrix);
  const T = sizes.length;
  const pass = await network.openPass(ROWS, NO_PAST);
  const total = sizes.random + 2 * sizes.sampled + (sizes.single === "all" ? vocabulary : sizes.single);
  let done = 0;
  const told = (count: number) => onProgress({ stage: "Fitting on known texts", done: (done += count), total });

  const drawn = randomIds(seed, "random tokens", sizes.random, vocabulary);
  const sources = [texts(drawn, T)];
  if (sizes.sampled > 0) {
    const plan = { texts: Math.ceil(sizes.sampled / T), length: T, seed };
    sources.push(await network.sample(plan, told, signal));
  }
  const heldOut: number[][] = [];
  const experts: Discriminant[] = [];
  for (const source of sources) {
    heldOut.push(...source.slice(0, HELD_OUT_TEXTS));
    const equations = await network.openNormalEquations(ROWS, equationsWidth(D, true));
    try {
      const perPass = Math.floor(ROWS / T);
      for (let from = HELD_OUT_TEXTS; from < source.length; from += perPass) {
        const some = source.slice(from, from + perPass);
        await equations.add(await contextRows(network, pass, some, T), some.length * (T - 1));
        told(some.length * T);
        await yieldToEventLoop();
        throwIfCancelled(signal);
      }
      experts.push(await fitDiscriminant(equations, D, true, quadraticForms, signal));
    } finally {
      await equations.release();
    }
  }
  const singles =
    sizes.single === "all"
      ? Array.from({ length: vocabulary }, (_, id) => id)
      : randomIds(seed, "single tokens", sizes.single, vocabulary);
  const equations = await network.openNormalEquations(ROWS, equationsWidth(D, false));
  const directions = Float32Array.from(randomStream(seed, "directions").normal(D * DIRECTIONS, 0, 1, "float64"));
  const images = new Float32Array(singles.length * DIRECTIONS);
  let first: Discriminant;
  try {
    for (let from = 0; from < singles.length; from += ROWS) {
      const some = singles.slice(from, from + ROWS);
      const x = embedTexts(
        network,
        some.map((id) => [id]),
      );
      const [h] = await statesOf(network, pass, x, 1);
      images.set(imagesOf(h, directions), from * DIRECTIONS);
      await equations.add(singleRows(x, h, D), some.length);
      told(some.length);
      await yieldToEventLoop();
      throwIfCancelled(signal);
    }
    first = await fitDiscriminant(equations, D, false, quadraticForms, signal);
  } finally {
    await equations.release();
  }
  const firstTokens = sizes.single === "all" ? { firstTokens: { directions, images } } : {};
  const fit = { first, ...firstTokens, experts, twins: twinsOf(network), tokens: done };
  const { hits, floatNoise } = await heldOutHits(network, fit, heldOut);
  throwIfNotFinite([floatNoise], statesNotFinite(network.sizes.type));
  return { ...fit, hitRate: hits / (heldOut.length * T), floatNoise };
}

/** Tokens of the whole vocabulary, each as likely. */
export function randomIds(seed: number, name: string, count: number, vocabulary: number): number[] {
  const places = new Float64Array(count);
  randomStream(seed, name).fillUniform(places, 0, vocabulary);
  return Array.from(places, Math.floor);
}

function texts(ids: readonly number[], length: number): number[][] {
  return Array.from({ length: Math.floor(ids.length / length) }, (_, i) => ids.slice(i * length, (i + 1) * length));
}

/** (x, r, 1, h) of every position but the first of each text, then zeros: [ROWS, M]. */
async function contextRows(network: StatesNetwork, pass: CachedPass, some: readonly number[][], T: number) {
  const { width: D } = network.sizes;
  const M = equationsWidth(D, true);
  const x = embedTexts(network, some);
  const [h] = await statesOf(network, pass, x, T);
  const rows = new Float64Array(ROWS * M);
  let at = 0;
  for (let row = 0; row < some.length * T; row++) {
    if (row % T === 0) continue;
    for (let i = 0; i < D; i++) rows[at + i] = x[row * D + i];
    writeNormalised(h, (row - 1) * D, D, rows, at + D);
    rows[at + 2 * D] = 1;
    for (let i = 0; i < D; i++) rows[at + 2 * D + 1 + i] = h[row * D + i];
    at += M;
  }
  return rows;
}

/** (x, 1, h) of single tokens [n, D], then zeros: [ROWS, M]. */
function singleRows(x: FloatArray, h: FloatArray, D: number): Float64Array {
  const M = equationsWidth(D, false);
  const rows = new Float64Array(ROWS * M);
  for (let row = 0; row < x.length / D; row++) {
    for (let i = 0; i < D; i++) rows[row * M + i] = x[row * D + i];
    rows[row * M + D] = 1;
    for (let i = 0; i < D; i++) rows[row * M + D + 1 + i] = h[row * D + i];
  }
  return rows;
}

/** States [n, D] of texts of T tokens, one after the other. */
async function statesOf(network: StatesNetwork, pass: CachedPass, x: FloatArray, T: number) {
  const prefix = new Prefix({ ...network.sizes, capacity: NO_PAST });
  return (await prefix.pass(pass, x, T === 1 ? sideBySide : inTextsOf(T), false)).states;
}

/** Tokens read at a time. */
const READ = 4096;

/** Groups of tokens with the same embedding, by the first of each. */
function twinsOf(network: StatesNetwork): number[][] {
  const {
    vocabulary,
    sizes: { width: D },
  } = network;
  const byFirstNumbers = new Map<string, { readonly id: number; readonly row: FloatArray }[]>();
  const groups = new Map<number, number[]>();
  for (let from = 0; from < vocabulary; from += READ) {
    const ids = Array.from({ length: Math.min(READ, vocabulary - from) }, (_, i) => from + i);
    const rows = network.tokenRows(ids);
    for (const [i, id] of ids.entries()) {
      const row = rows.subarray(i * D, (i + 1) * D);
      const key = row.subarray(0, 3).join();
      const before = byFirstNumbers.get(key);
      const twin = before?.find((other) => other.row.every((value, j) => Object.is(value, row[j])));
      if (twin) groups.set(twin.id, [...(groups.get(twin.id) ?? [twin.id]), id]);
      else if (before) before.push({ id, row });
      else byFirstNumbers.set(key, [{ id, row }]);
    }
  }
  return [...groups.values()];
}

/** How often the best token is the right one in texts that the fit has not seen, and how far two passes are apart. */
async function heldOutHits(
  network: StatesNetwork,
  fit: Pick<StateFit, "first" | "firstTokens" | "experts">,
  some: readonly number[][],
): Promise<{ hits: number; floatNoise: number }> {
  const T = some[0].length;
  const { width: D } = network.sizes;
  const together = await network.openPass(ROWS, NO_PAST);
  let hits = 0;
  let floatNoise = 0;
  for (const ids of some) {
    const x = embedTexts(network, [ids]);
    const [states] = await statesOf(network, together, x, T);
    const [again] = await statesOfText(network, x);
    for (let t = 0; t < T; t++) {
      floatNoise = Math.max(floatNoise, relativeDistance(states, t * D, again, t * D, D));
    }
    const ranking = await rankingOf(network, fit, states);
    ids.forEach((id, t) => (hits += Number(ranking.best(t, 1)[0] === id)));
  }
  return { hits, floatNoise };
}
