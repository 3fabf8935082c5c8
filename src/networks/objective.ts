// The graph of one descent step: output, distance to a target, and the distance's gradient with respect to the input
// embedding. Weights are constants and have no gradient.

import type { FloatType } from "../common/floats.ts";
import { gradient } from "../tensorgraph/gradients.ts";
import { broadcastTo } from "../tensorgraph/operations.ts";
import { input, scalar, type Tensor } from "../tensorgraph/tensor.ts";
import { distance, type Metric } from "./distance.ts";
import { gpt2Subnetwork, type SubnetworkShape } from "./gpt2.ts";

/** A sub-network at fixed sizes: B restarts of T tokens. */
export interface ObjectiveShape extends SubnetworkShape {
  readonly batch: number;
  readonly length: number;
  readonly type: FloatType;
  readonly metric: Metric;
}

/**
 * Inputs `embedding` [B, T, D] and `target` [B, T, K]; outputs `output` [B, T, K], `distance` [B] and `gradient`
 * [B, T, D]. Restarts do not touch each other, so the gradient of the summed distances is each restart's own.
 */
export function objectiveGraph(shape: ObjectiveShape): Record<"output" | "distance" | "gradient", Tensor> {
  const { batch, length, type, metric, config } = shape;
  const embedding = input("embedding", [batch, length, config.width], type);
  const output = gpt2Subnetwork(embedding, shape);
  const toTarget = distance(metric, output, input("target", output.shape, type));
  const ones = broadcastTo(scalar(1, type), toTarget.shape);
  return { output, distance: toTarget, gradient: gradient(toTarget, ones, embedding) };
}
