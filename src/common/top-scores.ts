// The best of many scores.

import type { FloatArray } from "./floats.ts";

/** The k best scores, best first; of equal scores the lower id comes first, and NaN comes last. */
export function topScores(scores: FloatArray, k: number): { id: number; score: number }[] {
  const top: { id: number; score: number }[] = [];
  const most = Math.min(k, scores.length);
  let least = -Infinity;
  for (let id = 0; id < scores.length; id++) {
    if (top.length === most && !(scores[id] > least)) continue;
    const score = Number.isNaN(scores[id]) ? -Infinity : scores[id];
    let place = Math.min(top.length, most - 1);
    while (place > 0 && top[place - 1].score < score) {
      top[place] = top[place - 1];
      place--;
    }
    top[place] = { id, score };
    least = top[top.length - 1].score;
  }
  return top;
}

/** 1 + the number of strictly better scores. */
export function rankOf(scores: FloatArray, id: number): number {
  const own = scores[id];
  let rank = 1;
  // An index, because iterators of typed arrays take six times as long, and this is done for every shown token.
  for (let other = 0; other < scores.length; other++) if (scores[other] > own) rank++;
  return rank;
}
