// The tokens of the vocabulary in the order in which they are likely to stand behind given states, all positions at once.

import type { FloatArray } from "../../common/floats.ts";
import { type FirstTokens, imagesOf, type StateFit, type StatesNetwork } from "./states-network.ts";
import { type Discriminant, evidenceOf, writeNormalised } from "./linear-discriminant.ts";

export interface Ranking {
  /** The `count` best tokens at a position, best first. */
  best(position: number, count: number): number[];
  score(position: number, id: number): number;
  /** 1 + the number of tokens that are more likely. */
  rank(position: number, id: number): number;
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
  const of = (position: number) => scores.subarray(position * V, (position + 1) * V);
  return {
    best: (position, count) => bestOf(of(position), count),
    score: (position, id) => scores[position * V + id],
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

function rankOf(scores: Float64Array, id: number): number {
  let rank = 1;
  for (let other = 0; other < scores.length; other++) if (scores[other] > scores[id]) rank++;
  return rank;
}

/** Places of the largest numbers, largest first. */
function bestOf(scores: Float64Array, count: number): number[] {
  const most = Math.min(count, scores.length);
  if (most > 64) {
    const order = Uint32Array.from(scores, (_, v) => v).sort((a, b) => scores[b] - scores[a] || a - b);
    return Array.from(order.subarray(0, most));
  }
  const top: number[] = [];
  for (let v = 0; v < scores.length; v++) {
    if (top.length === most && !(scores[v] > scores[top[most - 1]])) continue;
    let place = top.length === most ? most - 1 : top.length;
    while (place > 0 && scores[top[place - 1]] < scores[v]) {
      top[place] = top[place - 1];
      place--;
    }
    top[place] = v;
  }
  return top;
}
