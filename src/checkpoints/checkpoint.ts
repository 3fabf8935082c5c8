// A checkpoint as the rest of the lab sees it: a folder in the Hugging Face layout whose tensors are named by where
// their bytes lie. No weight is held in memory.

import { isMatrix, type NetworkConfig } from "../networks/architectures/architecture.ts";
import { blockWeights } from "../networks/architectures/architectures.ts";

/** Number formats of stored weights, in safetensors' own names. */
export type StoredType = "F64" | "F32" | "F16" | "BF16";

/** Where one tensor's bytes lie. */
export interface StoredTensor {
  readonly shape: readonly number[];
  /** U8 are the bytes of a matrix that was quantised: no numbers by themselves. */
  readonly type: StoredType | "U8";
  /** File name inside the checkpoint's folder. */
  readonly file: string;
  /** From the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Weights by where they lie. */
export interface WeightStore {
  /** As the person named it: "random:gpt2", a folder… */
  readonly source: string;
  /** Of one from the hub, the commit that its name stood for. */
  readonly revision?: string;
  /** Absolute, with links resolved. */
  readonly folder: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** The weights of a network, by the names that its architecture has for them. */
export interface Checkpoint extends WeightStore {
  readonly config: NetworkConfig;
  /** Of one that somebody has, the folder with its config.json and its tokenizer; `folder` may hold no more than links' ends. */
  readonly home?: string;
  /** Its head differs from its embedding and is used, though config.json says that they are one. */
  readonly ownHead?: true;
  /** Tells two sets of weights apart; the same for the same weights on every machine. */
  readonly fingerprint: string;
}

/** Number format of the matrices; a checkpoint without blocks has none. */
export const matrixFormat = ({ config, tensors }: Checkpoint): StoredTensor["type"] | undefined =>
  tensors.get(blockWeights(config, 0).find(isMatrix)?.name ?? "")?.type;
