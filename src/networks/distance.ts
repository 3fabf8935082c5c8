// Distances between an output and its target, one number a restart: output, target [B, T, K] → [B].

import { LabError } from "../common/errors.ts";
import {
  absolute,
  add,
  divide,
  multiply,
  reduceSum,
  reshape,
  split,
  squareRoot,
  subtract,
} from "../tensorgraph/operations.ts";
import type { Tensor } from "../tensorgraph/tensor.ts";
import type { MetricName, Reduction } from "./options.ts";

/** How a metric measures, and by what its sum over T tokens of K numbers is divided to make it a mean. */
interface Metric {
  readonly distance: (output: Tensor, target: Tensor) => Tensor;
  readonly count: (T: number, K: number) => number;
}

/** Keeps roots away from 0, where their slope has no value; far below any distance that float32 can tell from 0. */
const TINY = 1e-30;

const sum = (x: Tensor, axes: readonly number[]): Tensor => reduceSum(x, axes);
const norm = (x: Tensor, axes: readonly number[]): Tensor => squareRoot(add(sum(multiply(x, x), axes), TINY));

const METRIC_TABLE = {
  /** ‖O − O*‖₁, the sum over tokens and channels (equations 1 and 2); its mean is that of |O − O*|. */
  l1: {
    distance: (output, target) => sum(absolute(subtract(output, target)), [1, 2]),
    count: (T, K) => T * K,
  },
  /** ‖O − O*‖₂ over tokens and channels together; its mean is the root mean square. */
  l2: {
    distance: (output, target) => norm(subtract(output, target), [1, 2]),
    count: (T, K) => Math.sqrt(T * K),
  },
  /** Σ over tokens of 1 − cos(O, O*); its mean is that over tokens. */
  cosine: {
    distance: (output, target) => {
      const cosine = divide(sum(multiply(output, target), [2]), multiply(norm(output, [2]), norm(target, [2])));
      return sum(subtract(1, cosine), [1, 2]);
    },
    count: (T) => T,
  },
} as const satisfies Record<MetricName, Metric>;

/** What is compared, and how. */
export interface Measure {
  readonly metric: MetricName;
  readonly reduction: Reduction;
  /** First position that counts, `[:, k:, :]`; a negative one is counted from the end, −1 being the last. */
  readonly fromPosition: number;
  /** Leading channels that count, `[:, :, :m]`; all of them when it is missing. */
  readonly channels?: number;
}

/** The whole output, summed. */
export const wholeOutput = (metric: MetricName): Measure => ({ metric, reduction: "sum", fromPosition: 0 });

/** The distance by a measure, [B]. Throws a LabError (badInput) when the measure leaves nothing of the output. */
export function distance(measure: Measure, output: Tensor, target: Tensor): Tensor {
  const { distance, count } = METRIC_TABLE[measure.metric];
  const [B, T, K] = measuredShape(measure, output.shape);
  const total = reshape(distance(measured(output, T, K), measured(target, T, K)), [B]);
  return measure.reduction === "sum" ? total : multiply(total, 1 / count(T, K));
}

/** [B, T, K] of the part of an output that a measure sees. Throws a LabError (badInput) when that is nothing. */
export function measuredShape(
  { fromPosition, channels }: Pick<Measure, "fromPosition" | "channels">,
  [B, T, K]: readonly number[],
): readonly [number, number, number] {
  const hidden = fromPosition < 0 ? T + fromPosition : fromPosition;
  if (hidden >= T || hidden < 0) {
    throw new LabError(
      "badInput",
      `fromPosition is ${fromPosition} and the text has ${T} tokens: it takes ${-T} to ${T - 1}.`,
    );
  }
  if (channels !== undefined && channels > K) {
    throw new LabError("badInput", `channels is ${channels} and the output is ${K} wide: it takes 1 to ${K}.`);
  }
  return [B, T - hidden, channels ?? K];
}

/** The last T positions and the first K channels. */
function measured(x: Tensor, T: number, K: number): Tensor {
  const [, positions, channels] = x.shape;
  const late = positions === T ? x : split(x, 1, [positions - T, T])[1];
  return channels === K ? late : split(late, 2, [K, channels - K])[0];
}
