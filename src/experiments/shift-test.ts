// The shift test (equation 4): how far does the output move when the input moves a little? m = d(O(e* + N(0, σ)), O(e*)).
// One draw varies; the lab draws many and holds the run to the median.

import type { FloatArray } from "../common/floats.ts";
import { randomStream } from "../common/random.ts";
import type { NetworkFunctions } from "../networks/functions.ts";

export interface ShiftTest {
  readonly std: number;
  readonly draws: number;
  readonly seed: number;
}

/** Distance of each draw. `target` is e* [B, T, D] and `targetOutput` O(e*) [B, T, K], both given once a restart. */
export async function shiftDistances(
  network: NetworkFunctions,
  target: FloatArray,
  targetOutput: FloatArray,
  { std, draws, seed }: ShiftTest,
): Promise<number[]> {
  const noise = randomStream(seed, "shift");
  const distances: number[] = [];
  while (distances.length < draws) {
    const shifted = target.slice();
    noise.fillNormal(shifted, 0, std, distances.length * (target.length / network.batch));
    for (let i = 0; i < shifted.length; i++) shifted[i] += target[i];
    const { distance } = await network.distanceAndGradient(shifted, targetOutput);
    distances.push(...distance);
  }
  return distances.slice(0, draws);
}
