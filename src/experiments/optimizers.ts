// Update rules: from a gradient and a rate to the next embedding, in place.

import { type FloatArray, type FloatType, floats } from "../common/floats.ts";

/** Moves `point` against `gradient`; both have the length that the rule was made for. */
export type Update = (point: FloatArray, gradient: FloatArray, learningRate: number) => void;

export const OPTIMIZER_RULES = {
  /** e ← e − η ∇ (equation 2). */
  gd: () => (point, gradient, learningRate) => {
    for (let i = 0; i < point.length; i++) point[i] -= learningRate * gradient[i];
  },
  /** Kingma & Ba, arXiv 1412.6980, algorithm 1, with the authors' β₁ = 0.9, β₂ = 0.999, ε = 1e-8. */
  adam: (length, type) => {
    const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
    const mean = floats(type, length);
    const square = floats(type, length);
    let step = 0;
    return (point, gradient, learningRate) => {
      step++;
      const rate = learningRate / (1 - beta1 ** step);
      const correction = 1 / (1 - beta2 ** step);
      for (let i = 0; i < length; i++) {
        const slope = gradient[i];
        mean[i] = beta1 * mean[i] + (1 - beta1) * slope;
        square[i] = beta2 * square[i] + (1 - beta2) * slope * slope;
        point[i] -= (rate * mean[i]) / (Math.sqrt(square[i] * correction) + epsilon);
      }
    };
  },
} as const satisfies Record<string, (length: number, type: FloatType) => Update>;

export type OptimizerName = keyof typeof OPTIMIZER_RULES;
export const OPTIMIZERS = Object.keys(OPTIMIZER_RULES) as readonly OptimizerName[];

/** η falls linearly from η to η/10: η (1 − 0.9 n/N) for step n of N. */
export const learningRateAt = (learningRate: number, step: number, steps: number): number =>
  learningRate * (1 - (0.9 * step) / steps);
