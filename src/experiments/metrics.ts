// What can be said of a found input in one number: distances, how many tokens are wrong, how much it repeats itself.

import type { FloatArray } from "../common/floats.ts";
import type { Hamming, Repetition } from "./events.ts";

/** ‖a − b‖₁ of each restart, [B]; a, b [B, T, D]. */
export function absoluteDistances(a: FloatArray, b: FloatArray, restarts: number): number[] {
  const size = a.length / restarts;
  return Array.from({ length: restarts }, (_, restart) => {
    let sum = 0;
    for (let i = restart * size; i < (restart + 1) * size; i++) sum += Math.abs(a[i] - b[i]);
    return sum;
  });
}

/** inputDistance / outputDistance, r of the clamped walk; null when the output has not moved, or too little to tell. */
export function ratioOf(inputDistance: number, outputDistance: number): number | null {
  const ratio = inputDistance / outputDistance;
  return Number.isFinite(ratio) ? ratio : null;
}

/** From the ranks of the prompt's tokens, 1 is best. */
export function hamming(targetRanks: readonly number[]): Hamming {
  const beyond = (place: number): number =>
    share(targetRanks.filter((rank) => rank > place).length, targetRanks.length);
  return { top1: beyond(1), top5: beyond(5) };
}

/**
 * How repetitive a decoding is: the share of its tokens that came before (its own count less the number of different
 * ones), and distinct-1 and distinct-2 (Li et al., arXiv 1510.03055) over the k rows of its top-k lists, each row being
 * the tokens of one place in the lists. `tokenIds` [T], `topIds` [T][k].
 */
export function repetition(tokenIds: readonly number[], topIds: readonly (readonly number[])[]): Repetition {
  const rows = Array.from({ length: topIds[0]?.length ?? 0 }, (_, place) => topIds.map((row) => row[place]));
  const pairs = rows.flatMap((row) => row.slice(1).map((id, position) => `${row[position]} ${id}`));
  return {
    repeated: share(tokenIds.length - new Set(tokenIds).size, tokenIds.length),
    distinct1: share(new Set(rows.flat()).size, rows.flat().length),
    distinct2: share(new Set(pairs).size, pairs.length),
  };
}

/** 0 of nothing: a single token has no pairs. */
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
