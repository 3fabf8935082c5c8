// A run of exact recovery, as events: the fit, the prompt's own states, what is done to them, and the search, a round a
// step; at every depth, one search after the other.

import { type FloatArray, floats, type FloatType } from "../../common/floats.ts";
import { median } from "../../common/statistics.ts";
import { measuredShape } from "../../networks/distance.ts";
import type { ExperimentSpec } from "../common-fields.ts";
import type { Certainty, RestartResult, RunEvent, ScoredToken, StepEvent, Utility } from "../events.ts";
import type { ExactSpec } from "./exact-spec.ts";
import { absoluteDistances, hamming, ratioOf, repetition } from "../metrics.ts";
import { shiftNotFinite, statesNotFinite, throwIfNotFinite } from "../finite.ts";
import type { ExperimentSetting } from "../setting.ts";
import { shiftDistances } from "../shift-test.ts";
import { startEvent } from "../target.ts";
import { atTap, embedRows, type StateFit, statesOfText } from "./states-network.ts";
import { protect } from "./protection.ts";
import { type Ranking, rankingOf } from "./ranking.ts";
import { type Recovery, type Round, search, type SearchOptions } from "./search.ts";
import { utilityOf } from "./utility.ts";

/** Carries it out. Throws a LabError, also when the states are no finite numbers. */
export async function* recoverExactly(
  spec: ExactSpec,
  setting: ExperimentSetting,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const { givenStates, text, now, embed } = setting;
  if (!setting.openStates) throw new TypeError("This setting has no states.");
  const opened = await setting.openStates(signal);
  const { network, head } = opened;
  const deepest = network.depths.length - 1;
  const found = await opened.fit(deepest);
  const began = now();
  const D = network.sizes.width;
  const T = setting.targetIds.length;
  const isKnown = spec.prompt !== "";
  /** The prompt's own states at each depth. */
  const computed = givenStates
    ? undefined
    : (await statesOfText(network, embed(setting.targetIds))).map((states) => states.slice());
  const outputs = givenStates ? [givenStates.output] : [];
  for (const states of computed ?? []) outputs.push(head ? await head.logits(states) : states);
  for (const output of outputs) throwIfNotFinite(output, statesNotFinite(network.sizes.type));
  const ranked = async (given: FloatArray, fit: StateFit) => {
    const states = head ? await head.states(given) : given;
    return { states, ranking: await rankingOf(network, fit, states) };
  };
  // Of an unknown prompt the most likely tokens stand in for those to compare with.
  const guess = isKnown ? undefined : (await ranked(outputs[deepest], found.fit)).ranking;
  const targetIds = guess ? setting.targetIds.map((_, t) => guess.best(t, 1)[0]) : setting.targetIds;
  const embedding = embed(targetIds);
  const statesOf = async (embedding: FloatArray) => (await statesOfText(network, embedding))[deepest];
  const own = computed?.[deepest] ?? (await statesOf(embedding)).slice();
  const shifts = await shiftDistances(spec, setting.moments, embedding, async (shifted) => [
    stateDistance(spec, await statesOf(shifted), own, T, D),
  ]);
  throwIfNotFinite(shifts, shiftNotFinite(spec.shiftStd, network.sizes.type));
  const shiftDistance = median(shifts);
  const measured = { network: opened, nextToken: undefined, shiftDistance, shiftDistances: shifts };
  const start = startEvent(spec, { ...setting, targetIds }, measured);
  yield {
    ...start,
    ...(!isKnown && { target: { known: false as const, ...start.target } }),
    vocabulary: network.vocabulary,
    fit: {
      ...{ tokens: found.fit.tokens, seconds: found.seconds, cached: found.isCached, hitRate: found.fit.hitRate },
      firstTokens: found.fit.firstTokens ? "table" : "fit",
    },
  };

  const embedAt = (ids: readonly number[], position: number, rowed: boolean): FloatArray =>
    embedRows(network, ids, (row) => (rowed ? position + row : position));
  const noisy = noiseOf(spec) ?? (givenStates?.isRounded ? "rounding" : undefined);
  let utilityMs = 0;
  /** The searches at all depths, one after the other. */
  async function* roundsOf(restart: number): AsyncGenerator<DepthRound> {
    let [rounds, tokenForwards] = [0, 0];
    for (const [tap, blocks] of network.depths.entries()) {
      const { fit } = tap === deepest ? found : await opened.fit(tap);
      const given = protect(outputs[tap], outputs[tap].length / T, spec, spec.seed, restart);
      throwIfNotFinite(
        given,
        () => "The states overflow when they are protected as asked: take less noise, or round to bfloat16.",
      );
      let utility: Utility | undefined;
      if (noiseOf(spec)) {
        const asked = now();
        utility = await utilityOf(opened.rest, blocks, outputs[tap], given, T);
        utilityMs += now() - asked;
      }
      const { states, ranking } = await ranked(given, fit);
      const depth = { blocks, states, fit, utility, lists: new Lists(ranking, targetIds, spec.topK, text) };
      const options = { states, embed: embedAt, ranking, fit, noisy, candidates: spec.candidates };
      let last: Round | undefined;
      for await (const round of search(atTap(network, tap), options, signal)) {
        last = round;
        const isLast = round.isLast && (tap === deepest || signal.aborted);
        const counted = { round: rounds++, tokenForwards: tokenForwards + round.tokenForwards };
        yield { ...round, ...counted, isLast, depth, isOver: round.isLast, ownForwards: round.tokenForwards };
      }
      if (signal.aborted) return;
      tokenForwards += last!.tokenForwards;
    }
  }
  const searches = Array.from({ length: spec.restarts }, (_, restart): OneSearch => ({
    restart,
    rounds: roundsOf(restart),
    over: [],
  }));

  const stepOf = ({ restart, last }: OneSearch, iteration: number): StepEvent => {
    const { round, position, triedAt, nearest, recovery, states: reached, tokenForwards, depth } = last!;
    const { tokenIds, certainty, distances, margins, tried } = recovery;
    const outputDistance = stateDistance(spec, reached, depth.states, T, D);
    const [inputDistance] = absoluteDistances(embed(tokenIds), embedding, 1);
    return {
      type: "step",
      ...{ restart, iteration, learningRate: 0, outputDistance, inputDistance },
      ratio: ratioOf(inputDistance, outputDistance),
      tokenIds,
      text: text.decode(tokenIds),
      topK: depth.lists.topK(recovery, triedAt, nearest),
      targetRanks: isKnown
        ? depth.lists.ranks(recovery)
        : certainty.map((word) => (word === "proved" ? 1 : network.vocabulary)),
      ...{ round, position, triedAt },
      ...(spec.everyDepth && { blocks: depth.blocks }),
      proved: certainty.map((word) => word === "proved"),
      ...{ certainty, distances, margins, tried },
      candidates: nearest.map(({ id, distance }) => ({ id, text: text.token(id), distance })),
      tokenForwards,
    };
  };
  const isExact = ({ tokenIds, certainty }: Recovery, fit: StateFit): boolean =>
    isKnown
      ? tokenIds.every((id, t) => classOf(fit, id) === classOf(fit, targetIds[t]))
      : certainty.every((word) => word === "proved");

  // All restarts go on a round at a time; those that are over wait for the others.
  let iteration = 0;
  for (; ; iteration++) {
    for (const one of searches) {
      if (one.last?.isLast) continue;
      one.last = (await one.rounds.next()).value as DepthRound;
      if (one.last.isOver) one.over.push(one.last);
    }
    const isLast = searches.every(({ last }) => last!.isLast) || iteration === spec.iterations;
    if (isLast || iteration % spec.every === 0) for (const one of searches) yield stepOf(one, iteration);
    if (isLast) break;
  }

  const results = searches.map((one): RestartResult => {
    const { recovery, round, depth } = one.last!;
    const { tokenIds, certainty, distances, margins, tried } = recovery;
    const { outputDistance, inputDistance, ratio, targetRanks, topK, proved } = stepOf(one, iteration);
    const listed = topK.map((row) => row.map(({ id }) => id));
    return {
      ...{ restart: one.restart, iteration: round, tokenIds },
      tokens: tokenIds.map((id) => text.token(id)),
      text: text.decode(tokenIds),
      exact: isExact(recovery, depth.fit),
      hamming: hamming(targetRanks),
      repetition: repetition(tokenIds, listed),
      ...{ outputDistance, inputDistance, ratio, ratioPerElement: null, discreteDistance: outputDistance },
      beatsShift: outputDistance < shiftDistance,
      beatsShiftAt: null,
      nextToken: null,
      sameNextToken: null,
      ...{ proved, certainty, distances, margins, tried },
      ...classesNamed(tokenIds, depth.fit, text),
      ...(spec.everyDepth && {
        depths: one.over.map(({ depth: { blocks, fit, utility }, recovery, ownForwards }) => ({
          ...{ blocks, hitRate: fit.hitRate, tokenForwards: ownForwards, exact: isExact(recovery, fit) },
          text: text.decode(recovery.tokenIds),
          ...recovery,
          ...(utility && { utility }),
        })),
      }),
      ...(depth.utility && { utility: depth.utility }),
    };
  });
  const reached = embeddingsOf(results, embed, network.type);
  const { restarts } = spec;
  setting.onEmbeddings?.({ restarts, length: T, width: D, target: embedding, best: reached, last: reached });
  const best = results.reduce((before, result) => (sureness(result) > sureness(before) ? result : before));
  yield {
    type: "end",
    status:
      iteration === spec.iterations || searches.every(({ last }) => last!.position === T) ? "completed" : "cancelled",
    iterations: iteration,
    best,
    restarts: results,
    tokenForwards: searches.reduce((sum, { last }) => sum + last!.tokenForwards, 0),
    elapsedMs: now() - began - utilityMs,
  };
}

/** A round, and the depth that it is of. */
interface DepthRound extends Round {
  readonly depth: {
    readonly blocks: number;
    /** As they were given, [T, D]. */
    readonly states: FloatArray;
    readonly fit: StateFit;
    readonly utility: Utility | undefined;
    readonly lists: Lists;
  };
  /** Is it the last of this depth? */
  readonly isOver: boolean;
  /** Token forwards at this depth. */
  readonly ownForwards: number;
}

/** The searches of one restart: the same text, behind noise of its own. */
interface OneSearch {
  readonly restart: number;
  readonly rounds: AsyncGenerator<DepthRound>;
  /** The last round of each depth that is over. */
  readonly over: DepthRound[];
  last?: DepthRound;
}

/** What is known to have changed the states. */
function noiseOf({ noise, round, keepChannels }: ExactSpec): SearchOptions["noisy"] {
  if (noise !== undefined) return "noise";
  return round === "none" && keepChannels === undefined ? undefined : "rounding";
}

/** Proved tokens count before likely ones, and those before unknown ones. */
function sureness({ certainty = [] }: RestartResult): number {
  const count = (word: Certainty) => certainty.filter((each) => each === word).length;
  return count("proved") * (certainty.length + 1) + count("likely");
}

/** [B, T, D] */
function embeddingsOf(
  results: readonly RestartResult[],
  embed: ExperimentSetting["embed"],
  type: FloatType,
): FloatArray {
  const rows = results.map(({ tokenIds }) => embed(tokenIds));
  const all = floats(type, rows.length * rows[0].length);
  rows.forEach((row, restart) => all.set(row, restart * row.length));
  return all;
}

/** The spec's distance between states [T, D]. Throws a LabError (badInput) when the measure leaves nothing of them. */
function stateDistance(spec: ExperimentSpec, a: FloatArray, b: FloatArray, T: number, D: number): number {
  const [, positions, channels] = measuredShape(spec, [1, T, D]);
  let total = 0;
  let [absolute, square] = [0, 0];
  for (let t = T - positions; t < T; t++) {
    let [product, left, right] = [0, 0, 0];
    for (let i = t * D; i < t * D + channels; i++) {
      absolute += Math.abs(a[i] - b[i]);
      square += (a[i] - b[i]) ** 2;
      product += a[i] * b[i];
      left += a[i] ** 2;
      right += b[i] ** 2;
    }
    total += 1 - product / Math.sqrt(left * right);
  }
  const count = positions * channels;
  const [sum, mean] = {
    l1: [absolute, absolute / count],
    l2: [Math.sqrt(square), Math.sqrt(square / count)],
    cosine: [total, total / positions],
  }[spec.metric];
  return spec.reduction === "sum" ? sum : mean;
}

/** Tokens with the same embedding are one class, called by its first. */
const classOf = ({ twins }: Pick<StateFit, "twins">, id: number): number =>
  twins.find((group) => group.includes(id))?.[0] ?? id;

function classesNamed(
  tokenIds: readonly number[],
  { twins }: Pick<StateFit, "twins">,
  text: ExperimentSetting["text"],
): Pick<RestartResult, "sameEmbedding"> {
  const groups = tokenIds.flatMap((id, position) => {
    const group = twins.find((ids) => ids.includes(id));
    return group ? [{ position, tokens: group.map((id) => ({ id, text: text.token(id) })) }] : [];
  });
  return groups.length > 0 ? { sameEmbedding: groups } : {};
}

/** The ranked tokens of each position as top-k lists, what is settled first. */
class Lists {
  readonly #best: readonly (readonly number[])[];
  readonly #ranks: readonly number[];
  readonly #targetIds: readonly number[];
  readonly #k: number;
  readonly #text: ExperimentSetting["text"];
  readonly #ranking: Ranking;

  constructor(ranking: Ranking, targetIds: readonly number[], k: number, text: ExperimentSetting["text"]) {
    this.#ranking = ranking;
    this.#targetIds = targetIds;
    this.#k = k;
    this.#text = text;
    this.#best = targetIds.map((_, t) => ranking.best(t, k));
    this.#ranks = targetIds.map((id, t) => ranking.rank(t, id));
  }

  /** At the position at work the nearest first, elsewhere the token that stands there. */
  topK({ tokenIds }: Recovery, at: number, nearest: Round["nearest"]): readonly (readonly ScoredToken[])[] {
    return tokenIds.map((token, t) => {
      const first = at === t && nearest.length > 0 ? nearest.map(({ id }) => id) : [token];
      const ids = [...new Set([...first, ...this.#best[t]])].slice(0, this.#k);
      return ids.map((id) => this.#scored(t, id));
    });
  }

  ranks({ tokenIds }: Recovery): number[] {
    return this.#targetIds.map((id, t) => (tokenIds[t] === id ? 1 : Math.max(2, this.#ranks[t])));
  }

  #scored(position: number, id: number): ScoredToken {
    return { id, text: this.#text.token(id), score: this.#ranking.score(position, id) };
  }
}
