// Networks without attention that are compared with GPT-2: linear, GELU (the error function's), linear, over all tokens
// at once or over each token by itself. Weights are [out, in] with biases, as PyTorch's nn.Linear keeps them.

import { gelu, gemm, reshape } from "../tensorgraph/operations.ts";
import { type Tensor, weight } from "../tensorgraph/tensor.ts";
import type { WeightShape } from "./architectures/architecture.ts";
import type { FullyConnectedKind } from "./options.ts";

/** Numbers that enter, stay in the middle and leave, for T tokens of width D; `rows` go through one after the other. */
interface Sizes {
  readonly rows: number;
  readonly enter: number;
  readonly hidden: number;
  readonly leave: number;
}

const KINDS = {
  /** T·D → 4·T·D → 4·T·D: no layer loses a dimension. */
  invertible: (T, D) => ({ rows: 1, enter: T * D, hidden: 4 * T * D, leave: 4 * T * D }),
  /** T·D → 4·T·D → T·D. */
  notInvertible: (T, D) => ({ rows: 1, enter: T * D, hidden: 4 * T * D, leave: T * D }),
  /** D → 4·D → D for each token: the feed-forward part of a transformer block, alone. */
  perToken: (T, D) => ({ rows: T, enter: D, hidden: 4 * D, leave: D }),
} as const satisfies Record<FullyConnectedKind, (T: number, D: number) => Sizes>;

export interface FullyConnectedShape {
  readonly kind: FullyConnectedKind;
  /** T */
  readonly length: number;
  /** D */
  readonly width: number;
}

const sizesOf = ({ kind, length, width }: FullyConnectedShape): Sizes => KINDS[kind](length, width);

/** Numbers a token that leave the network, K. */
export const fullyConnectedOutputWidth = (shape: FullyConnectedShape): number => {
  const { rows, leave } = sizesOf(shape);
  return (rows * leave) / shape.length;
};

/** The weights, under the names that the source's `FCNet` has for them. */
export function fullyConnectedWeights(shape: FullyConnectedShape): WeightShape[] {
  const { enter, hidden, leave } = sizesOf(shape);
  return [
    { name: "input.weight", shape: [hidden, enter] },
    { name: "input.bias", shape: [hidden] },
    { name: "h2h.weight", shape: [leave, hidden] },
    { name: "h2h.bias", shape: [leave] },
  ];
}

/** e [B, T, D] → [B, T, K]: what leaves a network over all tokens is cut into T equal parts. */
export function fullyConnected(embedding: Tensor, shape: FullyConnectedShape): Tensor {
  const [B, T] = embedding.shape;
  const { rows, enter } = sizesOf(shape);
  const weights = new Map(fullyConnectedWeights(shape).map(({ name, shape }) => [name, shape]));
  const linear = (x: Tensor, name: string): Tensor => {
    const [kernel, bias] = ["weight", "bias"].map((part) => {
      const whole = `${name}.${part}`;
      return weight(whole, weights.get(whole)!, x.type);
    });
    return gemm(x, kernel, { bias, transB: true });
  };
  const x = reshape(embedding, [B * rows, enter]);
  const left = linear(gelu(linear(x, "input"), "none"), "h2h");
  return reshape(left, [B, T, fullyConnectedOutputWidth(shape)]);
}
