// The graphs that experiments run: a network with a distance to a target and the derivatives that a method asks for,
// with respect to the input embedding alone. Weights are constants and have no gradient. Restarts do not touch each
// other, so the gradient of the summed distances is each restart's own.

import type { FloatType } from "../common/floats.ts";
import { gradient } from "../tensorgraph/gradients.ts";
import { broadcastTo } from "../tensorgraph/operations.ts";
import { input, scalar, type Tensor } from "../tensorgraph/tensor.ts";
import { distance, type Measure } from "./distance.ts";
import { inputWidth, network, type NetworkShape } from "./network.ts";

/** A network at fixed sizes: B restarts of T tokens. */
export interface ObjectiveShape {
  readonly network: NetworkShape;
  readonly batch: number;
  readonly length: number;
  readonly type: FloatType;
  readonly measure: Measure;
}

/** Input `embedding` [B, T, D] and what the network makes of it [B, T, K]. */
function applied({ network: shape, batch, length, type }: ObjectiveShape): { embedding: Tensor; output: Tensor } {
  const embedding = input("embedding", [batch, length, inputWidth(shape)], type);
  return { embedding, output: network(embedding, shape) };
}

const toTarget = (output: Tensor, { measure, type }: ObjectiveShape): Tensor =>
  distance(measure, output, input("target", output.shape, type));

/**
 * One descent step. Inputs `embedding` [B, T, D] and `target` [B, T, K]; outputs `output` [B, T, K], `distance` [B] and
 * `gradient` [B, T, D].
 */
export function objectiveGraph(shape: ObjectiveShape): Record<"output" | "distance" | "gradient", Tensor> {
  const { embedding, output } = applied(shape);
  const far = toTarget(output, shape);
  const ones = broadcastTo(scalar(1, shape.type), far.shape);
  return { output, distance: far, gradient: gradient(far, ones, embedding) };
}

/**
 * The backward pass for any cotangent. Inputs `embedding` [B, T, D], `target` and `cotangent` u [B, T, K]; outputs
 * `distance` [B] and `gradient` Jᵀu [B, T, D], J = ∂O/∂e.
 */
export function pullbackGraph(shape: ObjectiveShape): Record<"distance" | "gradient", Tensor> {
  const { embedding, output } = applied(shape);
  const cotangent = input("cotangent", output.shape, shape.type);
  return { distance: toTarget(output, shape), gradient: gradient(output, cotangent, embedding) };
}

/**
 * How an output moves with its input. Inputs `embedding` and `tangent` v [B, T, D]; outputs `image` J v [B, T, K] and
 * `product` JᵀJ v [B, T, D]. The backward pass is linear in its cotangent u, so its own backward pass, ∂(Jᵀu · v)/∂u, is
 * J v whatever u is: the rules of reverse mode give forward mode too.
 */
export function normalGraph(shape: ObjectiveShape): Record<"image" | "product", Tensor> {
  const { embedding, output } = applied(shape);
  const tangent = input("tangent", embedding.shape, shape.type);
  const anyCotangent = input("cotangent", output.shape, shape.type);
  const image = gradient(gradient(output, anyCotangent, embedding), tangent, anyCotangent);
  return { image, product: gradient(output, image, embedding) };
}
