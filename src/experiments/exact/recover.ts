// A run of exact recovery, as events: the fit, the prompt's own states, what is done to them, and the search, a round a
// step.

import { type FloatArray, floats, typeOf } from "../../common/floats.ts";
import { median } from "../../common/statistics.ts";
import { randomStream } from "../../common/random.ts";
import { measuredShape } from "../../networks/distance.ts";
import type { ExperimentSpec } from "../common-fields.ts";
import type { RestartResult, RunEvent, ScoredToken, StepEvent } from "../events.ts";
import type { ExactSpec } from "./exact-spec.ts";
import { absoluteDistances, hamming, ratioOf, repetition } from "../metrics.ts";
import type { ExperimentSetting } from "../setting.ts";
import { startEvent } from "../target.ts";
import { passRows, type StatesNetwork } from "./states-network.ts";
import { inARow, Prefix } from "./prefix.ts";
import { isProtected, protect } from "./protection.ts";
import { type Ranking, rankingOf } from "./ranking.ts";
import { type Recovery, type Round, search } from "./search.ts";

/** Carries it out. Throws a LabError, also when the states are no finite numbers. */
export async function* recoverExactly(
  spec: ExactSpec,
  setting: ExperimentSetting,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const { givenStates: given, text, now, embed } = setting;
  if (!setting.openStates) throw new TypeError("This setting has no states.");
  const opened = await setting.openStates(signal);
  const { network, head } = opened;
  const found = await opened.fit();
  const began = now();
  const D = network.sizes.width;
  const T = setting.targetIds.length;
  const isKnown = !given || spec.prompt !== "";
  const computed = given ? undefined : await statesOf(network, embed(setting.targetIds));
  const output = given?.output ?? (head ? await head.logits(computed!) : computed!);
  const shown = isProtected(spec) ? protect(output, output.length / T, spec, spec.seed) : output;
  const states = head ? await head.states(shown) : shown;
  const ranking = await rankingOf(network, found.fit, states);
  const targetIds = isKnown ? setting.targetIds : setting.targetIds.map((_, t) => ranking.best(t, 1)[0]);
  const embedding = embed(targetIds);
  const own = computed ?? (await statesOf(network, embedding));

  const measure = (e: FloatArray, of: FloatArray) => stateDistance(spec, e, of, T, D);
  const shiftDistances = await shiftTest(spec, setting, network, embedding, own);
  const start = startEvent(
    spec,
    { ...setting, targetIds },
    { network: opened, nextToken: undefined, shiftDistance: median(shiftDistances), shiftDistances },
  );
  yield {
    ...start,
    ...(!isKnown && { target: { known: false as const, ...start.target } }),
    vocabulary: network.vocabulary,
    fit: { tokens: found.fit.tokens, seconds: found.seconds, cached: found.isCached, hitRate: found.fit.hitRate },
  };

  const classOf = tokenClasses(found.fit.twins);
  const listed = new Lists(ranking, targetIds, spec.topK, text);
  const ranks = (recovery: Recovery) =>
    isKnown
      ? listed.ranks(recovery)
      : recovery.certainty.map((certainty) => (certainty === "proved" ? 1 : network.vocabulary));
  const places = network.positions(T);
  const tapped = (ids: readonly number[], position: number, rowed: boolean): FloatArray => {
    const rows = network.tokenRows(ids);
    return floats(network.type, rows.length).map(
      (_, i) => rows[i] + places[(position + (rowed ? Math.floor(i / D) : 0)) * D + (i % D)],
    );
  };
  const rounding = given?.isRounded || spec.round !== "none" || spec.keepChannels !== undefined;
  const noisy = spec.noise > 0 ? "noise" : rounding ? "rounding" : undefined;
  const options = { states, embed: tapped, ranking, fit: found.fit, noisy, candidates: spec.candidates } as const;
  const stepOf = ({ round, position, nearest, recovery, states: reached, tokenForwards }: Round): StepEvent => {
    const { tokenIds } = recovery;
    const e = embed(tokenIds);
    const outputDistance = measure(reached, states);
    const [inputDistance] = absoluteDistances(e, embedding, 1);
    return {
      type: "step",
      restart: 0,
      iteration: round,
      learningRate: 0,
      outputDistance,
      inputDistance,
      ratio: ratioOf(inputDistance, outputDistance),
      tokenIds,
      text: text.decode(tokenIds),
      topK: listed.topK(recovery, nearest.length > 0 && position < T ? { position, nearest } : undefined),
      targetRanks: ranks(recovery),
      round,
      position,
      proved: recovery.certainty.map((certainty) => certainty === "proved"),
      certainty: recovery.certainty,
      distances: recovery.distances,
      margins: recovery.margins,
      tried: recovery.tried,
      candidates: nearest.map(({ id, distance }) => ({ id, text: text.token(id), distance })),
      tokenForwards,
    };
  };

  let last: Round | undefined;
  let told: StepEvent | undefined;
  for await (const round of search(network, options, signal)) {
    last = round;
    if (round.round % spec.every !== 0) continue;
    told = stepOf(round);
    yield told;
    if (round.round >= spec.iterations) break;
  }
  const step = told?.iteration === last!.round ? told : stepOf(last!);
  if (step !== told) yield step;

  const { recovery, round, tokenForwards } = last!;
  const e = embed(recovery.tokenIds);
  setting.onEmbeddings?.({ restarts: 1, length: T, width: D, target: embedding, best: e, last: e });
  const isOver = recovery.certainty.every((_, t) => recovery.tried[t] > 0);
  const best: RestartResult = {
    restart: 0,
    iteration: round,
    tokenIds: recovery.tokenIds,
    tokens: recovery.tokenIds.map((id) => text.token(id)),
    text: text.decode(recovery.tokenIds),
    exact: isKnown
      ? recovery.tokenIds.every((id, t) => classOf(id) === classOf(targetIds[t]))
      : recovery.certainty.every((certainty) => certainty === "proved"),
    hamming: hamming(step.targetRanks),
    repetition: repetition(
      recovery.tokenIds,
      step.topK.map((row) => row.map(({ id }) => id)),
    ),
    outputDistance: step.outputDistance,
    inputDistance: step.inputDistance,
    ratio: step.ratio,
    ratioPerElement: null,
    discreteDistance: step.outputDistance,
    beatsShift: step.outputDistance < median(shiftDistances),
    beatsShiftAt: null,
    nextToken: null,
    sameNextToken: null,
    proved: step.proved!,
    certainty: recovery.certainty,
    distances: recovery.distances,
    margins: recovery.margins,
    tried: recovery.tried,
    ...classesNamed(recovery, found.fit.twins, text),
  };
  yield {
    type: "end",
    status: isOver ? "completed" : "cancelled",
    iterations: round,
    best,
    restarts: [best],
    tokenForwards,
    elapsedMs: now() - began,
  };
}

/** States [T, D] of one text. */
async function statesOf(network: StatesNetwork, embedding: FloatArray): Promise<FloatArray> {
  const rows = passRows(embedding.length / network.sizes.width);
  const pass = await network.openPass(rows, rows);
  const { states } = await new Prefix({ ...network.sizes, capacity: rows }).pass(pass, embedding, inARow, false);
  return states[0].slice();
}

/** What inputs that noise has moved are away, as the shift test of the other methods measures it. */
async function shiftTest(
  spec: ExperimentSpec,
  { moments }: ExperimentSetting,
  network: StatesNetwork,
  embedding: FloatArray,
  states: FloatArray,
): Promise<number[]> {
  const D = network.sizes.width;
  const std = spec.shiftStd * (spec.shiftUnit === "embedding" ? moments.std : 1);
  const distances: number[] = [];
  for (let draw = 0; draw < spec.shiftDraws; draw++) {
    const moved = randomStream(spec.seed, `shift ${draw}`).normal(embedding.length, 0, std, typeOf(embedding));
    for (let i = 0; i < moved.length; i++) moved[i] += embedding[i];
    distances.push(stateDistance(spec, await statesOf(network, moved), states, embedding.length / D, D));
  }
  return distances;
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
function tokenClasses(twins: readonly (readonly number[])[]): (id: number) => number {
  const firsts = new Map(twins.flatMap((group) => group.map((id) => [id, group[0]] as const)));
  return (id) => firsts.get(id) ?? id;
}

function classesNamed(
  { tokenIds }: Recovery,
  twins: readonly (readonly number[])[],
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
  readonly #best: readonly (readonly ScoredToken[])[];
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
    this.#best = targetIds.map((_, t) => ranking.best(t, k).map((id) => this.#scored(t, id)));
    this.#ranks = targetIds.map((id, t) => ranking.rank(t, id));
  }

  topK(
    { tokenIds }: Recovery,
    at?: { position: number; nearest: Round["nearest"] },
  ): readonly (readonly ScoredToken[])[] {
    return tokenIds.map((id, t) => {
      const first = at?.position === t ? at.nearest.map(({ id }) => id) : [id];
      const ids = [...new Set([...first, ...this.#best[t].map(({ id }) => id)])].slice(0, this.#k);
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
