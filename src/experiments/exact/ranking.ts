// The tokens of the vocabulary in the order in which they are likely to stand behind given states, all positions at once.

import type { FloatArray } from "../../common/floats.ts";
import { rankOf, topScores } from "../../common/top-scores.ts";
import { type FirstTokens, imagesOf, type StateFit, type StatesNetwork } from "./states-network.ts";
import { type Discriminant, evidenceOf, meanResidual, writeNormalised } from "./linear-discriminant.ts";

export interface Ranking {
  /** The `count` best tokens at a position, best first. */
  best(position: number, count: number): number[];
  score(position: number, id: number): number;
  /** 1 + the number of tokens that are more likely. */
  rank(position: number, id: number): number;
  /**
   * All tokens in their order at a position once tokens with states [n, D] were tried there: what the fit is off by for
   * them, it is likely to be off by for all that stand behind the same beginning.
   */
  refined?(position: number, ids: readonly number[], states: FloatArray): Promise<Uint32Array>;
}

/** Ranks by the experts' maximum: states [T, D]. */
export async function rankingOf(
  network: StatesNetwork,
  { first, firstTokens, experts }: Pick<StateFit, "first" | "firstTokens" | "experts">,
  states: FloatArray,
): Promise<Ranking> {
  const { width: D } = network.sizes;
  const V = network.vocabulary;
  const T = states.length / D;
  const positions = network.positions(T);
  const before = new Float64Array(T * D);
  for (let t = 1; t < T; t++) writeNormalised(states, (t - 1) * D, D, before, t * D);
  const scores = new Float64Array(T * V).fill(-Infinity);
  const add = async (by: Discriminant, from: number, to: number): Promise<void> => {
    if (from >= to) return;
    const part = (rows: FloatArray) => rows.subarray(from * D, to * D);
    const evidence = evidenceOf(by, part(states), before.subarray(from * D, to * D), part(positions));
    const products = await network.tokenProducts(evidence.directions);
    for (let t = from; t < to; t++) {
      const constant = evidence.constants[t - from];
      for (let v = 0; v < V; v++) {
        const score = products[(t - from) * V + v] - by.tokenTerms[v] + constant;
        if (score > scores[t * V + v]) scores[t * V + v] = score;
      }
    }
  };
  if (firstTokens) scores.set(nearness(states.subarray(0, D), firstTokens));
  else await add(first, 0, 1);
  for (const expert of experts) await add(expert, 1, T);
  const refined = async (position: number, ids: readonly number[], tried: FloatArray): Promise<Float64Array> => {
    const part = <Rows extends FloatArray>(rows: Rows) => rows.subarray(position * D, (position + 1) * D) as Rows;
    const embeddings = network.tokenRows(ids);
    const place = part(positions);
    const best = new Float64Array(V).fill(-Infinity);
    for (const by of position === 0 ? [first] : experts) {
      const bias = meanResidual(by, embeddings, tried, part(before), place);
      const { directions, constants } = evidenceOf(by, part(states), part(before), place, bias);
      const products = await network.tokenProducts(directions);
      for (let v = 0; v < V; v++) best[v] = Math.max(best[v], products[v] - by.tokenTerms[v] + constants[0]);
    }
    return best;
  };
  const of = (position: number) => scores.subarray(position * V, (position + 1) * V);
  // A position that needs many tokens needs more of the same order each time.
  let whole: { readonly position: number; readonly order: Uint32Array } | undefined;
  return {
    best(position, count) {
      if (count <= FEW) return topScores(of(position), count).map(({ id }) => id);
      if (whole?.position !== position) whole = { position, order: ordered(of(position)) };
      return Array.from(whole.order.subarray(0, count));
    },
    score: (position, id) => scores[position * V + id],
    refined: async (position, ids, tried) => ordered(await refined(position, ids, tried)),
    rank: (position, id) => rankOf(of(position), id),
  };
}

/** −‖image − image of the state‖² of every token, [V]. */
function nearness(state: FloatArray, { directions, images }: FirstTokens): Float64Array {
  const image = imagesOf(state, directions);
  const scores = new Float64Array(images.length / image.length);
  for (let v = 0; v < scores.length; v++) {
    for (let r = 0; r < image.length; r++) scores[v] -= (images[v * image.length + r] - image[r]) ** 2;
  }
  return scores;
}

/** So many are found by going through the scores once. */
const FEW = 64;

/** Places of all scores, the best first; of equal ones the first. */
const ordered = (scores: Float64Array): Uint32Array =>
  Uint32Array.from(scores, (_, v) => v).sort((a, b) => scores[b] - scores[a] || a - b);
