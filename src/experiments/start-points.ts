// Start points of the descent: e₀ = s·N(μ, σ) + t·e*, one stream of noise a restart.

import { type FloatArray, floats, typeOf } from "../common/floats.ts";
import { randomStream } from "../common/random.ts";
import type { Moments } from "../text/embedding-statistics.ts";

export const STARTS = ["matched", "normal", "source", "custom"] as const;

/** The part of a spec that decides where a descent starts. */
export interface StartSpec {
  readonly start: (typeof STARTS)[number];
  readonly startMean?: number;
  readonly startStd?: number;
  readonly noiseShare: number;
  readonly targetShare: number;
  readonly seed: number;
  readonly restarts: number;
}

/** The noise's mean and deviation; `matched` takes those of the checkpoint's own embeddings. */
export function noiseMoments({ start, startMean, startStd }: StartSpec, embeddings: Moments): Moments {
  switch (start) {
    case "matched":
      return embeddings;
    case "normal":
      return { mean: 0, std: 1 };
    case "source":
      return { mean: 1 / 2, std: 1 / 20 };
    case "custom":
      return { mean: startMean!, std: startStd! };
  }
}

/**
 * e₀ for every restart, [B, T, D], from e* given once a restart. A restart's noise depends on the seed and its own
 * number only, not on how many there are.
 */
export function startPoints(spec: StartSpec, target: FloatArray, embeddings: Moments): FloatArray {
  const { mean, std } = noiseMoments(spec, embeddings);
  const points = floats(typeOf(target), target.length);
  const size = target.length / spec.restarts;
  for (let restart = 0; restart < spec.restarts; restart++) {
    const noise = points.subarray(restart * size, (restart + 1) * size);
    randomStream(spec.seed, `start ${restart}`).fillNormal(noise, mean, std);
  }
  for (let i = 0; i < points.length; i++) points[i] = spec.noiseShare * points[i] + spec.targetShare * target[i];
  return points;
}
