// GPT-2 (Radford et al., 2019) as far as a chosen block: pre-norm transformer with causal attention, tanh GELU and a head
// that is the transposed token embedding. Dropout is never applied.
// B restarts, T tokens, D width, H heads, d = D/H, F inner width, V vocabulary. Weights are named, not held.

import { LabError } from "../common/errors.ts";
import type { FloatType } from "../common/floats.ts";
import {
  add,
  gelu,
  gemm,
  layerNormalization,
  matMul,
  multiply,
  reshape,
  softmax,
  split,
  transpose,
} from "../tensorgraph/operations.ts";
import { halfMatMul } from "../tensorgraph/half-product.ts";
import { type QuantisedMatrix, quantisedMatMul } from "../tensorgraph/quantised-product.ts";
import { constant, type ElementType, type Tensor, weight } from "../tensorgraph/tensor.ts";
import {
  type GPT2Config,
  hasHead,
  headWeight,
  outputAxis,
  type Output,
  scaleName,
  type WeightFormat,
  type WeightShape,
} from "./gpt2-config.ts";

/** Added to the score of a later token; far below any score, and finite so that no GPU provider has to know infinity. */
const MASKED = -1e30;

/** A sub-network: the first `blocks` blocks, ended as `output` says. */
export interface SubnetworkShape {
  readonly config: GPT2Config;
  readonly blocks: number;
  readonly output: Output;
  /** As stored, where nothing is said. */
  readonly weightFormat?: WeightFormat;
}

/** What the parts of a network are made from. */
type Make = Pick<SubnetworkShape, "config" | "weightFormat">;

/** Numbers a token that leave the sub-network, K. */
export const outputWidth = ({ config, output }: SubnetworkShape): number =>
  hasHead(output) ? config.vocabulary : config.width;

/**
 * e [B, T, D] (token plus position embedding) → [B, T, D] or, with a head, [B, T, V]. `block` is the state after the
 * last block, `finalNorm` is after ln_f, `head` are the logits of that, and `blockHead` the logits of `block` as it is.
 */
export function gpt2Subnetwork(embedding: Tensor, shape: SubnetworkShape): Tensor {
  const [B, T] = embedding.shape;
  const x = residualStream(embedding, shape).at(-1) as Tensor;
  const rows = ending(x, shape.config, shape.output, shape.weightFormat);
  return swapFirst(reshape(rows, [T, B, outputWidth(shape)]));
}

/**
 * The residual stream before the first block and after each of the first `blocks`: e [B, T, D] → n + 1 of [T·B, D]. Tokens
 * come first, restarts second: a head's rows then lie at one distance from each other, and products with them need no
 * copies in another order.
 */
export function residualStream(
  embedding: Tensor,
  { config, blocks, weightFormat }: Omit<SubnetworkShape, "output">,
): Tensor[] {
  const [B, T, D] = embedding.shape;
  if (D !== config.width) throw new LabError("badInput", `The input is ${D} wide; the network is ${config.width}.`);
  if (T > config.positions) {
    throw new LabError("badInput", `The text has ${T} tokens; the network takes up to ${config.positions}.`);
  }
  if (blocks > config.blocks) {
    throw new LabError("badInput", `${blocks} blocks were asked for; the network has ${config.blocks}.`);
  }
  const mask = causalMask(T, embedding.type as FloatType);
  const stream = [reshape(swapFirst(embedding), [T * B, D])];
  for (let index = 0; index < blocks; index++)
    stream.push(block(stream[index], mask, index, B, { config, weightFormat }));
  return stream;
}

/** What follows the last block: x [N, D] → [N, D] or [N, V]. */
export function ending(x: Tensor, config: GPT2Config, output: Output, weightFormat?: WeightFormat): Tensor {
  const normal = output === "finalNorm" || output === "head" ? norm(x, "ln_f", config) : x;
  if (!hasHead(output)) return normal;
  const matrix = { name: headWeight(config), shape: [config.vocabulary, config.width] };
  return product(normal, matrix, weightFormat, { transposed: true });
}

/** [M, N, K] → [N, M, K]. */
function swapFirst(x: Tensor): Tensor {
  const [M, N, K] = x.shape;
  return M === 1 || N === 1 ? reshape(x, [N, M, K]) : transpose(x, [1, 0, 2]);
}

/** x [T·B, D] → [T·B, D]. */
function block(x: Tensor, mask: Tensor, index: number, B: number, make: Make): Tensor {
  const name = `h.${index}`;
  const attended = add(x, attention(norm(x, `${name}.ln_1`, make.config), mask, `${name}.attn`, B, make));
  return add(attended, feedForward(norm(attended, `${name}.ln_2`, make.config), `${name}.mlp`, make));
}

/** Causal self-attention: softmax(q kᵀ / √d + mask) v for each head. x [T·B, D] → [T·B, D]. */
function attention(x: Tensor, mask: Tensor, name: string, B: number, { config, weightFormat }: Make): Tensor {
  const { width: D, heads: H } = config;
  const T = x.shape[0] / B;
  const d = D / H;
  const [q, k, v] = split(dense(x, `${name}.c_attn`, 3 * D, weightFormat), 1, [D, D, D]).map((part) =>
    reshape(part, [T, B * H, d]),
  );
  const scores = multiply(matMul(transpose(q, [1, 0, 2]), transpose(k, [1, 2, 0])), 1 / Math.sqrt(d)); // [B·H, T, T]
  const mixed = matMul(softmax(add(scores, mask)), transpose(v, [1, 0, 2])); // [B·H, T, d]
  return dense(reshape(transpose(mixed, [1, 0, 2]), [T * B, D]), `${name}.c_proj`, D, weightFormat);
}

/** gelu(x W + b) W' + b'. x [N, D] → [N, D]. */
function feedForward(x: Tensor, name: string, { config, weightFormat }: Make): Tensor {
  const { width: D, innerWidth: F } = config;
  return dense(gelu(dense(x, `${name}.c_fc`, F, weightFormat), "tanh"), `${name}.c_proj`, D, weightFormat);
}

/** x W + b with W [in, out]. */
function dense(x: Tensor, name: string, out: number, weightFormat?: WeightFormat): Tensor {
  const bias = weight(`${name}.bias`, [out], x.type);
  return product(x, { name: `${name}.weight`, shape: [x.shape[1], out] }, weightFormat, { bias });
}

/** x W (+ bias), or transposed x Wᵀ, with the matrix W in the given format. */
function product(
  x: Tensor,
  { name, shape }: WeightShape,
  format: WeightFormat = "stored",
  { bias, transposed = false }: { bias?: Tensor; transposed?: boolean },
): Tensor {
  const biased = (y: Tensor): Tensor => (bias ? add(y, bias) : y);
  switch (format) {
    case "stored":
      return gemm(x, weight(name, shape, x.type), { bias, transB: transposed });
    case "float16":
      return biased(halfMatMul(x, weight(name, shape, "float16"), { transposed }));
    case "int8":
      return biased(quantisedMatMul(x, quantised(name, shape, x.type), { transposed }));
  }
}

/** A weight's bytes and scales, for a network that computes in the given type. */
function quantised(name: string, shape: readonly number[], type: ElementType): QuantisedMatrix {
  const axis = outputAxis(name);
  return { bytes: weight(name, shape, "uint8"), scale: weight(scaleName(name), [shape[axis]], type), axis };
}

function norm(x: Tensor, name: string, { width: D, epsilon }: GPT2Config): Tensor {
  return layerNormalization(x, weight(`${name}.weight`, [D], x.type), weight(`${name}.bias`, [D], x.type), epsilon);
}

/** [T, T]: row t may look at columns 0…t. */
function causalMask(T: number, type: FloatType): Tensor {
  const values = Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? MASKED : 0));
  return constant(values, [T, T], type);
}
