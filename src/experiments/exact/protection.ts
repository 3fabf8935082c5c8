// What is done to hidden states before somebody else sees them, so that they give less of the text away.

import type { FloatArray } from "../../common/floats.ts";
import { randomStream } from "../../common/random.ts";

export const ROUNDINGS = ["none", "float16", "bfloat16", "int8", "int4"] as const;
export type Rounding = (typeof ROUNDINGS)[number];

export interface Protection {
  /** Standard deviation of Gaussian noise, its length relative to each state's norm; none where nothing is said. */
  readonly noise?: number;
  readonly round: Rounding;
  /** Channels that are kept, those of the largest size; the others become 0. All where nothing is said. */
  readonly keepChannels?: number;
}

/**
 * Changed states, rows [T, K]: channels are dropped first, then noise is added, each restart its own, then the numbers are
 * rounded.
 */
export function protect(
  states: FloatArray,
  width: number,
  { noise: std = 0, round, keepChannels = width }: Protection,
  seed: number,
  restart: number,
): FloatArray {
  const changed = states.slice();
  const noise = new Float64Array(states.length);
  if (std > 0) randomStream(seed, `protection ${restart}`).fillNormal(noise, 0, std);
  for (let from = 0; from < states.length; from += width) {
    const row = changed.subarray(from, from + width);
    const size = Math.hypot(...row) / Math.sqrt(width);
    if (keepChannels < width) dropChannels(row, keepChannels);
    if (std > 0) row.forEach((value, i) => (row[i] = value + size * noise[from + i]));
    roundRow(row, round);
  }
  return changed;
}

function dropChannels(row: FloatArray, kept: number): void {
  const order = Array.from(row, (_, i) => i).sort((a, b) => Math.abs(row[b]) - Math.abs(row[a]) || a - b);
  for (const i of order.slice(kept)) row[i] = 0;
}

function roundRow(row: FloatArray, round: Rounding): void {
  switch (round) {
    case "none":
      return;
    case "float16":
      return row.forEach((value, i) => (row[i] = toBits(value, 11, -24, 65504)));
    case "bfloat16":
      return row.forEach((value, i) => (row[i] = toBits(value, 8, -133, 3.3895313892515355e38)));
    case "int8":
      return toIntegers(row, 127);
    case "int4":
      return toIntegers(row, 7);
  }
}

/** The nearest number with so many bits of fraction, the even one of two; no finer than 2^least, no larger than the largest. */
function toBits(value: number, bits: number, least: number, largest: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const unit = 2 ** Math.max(exponent + 1 - bits, least);
  const rounded = roundHalfToEven(value / unit) * unit;
  return Math.abs(rounded) > largest ? Math.sign(value) * Infinity : rounded;
}

/** Whole multiples of one scale, by which the largest number is `levels`. */
function toIntegers(row: FloatArray, levels: number): void {
  let largest = 0;
  for (const value of row) largest = Math.max(largest, Math.abs(value));
  const scale = largest / levels;
  if (scale > 0) row.forEach((value, i) => (row[i] = roundHalfToEven(value / scale) * scale));
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
