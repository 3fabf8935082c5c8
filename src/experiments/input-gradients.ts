// The gradient of a whole output with respect to the input (M8): ∇ₑ ΣO by one backward pass with a cotangent of ones, or
// as the sum of one backward pass for each element of the output. Mathematically they are the same.

import { yieldToEventLoop } from "../common/event-loop.ts";
import { throwIfCancelled } from "../common/errors.ts";
import { type FloatArray, floats } from "../common/floats.ts";
import { gradientNotFinite, throwIfNotFinite } from "./finite.ts";
import type { NetworkFunctions } from "../networks/functions.ts";
import type { GradientCheck } from "./events.ts";

/** A cotangent of ones, [B, T, K]. */
export const ones = ({ batch, length, outputWidth, type }: NetworkFunctions): FloatArray =>
  floats(type, batch * length * outputWidth).fill(1);

/**
 * Σ over output elements of ∇ₑ O_i for the first restart, [T, D] in float64, as many elements at a time as the network
 * has restarts. `embedding` [B, T, D] is the same for every restart. Throws a LabError (cancelled).
 */
export async function elementwiseGradient(
  network: NetworkFunctions,
  embedding: FloatArray,
  targetOutput: FloatArray,
  signal: AbortSignal,
): Promise<Float64Array> {
  const { batch, length, outputWidth, width, type } = network;
  const elements = length * outputWidth;
  const sum = new Float64Array(length * width);
  for (let from = 0; from < elements; from += batch) {
    throwIfCancelled(signal);
    const cotangent = floats(type, batch * elements);
    const count = Math.min(batch, elements - from);
    for (let restart = 0; restart < count; restart++) cotangent[restart * elements + from + restart] = 1;
    const { gradient } = await network.vjp(embedding, cotangent, targetOutput);
    // Restarts without an element have a gradient of zero.
    for (let i = 0; i < count * sum.length; i++) sum[i % sum.length] += gradient[i];
    await yieldToEventLoop();
  }
  return sum;
}

/** Compares the two ways at `embedding`. Throws a LabError: cancelled, badInput (no finite gradient). */
export async function checkGradients(
  network: NetworkFunctions,
  embedding: FloatArray,
  targetOutput: FloatArray,
  signal: AbortSignal,
): Promise<GradientCheck> {
  const { gradient } = await network.vjp(embedding, ones(network), targetOutput);
  throwIfNotFinite(gradient, gradientNotFinite(0, network.type));
  const summed = gradient.slice(0, network.length * network.width);
  const elementwise = await elementwiseGradient(network, embedding, targetOutput, signal);
  const differences = elementwise.map((value, i) => Math.abs(value - summed[i]));
  return {
    elements: network.length * network.outputWidth,
    largestDifference: largest(differences),
    meanDifference: differences.reduce((sum, value) => sum + value, 0) / differences.length,
    largestEntry: largest(elementwise),
  };
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
