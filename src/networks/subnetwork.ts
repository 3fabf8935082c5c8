// A sub-network of a transformer: its first blocks, ended in one of four ways. What the blocks compute is the
// architecture's own. B restarts, T tokens, D width, V vocabulary.

import { LabError } from "../common/errors.ts";
import { reshape, transpose } from "../tensorgraph/operations.ts";
import type { Tensor } from "../tensorgraph/tensor.ts";
import type { NetworkConfig, Weight } from "./architectures/architecture.ts";
import { architectureOf, headWeight, readoutWeights, weightsOf } from "./architectures/architectures.ts";
import { layersOf } from "./layers.ts";
import { hasFinalNorm, hasHead, type Output } from "./outputs.ts";
import type { WeightFormat } from "./weight-formats.ts";

/** The first `blocks` blocks, ended as `output` says. */
export interface SubnetworkShape {
  readonly config: NetworkConfig;
  readonly blocks: number;
  readonly output: Output;
  /** As stored, where nothing is said. */
  readonly weightFormat?: WeightFormat;
}

/** Numbers a token that leave the sub-network, K. */
export const outputWidth = ({ config, output }: SubnetworkShape): number =>
  hasHead(output) ? config.vocabulary : config.width;

/**
 * e [B, T, D] (token plus position embedding) → [B, T, D] or, with a head, [B, T, V]. `block` is the state after the
 * last block, `finalNorm` is after the final norm, `head` are the logits of that, and `blockHead` the logits of `block`
 * as it is.
 */
export function subnetwork(embedding: Tensor, shape: SubnetworkShape): Tensor {
  const [B, T] = embedding.shape;
  const x = residualStream(embedding, shape).at(-1) as Tensor;
  const rows = readout(x, shape.config, shape.output, shape.weightFormat);
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
  const x = reshape(swapFirst(embedding), [T * B, D]);
  return [x, ...architectureOf(config).blocks(x, { config, blocks, restarts: B, weightFormat })];
}

/** What is left of a whole network behind its first `from` blocks, but for the head: x [T, D] of one text → [T, D]. */
export function blocksAndNorm(x: Tensor, config: NetworkConfig, from: number): Tensor {
  const rest = architectureOf(config).blocks(x, { config, blocks: config.blocks, from, restarts: 1 });
  return readout(rest.at(-1) ?? x, config, "finalNorm");
}

/** What follows the last block: x [N, D] → [N, D] or [N, V]. */
export function readout(x: Tensor, config: NetworkConfig, output: Output, weightFormat?: WeightFormat): Tensor {
  const state = hasFinalNorm(output) ? architectureOf(config).finalNorm(x, config) : x;
  if (!hasHead(output)) return state;
  return layersOf(readoutWeights(config), weightFormat).product(state, headWeight(config).name);
}

/** [M, N, K] → [N, M, K]. */
function swapFirst(x: Tensor): Tensor {
  const [M, N, K] = x.shape;
  return M === 1 || N === 1 ? reshape(x, [N, M, K]) : transpose(x, [1, 0, 2]);
}

/** The weights that one evaluation reads, but for the few of the final norm. */
export const weightsRead = ({ config, blocks, output }: SubnetworkShape): Weight[] => [
  ...weightsOf(config).filter(({ block = Infinity }) => block < blocks),
  ...(hasHead(output) ? [headWeight(config)] : []),
];

/** Numbers that T tokens leave behind in the forward pass, for the backward pass; roughly. */
export const activationsKept = ({ config, blocks, output }: SubnetworkShape, T: number): number =>
  blocks * architectureOf(config).activations(config, T) + 6 * T * outputWidth({ config, blocks, output });
