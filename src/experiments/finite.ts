// Numbers that are no longer finite end a run, each kind with the sentence that helps: a lower learning rate is of no use
// where the states themselves, the start point or the gradient overflow.

import { LabError } from "../common/errors.ts";
import type { FloatType } from "../common/floats.ts";

/** Throws a LabError (badInput) with the sentence when a number is NaN or infinite. */
export function throwIfNotFinite(values: ArrayLike<number>, sentence: () => string): void {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) throw new LabError("badInput", sentence());
}

const remedy = (type: FloatType, otherwise: string): string =>
  type === "float32" ? `Use dtype float64, or ${otherwise}.` : `Use ${otherwise}.`;

/** Of hidden states, or of logits. */
export const statesNotFinite = (type: FloatType) => (): string =>
  `The hidden states of this text are not finite numbers in ${type}: they overflow. ${remedy(type, "fewer blocks")}`;

export const shiftNotFinite = (shiftStd: number, type: FloatType) => (): string =>
  `The shift test with σ ${shiftStd} comes to distances that are not finite numbers in ${type}: they overflow. ` +
  remedy(type, "a smaller shiftStd");

export const startNotFinite = (type: FloatType) => (): string =>
  `At the start point the distance is not a finite number in ${type}, whatever the learning rate. ` +
  remedy(type, "a start closer to 0, or another metric");

export const gradientNotFinite = (iteration: number, type: FloatType) => (): string =>
  `At iteration ${iteration} the gradient is not finite, though the output is: no learning rate helps. ` +
  remedy(type, "another metric or output");

/**
 * The path of a number that JSON cannot write, "restarts.0.ratio"; undefined where there is none. A score of −∞ is that of a
 * token that may not be, and null in a record.
 */
export function notFiniteIn(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : "";
  if (typeof value !== "object" || value === null) return undefined;
  for (const key in value) {
    const held = (value as Record<string, unknown>)[key];
    const inner = key === "score" && held === -Infinity ? undefined : notFiniteIn(held);
    if (inner !== undefined) return inner === "" ? key : `${key}.${inner}`;
  }
  return undefined;
}
