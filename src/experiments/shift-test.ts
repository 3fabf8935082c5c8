// The shift test (equation 4): how far does the output move when the input moves a little? m = d(O(e* + N(0, σ)), O(e*)).
// One draw varies; the lab draws many and holds the run to the median.

import type { FloatArray } from "../common/floats.ts";
import { randomStream } from "../common/random.ts";
import type { Moments } from "../text/embedding-statistics.ts";
import type { ExperimentSpec } from "./common-fields.ts";

/**
 * Distance of each draw. `target` is e* once a restart, [B, T, D], and `distances` gives d(O(e), O(e*)) of each restart,
 * [B]; moments are those of the checkpoint's embeddings.
 */
export async function shiftDistances(
  { shiftStd, shiftUnit, shiftDraws, seed }: ExperimentSpec,
  moments: Moments,
  target: FloatArray,
  distances: (shifted: FloatArray) => Promise<ArrayLike<number>>,
): Promise<number[]> {
  const std = shiftStd * (shiftUnit === "embedding" ? moments.std : 1);
  const noise = randomStream(seed, "shift");
  const found: number[] = [];
  for (let from = 0; found.length < shiftDraws; from += target.length) {
    const shifted = target.slice();
    noise.fillNormal(shifted, 0, std, from);
    for (let i = 0; i < shifted.length; i++) shifted[i] += target[i];
    found.push(...Array.from(await distances(shifted)));
  }
  return found.slice(0, shiftDraws);
}
