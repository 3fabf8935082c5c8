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

/** softmax(q [past, own]ᵀ / √d + mask) v for each head: q [H, N, d], mask [N, P + N] → [N, H·d]. */
export function cachedAttention(q: Tensor, own: KeysAndValues, mask: Tensor, past: KeysAndValues): Tensor {
  const [H, N, d] = q.shape;
  const keys = concat([past.keys, own.keys], 1);
  const values = concat([past.values, own.values], 1);
  const scores = multiply(matMul(q, transpose(keys, [0, 2, 1])), 1 / Math.sqrt(d)); // [H, N, P + N]
  const mixed = matMul(softmax(add(scores, mask)), values); // [H, N, d]
  return reshape(transpose(mixed, [1, 0, 2]), [N, H * d]);
}

/** Added to the score of a token that is not seen; far below any score, and finite so that no GPU provider has to know infinity. */
export const MASKED = -1e30;

/** [T, T]: row t may look at columns 0…t. */
export function causalMask(T: number, type: FloatType): Tensor {
  const values = Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? MASKED : 0));
  return constant(values, [T, T], type);
}
