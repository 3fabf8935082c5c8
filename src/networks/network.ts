// Every network under study behind one name: a sub-network of a transformer, or a fully connected net.

import { LabError } from "../common/errors.ts";
import type { Tensor } from "../tensorgraph/tensor.ts";
import { parameterCount } from "./architectures/architectures.ts";
import {
  fullyConnected,
  fullyConnectedOutputWidth,
  type FullyConnectedShape,
  fullyConnectedWeights,
} from "./fully-connected.ts";
import * as transformer from "./subnetwork.ts";

export type NetworkShape = ({ readonly kind: "transformer" } & transformer.SubnetworkShape) | FullyConnectedShape;

/** Numbers a token that leave the network, K. */
export const outputWidth = (shape: NetworkShape): number =>
  shape.kind === "transformer" ? transformer.outputWidth(shape) : fullyConnectedOutputWidth(shape);

/** Width of the input embedding, D. */
export const inputWidth = (shape: NetworkShape): number =>
  shape.kind === "transformer" ? shape.config.width : shape.width;

/** O(e): [B, T, D] → [B, T, K]. Throws a LabError (badInput) when the embedding is not what the network takes. */
export function network(embedding: Tensor, shape: NetworkShape): Tensor {
  if (shape.kind === "transformer") return transformer.subnetwork(embedding, shape);
  const [, T, D] = embedding.shape;
  if (T !== shape.length || D !== shape.width) {
    throw new LabError(
      "badInput",
      `The input has ${T} tokens of width ${D}; the network was made for ${shape.length} of ${shape.width}.`,
    );
  }
  return fullyConnected(embedding, shape);
}

/** Number of weights that one evaluation reads. */
export const parametersRead = (shape: NetworkShape): number =>
  parameterCount(shape.kind === "transformer" ? transformer.weightsRead(shape) : fullyConnectedWeights(shape));

/** Numbers that T tokens leave behind in the forward pass, for the backward pass; roughly. */
export const activationsKept = (shape: NetworkShape, T: number): number =>
  shape.kind === "transformer"
    ? transformer.activationsKept(shape, T)
    : T * (6 * shape.width + 6 * outputWidth(shape)) + 6 * T * 4 * shape.width;
