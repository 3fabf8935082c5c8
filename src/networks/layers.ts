// What the blocks of all architectures are made of: products with matrices in any weight format, and the causal mask.

import type { FloatType } from "../common/floats.ts";
import { add, concat, gemm, matMul, multiply, reshape, softmax, transpose } from "../tensorgraph/operations.ts";
import { halfMatMul } from "../tensorgraph/half-product.ts";
import { quantisedMatMul } from "../tensorgraph/quantised-product.ts";
import { constant, type ElementType, type Tensor, weight } from "../tensorgraph/tensor.ts";
import { isMatrix, type KeysAndValues, type Weight } from "./architectures/architecture.ts";
import { scaleName, type WeightFormat } from "./weight-formats.ts";

/** Weights by their names, as parts of a graph. */
export interface Layers {
  /** As stored. */
  parameter(name: string, type: ElementType): Tensor;
  /** x W (+ bias), with W in the given format and on either side of its axes: [N, in] → [N, out]. */
  product(x: Tensor, name: string, bias?: Tensor): Tensor;
}

export function layersOf(weights: readonly Weight[], format: WeightFormat = "stored"): Layers {
  const byName = new Map(weights.map((each) => [each.name, each]));
  const named = (name: string): Weight => {
    const found = byName.get(name);
    if (found) return found;
    throw new Error(`The architecture has no weight ${name}.`);
  };
  return {
    parameter: (name, type) => weight(name, named(name).shape, type),
    product(x, name, bias) {
      const matrix = named(name);
      if (!isMatrix(matrix)) throw new Error(`The weight ${name} is not a matrix.`);
      const { shape, outputAxis: axis } = matrix;
      const transposed = axis === 0;
      const biased = (y: Tensor): Tensor => (bias ? add(y, bias) : y);
      switch (format) {
        case "stored":
          return gemm(x, weight(name, shape, x.type), { bias, transB: transposed });
        case "float16":
          return biased(halfMatMul(x, weight(name, shape, "float16"), { transposed }));
        case "int8": {
          const scale = weight(scaleName(name), [shape[axis]], x.type);
          return biased(quantisedMatMul(x, { bytes: weight(name, shape, "uint8"), scale, axis }, { transposed }));
        }
      }
    },
  };
}

/** What scores are multiplied with where nothing else is said. */
export const scoreScale = (d: number): number => 1 / Math.sqrt(d);

/**
 * softmax(scale · q kᵀ + mask) v for each head: q [T, H, d], k and v [T, H/G, d], each head of which serves G heads of q in
 * a row (arXiv 2305.13245), mask [T, T] → [T, H, d]. Heads of several restarts count as heads.
 */
export function causalAttention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scale = scoreScale(q.shape[2])): Tensor {
  const headsOf = (x: Tensor): Tensor => transpose(x, [1, 0, 2]);
  return attend(headsOf(q), transpose(k, [1, 2, 0]), headsOf(v), mask, scale);
}

/**
 * The same of rows behind cached keys and values: q [H, N, d], own keys and values [H/G, N, d], past ones [H/G, P, d], mask
 * [N, P + N] → [N, H·d].
 */
export function cachedAttention(
  q: Tensor,
  own: KeysAndValues,
  mask: Tensor,
  past: KeysAndValues,
  scale = scoreScale(q.shape[2]),
): Tensor {
  const keys = concat([past.keys, own.keys], 1);
  const values = concat([past.values, own.values], 1);
  return reshape(attend(q, transpose(keys, [0, 2, 1]), values, mask, scale), [q.shape[1], q.shape[0] * q.shape[2]]);
}

/** q [H, N, d], transposed keys [H/G, d, M], values [H/G, M, d], mask [N, M] → [N, H, d]. */
function attend(q: Tensor, keys: Tensor, values: Tensor, mask: Tensor, scale: number): Tensor {
  const [H, N] = q.shape;
  const [shared] = keys.shape;
  const grouped = (x: Tensor): Tensor => (shared === H ? x : reshape(x, [shared, (H / shared) * N, x.shape[2]]));
  const each = (x: Tensor): Tensor => (shared === H ? x : reshape(x, [H, N, x.shape[2]]));
  const scores = multiply(each(matMul(grouped(q), keys)), scale); // [H, N, M]
  const mixed = each(matMul(grouped(softmax(add(scores, mask))), values)); // [H, N, d]
  return transpose(mixed, [1, 0, 2]);
}

/** Added to the score of a token that is not seen; far below any score, and finite so that no GPU provider has to know infinity. */
export const MASKED = -1e30;

/** [T, T]: row t may look at columns 0…t, and no farther back than at `window` of them. */
export function causalMask(T: number, type: FloatType, window = Infinity): Tensor {
  const values = Float32Array.from({ length: T * T }, (_, i) => {
    const back = Math.floor(i / T) - (i % T);
    return back < 0 || back >= window ? MASKED : 0;
  });
  return constant(values, [T, T], type);
}
