// Places as rotations (RoFormer, arXiv 2104.09864): pairs of a head's channels, i and i + r/2, are turned by the place times
// the pair's frequency, so that scores depend on how far apart two tokens are. Angles are float64 in every graph.

import type { FloatType } from "../common/floats.ts";
import {
  add,
  cast,
  concat,
  greater,
  multiply,
  reduceSum,
  reshape,
  sine,
  split,
  where,
} from "../tensorgraph/operations.ts";
import { constant, scalar, type Tensor } from "../tensorgraph/tensor.ts";
import { MASKED } from "./layers.ts";

/** Plain JSON, part of a network's config. */
export interface Rotary {
  /** Channels of a head that are turned, from the first on; even. */
  readonly channels: number;
  /** θ: frequencies fall from 1 to nearly 1/θ. */
  readonly theta: number;
  readonly scaling?: RotaryScaling;
}

/** How frequencies were changed for longer texts: all divided, or the low ones (Llama 3.1). */
export type RotaryScaling =
  | { readonly kind: "linear"; readonly factor: number }
  | {
      readonly kind: "llama3";
      readonly factor: number;
      readonly lowFrequency: number;
      readonly highFrequency: number;
      readonly originalPositions: number;
    };

/** Of each pair of channels, [r/2]: radians a place. */
export function frequencies({ channels, theta, scaling }: Rotary): Float64Array {
  return Float64Array.from({ length: channels / 2 }, (_, pair) => scaled(theta ** ((-2 * pair) / channels), scaling));
}

function scaled(frequency: number, scaling: RotaryScaling | undefined): number {
  if (!scaling) return frequency;
  const slow = frequency / scaling.factor;
  if (scaling.kind === "linear") return slow;
  const { lowFrequency: low, highFrequency: high, originalPositions } = scaling;
  const turns = (originalPositions * frequency) / (2 * Math.PI); // In a text of the original length.
  if (turns < low) return slow;
  if (turns > high) return frequency;
  const share = (turns - low) / (high - low);
  return (1 - share) * slow + share * frequency;
}

/** Cosines, and sines with the sign that they have for each channel, [N, 1, r] of N rows. */
export interface Turn {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** Of places 0…T−1. */
export function turnOfPlaces(rotary: Rotary, T: number, type: FloatType): Turn {
  const rates = signedFrequencies(rotary);
  const r = rates.length;
  const table = (of: (angle: number) => number): Tensor =>
    constant(
      Float64Array.from({ length: T * r }, (_, i) => of(Math.floor(i / r) * rates[i % r])),
      [T, 1, r],
      type,
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/** Of rows whose place is the number of tokens before them that they see by `mask` [N, M], where 0 shows and MASKED hides. */
export function turnOfMask(rotary: Rotary, mask: Tensor): Turn {
  const type = mask.type as FloatType;
  const seen = reduceSum(shown(mask), [1]); // [N, 1]
  const rates = constant(signedFrequencies(rotary), [1, rotary.channels], "float64");
  const angles = multiply(add(cast(seen, "float64"), -1), rates); // [N, r]
  const rows = (x: Tensor): Tensor => reshape(cast(x, type), [mask.shape[0], 1, rotary.channels]);
  // Cosine: a quarter of a turn ahead, since not every provider has it in float64.
  return { cos: rows(sine(add(angles, Math.PI / 2))), sin: rows(sine(angles)) };
}

/** 1 where a mask shows, 0 where it hides. */
export const shown = (mask: Tensor): Tensor =>
  where(greater(mask, MASKED / 2), scalar(1, mask.type), scalar(0, mask.type));

/** The first half of the channels is turned against its partners: sin(−a) = −sin a, and the cosine does not mind. */
function signedFrequencies(rotary: Rotary): Float64Array {
  const rates = frequencies(rotary);
  return Float64Array.of(...rates.map((rate) => -rate), ...rates);
}

/** Heads [N, H, d] with their first r channels turned. */
export function rotate(x: Tensor, { cos, sin }: Turn): Tensor {
  const [d, r] = [x.shape[2], cos.shape[2]];
  const [turned, rest] = r === d ? [x] : split(x, 2, [r, d - r]);
  const [first, second] = split(turned, 2, [r / 2, r / 2]);
  const y = add(multiply(turned, cos), multiply(concat([second, first], 2), sin));
  return rest ? concat([y, rest], 2) : y;
}
