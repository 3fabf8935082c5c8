// Distances between an output and its target, one number a restart: output, target [B, T, K] → [B].

import {
  absolute,
  add,
  divide,
  multiply,
  reduceSum,
  reshape,
  squareRoot,
  subtract,
} from "../tensorgraph/operations.ts";
import type { Tensor } from "../tensorgraph/tensor.ts";

type Distance = (output: Tensor, target: Tensor) => Tensor;

/** Keeps roots away from 0, where their slope has no value; far below any distance that float32 can tell from 0. */
const TINY = 1e-30;

const sum = (x: Tensor, axes: readonly number[]): Tensor => reduceSum(x, axes);
const norm = (x: Tensor, axes: readonly number[]): Tensor => squareRoot(add(sum(multiply(x, x), axes), TINY));

export const DISTANCES = {
  /** ‖O − O*‖₁, the sum over tokens and channels (equations 1 and 2). */
  l1: (output, target) => sum(absolute(subtract(output, target)), [1, 2]),
  /** ‖O − O*‖₂ over tokens and channels together. */
  l2: (output, target) => norm(subtract(output, target), [1, 2]),
  /** Σ over tokens of 1 − cos(O, O*). */
  cosine: (output, target) => {
    const cosine = divide(sum(multiply(output, target), [2]), multiply(norm(output, [2]), norm(target, [2])));
    return sum(subtract(1, cosine), [1, 2]);
  },
} as const satisfies Record<string, Distance>;

export type Metric = keyof typeof DISTANCES;

/** The distance in a metric, [B]. */
export function distance(metric: Metric, output: Tensor, target: Tensor): Tensor {
  return reshape(DISTANCES[metric](output, target), [output.shape[0]]);
}
