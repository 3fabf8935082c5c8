// Exact recovery: the tokens behind the states of one layer, each proved. State t of a causal network depends on tokens
// 1…t alone, so a token is right when its state, behind the tokens that were proved before, is the target's. All positions
// are ranked at once and verified in one pass; at the first that is wrong, the next tokens of its list are tried side by
// side behind the cached prefix. SipIt (arXiv 2510.15511) showed that this ends; here no gradient is needed.

import { yieldToEventLoop } from "../../common/event-loop.ts";
import { type FloatArray, floats } from "../../common/floats.ts";
import { median } from "../../common/statistics.ts";
import type { Certainty } from "../events.ts";
import { passRows, relativeDistance, type StateFit, type StatesNetwork } from "./states-network.ts";
import { inARow, type PassResult, Prefix, type Sight, sideBySide } from "./prefix.ts";
import type { Ranking } from "./ranking.ts";

/** A token that was tried at a position. */
export interface Tried {
  readonly id: number;
  /** ‖h − h*‖₂ / ‖h*‖₂ of its state. */
  readonly distance: number;
}

/** What is known of each position, [T]. */
export interface Recovery {
  readonly tokenIds: number[];
  readonly certainty: Certainty[];
  /** Of the token's state, relative to the target's norm; null where no state was computed behind the right prefix. */
  readonly distances: (number | null)[];
  /** How much farther the nearest other token that was tried is; null where none was. */
  readonly margins: (number | null)[];
  /** Tokens tried. */
  readonly tried: number[];
}

export interface Round {
  readonly round: number;
  /** The position at work, or T. */
  readonly position: number;
  /** Where the last candidates were tried, and the nearest of them, nearest first. */
  readonly triedAt: number;
  readonly nearest: readonly Tried[];
  readonly recovery: Recovery;
  /** Of each position's token, as it was computed last, [T, D]; changed by the next round. */
  readonly states: FloatArray;
  /** Tokens that went through the network so far. */
  readonly tokenForwards: number;
  readonly isLast: boolean;
}

export interface SearchOptions {
  /** H* [T, D] */
  readonly states: FloatArray;
  /** e(v) + P [n, D] of tokens that stand at a position, or in a row from it on. */
  embed(ids: readonly number[], position: number, inARow: boolean): FloatArray;
  readonly ranking: Ranking;
  readonly fit: Pick<StateFit, "floatNoise">;
  /** What is known to have changed the states; nothing where they may be exact. */
  readonly noisy?: "noise" | "rounding";
  /** Tokens tried at a position, at most. */
  readonly candidates: number;
}

/** Times the difference between two orders of summation: within it two states are the same. */
const PROOF = 30;
/** Other programs add in orders of their own: no state within this is another token's. */
const LEAST_PROOF = 1e-5;
/** Tokens of the first batch of candidates; each that follows has twice as many, up to the most. */
const FIRST_CANDIDATES = 4;
const CANDIDATE_ROWS = 64;
/** Tokens tried before the list is made anew from what they have shown, and the nearest of them that it is made from. */
const REFINED_FROM = 5;
const REFINED_BY = 8;
/** Candidates that a round tells of. */
const TOLD = 8;
/** Tokens tried where states are noisy: those beyond have no more to say than the noise. */
const NOISY_CANDIDATES = 128;
/** How far from the noise floor a right token's state may be, by what changed the states. */
const WITHIN = { noise: 1.3, rounding: 2.5 } as const;
/** Tokens are this far from each other at the least, as a share of the state's norm. */
const LARGE_FLOOR = 0.05;
/** Beyond it the median distance is not noise, but states of another network. */
const LARGEST_FLOOR = 0.35;
const ERROR_RATE = 1e-6;

/** Distances within it of the target's are proof. */
export const proofOf = ({ floatNoise }: Pick<StateFit, "floatNoise">): number =>
  Math.max(PROOF * floatNoise, LEAST_PROOF);

/** Recovers the tokens, a round at a time; the last round's recovery is the result. */
export async function* search(
  network: StatesNetwork,
  options: SearchOptions,
  signal: AbortSignal,
): AsyncGenerator<Round> {
  const recovery = new RecoverySearch(network, options);
  await recovery.verify();
  yield recovery.round();
  while (!recovery.isOver && !signal.aborted) {
    if (recovery.isNoisy) recovery.begin();
    else recovery.settleProved();
    if (recovery.isOver) break;
    yield recovery.round();
    for (let isSettled = false; !isSettled && !signal.aborted;) {
      isSettled = await recovery.tryCandidates();
      if (recovery.isOver) break;
      yield recovery.round();
      await yieldToEventLoop(); // Without this no cancellation would ever arrive.
    }
    if (!recovery.isOver && !recovery.isNoisy && !signal.aborted) await recovery.verify();
  }
  yield { ...recovery.round(), isLast: true };
}

class RecoverySearch {
  readonly #network: StatesNetwork;
  readonly #options: SearchOptions;
  readonly #width: number;
  readonly #length: number;
  readonly #prefix: Prefix;
  readonly #recovery: Recovery;
  readonly #proof: number;
  readonly #states: FloatArray;
  /** What the states are off by; undefined while they may be exact. */
  #noise: keyof typeof WITHIN | undefined;
  /** Median distance of the last pass over all proposals. */
  #passFloor = Infinity;
  /** Distances of tokens that were accepted by their likelihood. */
  readonly #accepted: number[] = [];
  /** Of the position at work, nearest first. */
  #tried: Tried[] = [];
  #triedAt = 0;
  /** The nearest tokens tried there with the states that they gave, nearest first. */
  #observed: (Tried & { readonly state: FloatArray })[] = [];
  /** The list that these have made. */
  #refinedList: { readonly by: string; readonly order: Uint32Array } | undefined;
  /** Where the nearest one's keys and values are. */
  #nearest: { readonly pass: PassResult; readonly row: number } | undefined;
  #verified: { readonly pass: PassResult; readonly distances: readonly number[] } | undefined;
  #tokenForwards = 0;
  #rounds = 0;

  constructor(network: StatesNetwork, options: SearchOptions) {
    const { states, ranking, fit, noisy } = options;
    this.#network = network;
    this.#options = options;
    this.#width = network.sizes.width;
    const T = (this.#length = states.length / this.#width);
    this.#proof = proofOf(fit);
    this.#states = states.slice();
    this.#noise = noisy;
    this.#prefix = new Prefix({ ...network.sizes, capacity: passRows(T) });
    this.#recovery = {
      tokenIds: Array.from({ length: T }, (_, t) => ranking.best(t, 1)[0]),
      certainty: new Array<Certainty>(T).fill("unknown"),
      distances: new Array<null>(T).fill(null),
      margins: new Array<null>(T).fill(null),
      tried: new Array<number>(T).fill(0),
    };
  }

  get isOver(): boolean {
    return this.#prefix.length === this.#length;
  }

  get isNoisy(): boolean {
    return this.#noise !== undefined;
  }

  round(): Round {
    return {
      round: this.#rounds++,
      position: this.#prefix.length,
      triedAt: this.#triedAt,
      nearest: this.#tried.slice(0, TOLD),
      recovery: structuredClone(this.#recovery),
      states: this.#states,
      tokenForwards: this.#tokenForwards,
      isLast: false,
    };
  }

  /** Runs all proposals from the prefix on in one pass. */
  async verify(): Promise<void> {
    const from = this.#prefix.length;
    const ids = this.#recovery.tokenIds.slice(from);
    const pass = await this.#pass(ids, from, inARow);
    const distances = ids.map((_, row) => this.#distance(pass, row, from + row));
    this.#verified = { pass, distances };
    this.#states.set(pass.states[0], from * this.#width);
    this.#passFloor = median(distances);
  }

  /** Settles what the last pass has proved, and begins at the position behind it. */
  settleProved(): void {
    const { pass, distances } = this.#verified!;
    const from = this.#prefix.length;
    const end = distances.findIndex((distance) => !(distance <= this.#proof));
    const count = end < 0 ? distances.length : end;
    for (let row = 0; row < count; row++) {
      this.#recovery.certainty[from + row] = "proved";
      this.#recovery.distances[from + row] = distances[row];
      this.#recovery.tried[from + row] = 1;
    }
    this.#prefix.settle(pass, 0, count);
    this.begin();
    if (this.isOver) return;
    this.#tried.push({ id: this.#recovery.tokenIds[from + count], distance: distances[count] });
    this.#nearest = { pass, row: count };
  }

  /** Begins at the position behind the prefix. */
  begin(): void {
    this.#triedAt = this.#prefix.length;
    this.#tried = [];
    this.#observed = [];
    this.#refinedList = undefined;
    this.#nearest = undefined;
  }

  /** Tries the next tokens of the list side by side. Settles the position when one is accepted, or none is left to try. */
  async tryCandidates(): Promise<boolean> {
    const { ranking, candidates } = this.#options;
    const position = this.#prefix.length;
    const seen = new Set(this.#tried.map(({ id }) => id));
    const count = Math.min(CANDIDATE_ROWS, Math.max(FIRST_CANDIDATES, 2 * (seen.size - 1)));
    const listed = ranking.best(position, seen.size + count);
    const refined = await this.#refined(position);
    const next = refined ? listed.flatMap((id, i) => [refined[i], id]) : listed;
    const ids = [...new Set(next)].filter((id) => !seen.has(id)).slice(0, count);
    if (ids.length > 0) {
      const pass = await this.#pass(ids, position, sideBySide);
      ids.forEach((id, row) => {
        const distance = this.#distance(pass, row, position);
        if (this.#tried.length === 0 || distance < this.#tried[0].distance) this.#nearest = { pass, row };
        insert(this.#tried, { id, distance });
        const state = pass.states[0].slice(row * this.#width, (row + 1) * this.#width);
        insert(this.#observed, { id, distance, state });
        if (this.#observed.length > REFINED_BY) this.#observed.pop();
      });
    }
    const certainty = this.#judge();
    const most = this.#noise ? Math.min(candidates, NOISY_CANDIDATES) : candidates;
    const isSettled = certainty !== "unknown" || ids.length === 0 || this.#tried.length >= most;
    this.#note(position, certainty);
    if (isSettled) {
      // When nothing fits, what follows is judged behind the nearest token, as far as the noise lets it.
      if (certainty !== "proved") this.#noise ??= "noise";
      if (certainty === "likely") this.#accepted.push(this.#tried[0].distance);
      const { pass, row } = this.#nearest!;
      this.#states.set(pass.states[0].subarray(row * this.#width, (row + 1) * this.#width), position * this.#width);
      this.#prefix.settle(pass, row, 1);
    }
    return isSettled;
  }

  /** The list after what the tokens tried have shown, where that may be worth it. */
  async #refined(position: number): Promise<Uint32Array | undefined> {
    const { ranking } = this.#options;
    if (this.#tried.length < REFINED_FROM || !ranking.refined) return undefined;
    const ids = this.#observed.map(({ id }) => id);
    // Where a whole vocabulary is tried, most of it changes nothing.
    if (this.#refinedList?.by !== ids.join()) {
      const states = floats(this.#network.type, ids.length * this.#width);
      this.#observed.forEach(({ state }, row) => states.set(state, row * this.#width));
      this.#refinedList = { by: ids.join(), order: await ranking.refined(position, ids, states) };
    }
    return this.#refinedList.order;
  }

  #judge(): Certainty {
    const [best, second] = this.#tried;
    if (best.distance <= this.#proof) return "proved";
    // States of which nothing is known may be exact: the likelihood is asked only after a number of tries.
    const isNoisy = this.#noise !== undefined || this.#tried.length > CANDIDATE_ROWS;
    return isNoisy && second && this.#isLikely(best, second) ? "likely" : "unknown";
  }

  #isLikely(best: Tried, second: Tried): boolean {
    const floor = this.#accepted.length > 2 ? median(this.#accepted) : this.#passFloor;
    if (!(floor <= LARGEST_FLOOR)) return false;
    // Where noise is about as large as tokens are apart, a wrong one may pass for the right one that was not tried.
    const isLarge = floor > LARGE_FLOOR;
    if (isLarge && this.#tried.length < Math.min(NOISY_CANDIDATES, this.#network.vocabulary)) return false;
    if (!(best.distance < WITHIN[isLarge ? "noise" : (this.#noise ?? "noise")] * floor)) return false;
    const variance = floor ** 2 / this.#width; // σ̂² of an element, relative to the state's norm
    const needed = Math.log(this.#network.vocabulary / ERROR_RATE);
    return (second.distance ** 2 - best.distance ** 2) / (2 * variance) > needed;
  }

  #note(position: number, certainty: Certainty): void {
    const [best, second] = this.#tried;
    this.#recovery.tokenIds[position] = best.id;
    this.#recovery.certainty[position] = certainty;
    this.#recovery.distances[position] = best.distance;
    this.#recovery.margins[position] = second ? second.distance - best.distance : null;
    this.#recovery.tried[position] = this.#tried.length;
  }

  async #pass(ids: readonly number[], position: number, sight: Sight): Promise<PassResult> {
    const capacity = passRows(this.#length);
    const rows = ids.length <= capacity ? capacity : passRows(CANDIDATE_ROWS);
    this.#tokenForwards += ids.length;
    const embedding = this.#options.embed(ids, position, sight === inARow);
    return this.#prefix.pass(await this.#network.openPass(rows, capacity), embedding, sight);
  }

  #distance({ states: [state] }: PassResult, row: number, position: number): number {
    return relativeDistance(state, row * this.#width, this.#options.states, position * this.#width, this.#width);
  }
}

/** Keeps the list in the order of distances. */
function insert<One extends Tried>(tried: One[], one: One): void {
  let place = tried.length;
  while (place > 0 && tried[place - 1].distance > one.distance) place--;
  tried.splice(place, 0, one);
}
