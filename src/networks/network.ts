// Every network under study behind one name: a GPT-2 sub-network, or a fully connected net.

import { LabError } from "../common/errors.ts";
import { sizeOf, type Tensor } from "../tensorgraph/tensor.ts";
import {
  fullyConnected,
  fullyConnectedOutputWidth,
  type FullyConnectedShape,
  fullyConnectedWeights,
} from "./fully-connected.ts";
import { gpt2Subnetwork, outputWidth as subnetworkOutputWidth, type SubnetworkShape } from "./gpt2.ts";
import { blockWeights, hasHead } from "./gpt2-config.ts";

export type NetworkShape = ({ readonly kind: "gpt2" } & SubnetworkShape) | FullyConnectedShape;

/** Numbers a token that leave the network, K. */
export const outputWidth = (shape: NetworkShape): number =>
  shape.kind === "gpt2" ? subnetworkOutputWidth(shape) : fullyConnectedOutputWidth(shape);

/** Width of the input embedding, D. */
export const inputWidth = (shape: NetworkShape): number => (shape.kind === "gpt2" ? shape.config.width : shape.width);

/** O(e): [B, T, D] → [B, T, K]. Throws a LabError (badInput) when the embedding is not what the network takes. */
export function network(embedding: Tensor, shape: NetworkShape): Tensor {
  if (shape.kind === "gpt2") return gpt2Subnetwork(embedding, shape);
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
export function parametersRead(shape: NetworkShape): number {
  const count = (weights: readonly { shape: readonly number[] }[]): number =>
    weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (shape.kind !== "gpt2") return count(fullyConnectedWeights(shape));
  const { config, blocks, output } = shape;
  return blocks * count(blockWeights(config, 0)) + (hasHead(output) ? config.vocabulary * config.width : 0);
}

/** Numbers that T tokens leave behind on their way forward, for the way back; roughly. */
export function activationsKept(shape: NetworkShape, T: number): number {
  if (shape.kind !== "gpt2") return T * (6 * shape.width + 6 * outputWidth(shape)) + 6 * T * 4 * shape.width;
  const { config, blocks, output } = shape;
  const { width: D, innerWidth: F, heads: H, vocabulary: V } = config;
  return T * (blocks * (12 * D + 6 * F + 4 * H * T) + (hasHead(output) ? 6 * V : 6 * D));
}
