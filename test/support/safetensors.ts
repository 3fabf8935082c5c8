// Reads all numbers of a safetensors file, for tests.

import { readFile } from "node:fs/promises";
import { readSafetensorsHeader } from "../../src/checkpoints/safetensors.ts";

const ARRAYS = { F32: Float32Array, F64: Float64Array, I64: BigInt64Array } as const;

export interface ReadTensor {
  readonly type: keyof typeof ARRAYS;
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array | BigInt64Array;
}

export async function readTensors(file: string): Promise<Record<string, ReadTensor>> {
  const { tensors } = await readSafetensorsHeader(file);
  const bytes = await readFile(file);
  return Object.fromEntries(
    [...tensors].map(([name, { type, shape, byteOffset, byteLength }]) => {
      const stored = type as keyof typeof ARRAYS;
      const own = Uint8Array.from(bytes.subarray(byteOffset, byteOffset + byteLength));
      return [name, { type: stored, shape, values: new ARRAYS[stored](own.buffer) }];
    }),
  );
}
