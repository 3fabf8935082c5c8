// The fit that exact recovery ranks tokens by: discriminants of the states of random and of natural texts, made once for a
// checkpoint, a tap and a number format. One pass over the texts serves several taps.

import { yieldToEventLoop } from "../../common/event-loop.ts";
import { throwIfCancelled } from "../../common/errors.ts";
import type { FloatArray } from "../../common/floats.ts";
import type { OnProgress } from "../../common/progress.ts";
import { randomStream } from "../../common/random.ts";
import {
  DIRECTIONS,
  embedTexts,
  imagesOf,
  relativeDistance,
  type FirstTokens,
  type StateFit,
  type StatesNetwork,
  statesOfText,
} from "./states-network.ts";
import { statesNotFinite, throwIfNotFinite } from "../finite.ts";
import { type Discriminant, fitDiscriminant, equationsWidth, writeNormalised } from "./linear-discriminant.ts";
import { FitProgress, fitWork } from "./fit-progress.ts";
import { inTextsOf, Prefix, sideBySide } from "./prefix.ts";
import { rankingOf } from "./ranking.ts";

export interface FitSizes {
  /** Random tokens. */
  readonly random: number;
  /** Tokens that the network samples. */
  readonly sampled: number;
  /** Single tokens, for the first position; all of them make a table. */
  readonly single: number | "all";
  /** T of each text. */
  readonly length: number;
}

export interface FitOptions {
  readonly seed: number;
  /** A person's own texts of T tokens each, beside the random ones and in place of sampled ones. */
  readonly texts?: readonly (readonly number[])[];
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
  /** Milliseconds of any steady clock. */
  readonly now: () => number;
}

/** Rows of a pass. */
const FIT_ROWS = 320;
/** Cached tokens of a pass that has none. */
const NO_PAST = 1;
const HELD_OUT_TEXTS = 8;
/** Held at once in sums of normal equations, but for one tap's at the least. */
const EQUATIONS_BYTES = 256e6;

/**
 * Makes the fits of several taps, a group of as many as there is room for in one go, and gives each as soon as it is there
 * with its share of the time. Throws a LabError (cancelled).
 */
export async function* makeFits(
  network: StatesNetwork,
  taps: readonly number[],
  sizes: FitSizes,
  options: FitOptions,
): AsyncGenerator<{ readonly tap: number; readonly fit: StateFit; readonly seconds: number }> {
  const { seed, texts: own, signal, now } = options;
  const {
    vocabulary,
    sizes: { width: D },
  } = network;
  const T = sizes.length;
  const together = Math.max(1, Math.floor(EQUATIONS_BYTES / (8 * equationsWidth(D, true) ** 2)));
  const groups = inGroups(taps, together);
  const sampled = own ? 0 : sizes.sampled;
  const natural = own ? own.length * T : sampled;
  const singles =
    sizes.single === "all"
      ? Array.from({ length: vocabulary }, (_, id) => id)
      : randomIds(seed, "single tokens", sizes.single, vocabulary);
  const work = fitWork(network);
  const began = now();
  const progress = new FitProgress(
    sampled * work.sampledToken +
      groups.length * (sizes.random + natural + singles.length) * work.token +
      taps.length * ((sizes.random + natural) * work.row(true) + singles.length * work.row(false)) +
      taps.length * ((natural > 0 ? 2 : 1) * work.solving(true) + work.solving(false)),
    options,
  );

  const sources: (readonly (readonly number[])[])[] = [
    inGroups(randomIds(seed, "random tokens", sizes.random, vocabulary), T).filter(({ length }) => length === T),
  ];
  if (own) sources.push(own);
  else if (sampled > 0) {
    const plan = { texts: Math.ceil(sampled / T), length: T, seed };
    sources.push(await network.sample(plan, (count) => progress.add(count * work.sampledToken), signal));
  }
  const heldOut = sources.flatMap((source) => source.slice(0, HELD_OUT_TEXTS));
  const tokens = sources.reduce((sum, source) => sum + source.length * T, sampled + singles.length);
  const twins = twinsOf(network);
  const shared = (now() - began) / taps.length;
  for (const group of groups) {
    const groupBegan = now();
    const fitted = { network, group, work, progress, signal };
    const experts: (readonly Discriminant[])[] = [];
    for (const source of sources) experts.push(await discriminantsOf(source.slice(HELD_OUT_TEXTS), fitted));
    const directions = directionsOf(seed, D);
    const images = group.map(() => new Float32Array(singles.length * DIRECTIONS));
    const first = await discriminantsOf(
      singles.map((id) => [id]),
      fitted,
      (i, from, states) => images[i].set(imagesOf(states, directions), from * DIRECTIONS),
    );
    const rankedBy = group.map((_, i) => ({
      first: first[i],
      ...(sizes.single === "all" && { firstTokens: { directions, images: images[i] } }),
      experts: experts.map((each) => each[i]),
    }));
    const held = await heldOutHits(network, group, rankedBy, heldOut);
    const seconds = (shared + (now() - groupBegan) / group.length) / 1000;
    for (const [i, tap] of group.entries()) {
      const { hits, floatNoise } = held[i];
      throwIfNotFinite([floatNoise], statesNotFinite(network.sizes.type));
      yield { tap, seconds, fit: { ...rankedBy[i], twins, tokens, hitRate: hits / (heldOut.length * T), floatNoise } };
    }
  }
}

const inGroups = <Thing>(things: readonly Thing[], size: number): Thing[][] =>
  Array.from({ length: Math.ceil(things.length / size) }, (_, i) => things.slice(i * size, (i + 1) * size));

/** [D, R] */
const directionsOf = (seed: number, width: number): Float32Array =>
  Float32Array.from(randomStream(seed, "directions").normal(width * DIRECTIONS, 0, 1, "float64"));

/** The table of first tokens of several taps, as it grows: a large network's takes minutes. */
export class FirstTokenTables {
  readonly #network: StatesNetwork;
  readonly #taps: readonly number[];
  readonly #directions: Float32Array;
  /** [V, R] of each tap. */
  readonly #images: readonly Float32Array[];
  #done = 0;

  constructor(network: StatesNetwork, taps: readonly number[], seed: number) {
    this.#network = network;
    this.#taps = taps;
    this.#directions = directionsOf(seed, network.sizes.width);
    this.#images = taps.map(() => new Float32Array(network.vocabulary * DIRECTIONS));
  }

  /** Goes on until they are whole, in the order of the taps; throws a LabError (cancelled) before, and can go on later. */
  async complete(signal: AbortSignal): Promise<FirstTokens[]> {
    const { vocabulary: V } = this.#network;
    while (this.#done < V) {
      await yieldToEventLoop();
      throwIfCancelled(signal);
      const ids = Array.from({ length: Math.min(FIT_ROWS, V - this.#done) }, (_, i) => [this.#done + i]);
      const states = await statesOf(this.#network, embedTexts(this.#network, ids), 1);
      for (const [i, tap] of this.#taps.entries()) {
        this.#images[i].set(imagesOf(states[tap], this.#directions), this.#done * DIRECTIONS);
      }
      this.#done += ids.length;
    }
    return this.#images.map((images) => ({ directions: this.#directions, images }));
  }
}

interface Fitted {
  readonly network: StatesNetwork;
  /** Taps. */
  readonly group: readonly number[];
  readonly work: ReturnType<typeof fitWork>;
  readonly progress: FitProgress;
  readonly signal: AbortSignal;
}

/**
 * A discriminant of each tap of the group, of texts that are all as long: of the first position where that is one token, of
 * all others where it is more. Tells the states [n, D] of a pass of texts from one on, by the tap's place in the group.
 */
async function discriminantsOf(
  source: readonly (readonly number[])[],
  { network, group, work, progress, signal }: Fitted,
  onStates?: (i: number, from: number, states: FloatArray) => void,
): Promise<Discriminant[]> {
  const [{ length: T }] = source;
  const { width: D } = network.sizes;
  const hasContext = T > 1;
  const M = equationsWidth(D, hasContext);
  const equations = await network.openNormalEquations(FIT_ROWS, M, group.length);
  try {
    const perPass = Math.floor(FIT_ROWS / T);
    const rows = new Float64Array(FIT_ROWS * M);
    for (let from = 0; from < source.length; from += perPass) {
      const some = source.slice(from, from + perPass);
      const x = embedTexts(network, some);
      const states = await statesOf(network, x, T);
      progress.add(some.length * T * work.token);
      for (const [i, tap] of group.entries()) {
        onStates?.(i, from, states[tap]);
        const count = writeRows(x, states[tap], T, D, rows);
        await equations.add(i, rows, count);
        progress.add(some.length * T * work.row(hasContext));
      }
      await yieldToEventLoop();
      throwIfCancelled(signal);
    }
    const found: Discriminant[] = [];
    for (const sum of equations.sums) {
      found.push(await fitDiscriminant(sum, D, hasContext, (matrix) => network.quadraticForms(matrix), signal));
      progress.add(work.solving(hasContext));
    }
    return found;
  } finally {
    await equations.release();
  }
}

/** Tokens of the whole vocabulary, each as likely. */
export function randomIds(seed: number, name: string, count: number, vocabulary: number): number[] {
  const places = new Float64Array(count);
  randomStream(seed, name).fillUniform(places, 0, vocabulary);
  return Array.from(places, Math.floor);
}

/**
 * (x, r, 1, h) of every position but the first of each text or, of texts of one token, (x, 1, h); then zeros: [ROWS, M].
 * Returns how many are none.
 */
function writeRows(x: FloatArray, h: FloatArray, T: number, D: number, rows: Float64Array): number {
  const hasContext = T > 1;
  const M = equationsWidth(D, hasContext);
  let count = 0;
  for (let row = 0; row < x.length / D; row++) {
    if (hasContext && row % T === 0) continue;
    const at = count++ * M;
    const one = at + (hasContext ? 2 * D : D);
    if (hasContext) writeNormalised(h, (row - 1) * D, D, rows, at + D);
    rows[one] = 1;
    for (let i = 0; i < D; i++) {
      rows[at + i] = x[row * D + i];
      rows[one + 1 + i] = h[row * D + i];
    }
  }
  rows.fill(0, count * M);
  return count;
}

/** States [n, D] of each tap of texts of T tokens, one after the other. */
async function statesOf(network: StatesNetwork, x: FloatArray, T: number): Promise<readonly FloatArray[]> {
  const prefix = new Prefix({ ...network.sizes, capacity: NO_PAST });
  const pass = await network.openPass(FIT_ROWS, NO_PAST);
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

/** Of each tap of a group, how often the best token is the right one in texts that the fit has not seen, and how far two passes are apart. */
async function heldOutHits(
  network: StatesNetwork,
  group: readonly number[],
  fits: readonly Pick<StateFit, "first" | "firstTokens" | "experts">[],
  some: readonly (readonly number[])[],
): Promise<{ hits: number; floatNoise: number }[]> {
  const [{ length: T }] = some;
  const { width: D } = network.sizes;
  const held = group.map(() => ({ hits: 0, floatNoise: 0 }));
  for (const ids of some) {
    const x = embedTexts(network, [ids]);
    const together = await statesOf(network, x, T);
    const alone = await statesOfText(network, x);
    for (const [i, tap] of group.entries()) {
      for (let t = 0; t < T; t++) {
        const apart = relativeDistance(together[tap], t * D, alone[tap], t * D, D);
        held[i].floatNoise = Math.max(held[i].floatNoise, apart);
      }
      const ranking = await rankingOf(network, fits[i], together[tap]);
      ids.forEach((id, t) => (held[i].hits += Number(ranking.best(t, 1)[0] === id)));
    }
  }
  return held;
}
