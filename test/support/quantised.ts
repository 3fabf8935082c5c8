// Matrices in 8 and 16 bits, and the real numbers that they stand for.

import { readFileSync } from "node:fs";
import path from "node:path";
import type { Checkpoint } from "../../src/checkpoints/checkpoint.ts";
import { fromFloat16 } from "../../src/checkpoints/rows.ts";
import { randomStream } from "../../src/common/random.ts";
import { isMatrix } from "../../src/networks/architectures/architecture.ts";
import { weightsOf } from "../../src/networks/architectures/architectures.ts";
import { scaleName } from "../../src/networks/weight-formats.ts";
import type { QuantisedMatrix } from "../../src/tensorgraph/quantised-product.ts";
import { constant, type ElementType, sizeOf } from "../../src/tensorgraph/tensor.ts";

/** Bytes 1…255 and scales around 0.01, from a seed. */
export function randomValues(shape: readonly number[], axis: 0 | 1, seed: number) {
  const bytes = randomStream(seed, "bytes").normal(sizeOf(shape), 128, 50, "float64");
  const scale = randomStream(seed, "scale").normal(shape[axis], 0.01, 0.002, "float64");
  return {
    bytes: Uint8Array.from(bytes, (byte) => Math.min(255, Math.max(1, Math.round(byte)))),
    scale: Float32Array.from(scale),
  };
}

/** The same as a matrix of a graph. */
export function randomMatrix(shape: readonly number[], axis: 0 | 1, seed: number, type: ElementType): QuantisedMatrix {
  const { bytes, scale } = randomValues(shape, axis, seed);
  return { bytes: constant(bytes, shape, "uint8"), scale: constant(scale, [scale.length], type), axis };
}

/** scale · (byte − 128), as a row of numbers. */
export function dequantised({ bytes, scale }: { bytes: Uint8Array; scale: Float32Array }, C: number, axis: 0 | 1) {
  return Float64Array.from(bytes, (byte, i) => scale[axis === 0 ? Math.floor(i / C) : i % C] * (byte - 128));
}

/** A weight of a quantised checkpoint: what its bytes or words stand for, or its numbers in float32. */
export function dequantisedWeight({ config, folder, tensors }: Checkpoint, name: string): Float64Array {
  const read = (tensor: string): ArrayBuffer => {
    const { file, byteOffset, byteLength } = tensors.get(tensor)!;
    const bytes = readFileSync(path.join(folder, file));
    return bytes.buffer.slice(bytes.byteOffset + byteOffset, bytes.byteOffset + byteOffset + byteLength);
  };
  const { type, shape } = tensors.get(name)!;
  if (type === "F16") return Float64Array.from(new Uint16Array(read(name)), fromFloat16);
  if (type !== "U8") return Float64Array.from(new Float32Array(read(name)));
  const values = { bytes: new Uint8Array(read(name)), scale: new Float32Array(read(scaleName(name))) };
  const matrix = weightsOf(config)
    .filter(isMatrix)
    .find((weight) => weight.name === name)!;
  return dequantised(values, shape[1], matrix.outputAxis);
}
