// Fits of exact recovery in the cache: one safetensors file each, whole or absent, with a digest of its numbers in the head.

import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { readSafetensorsHeader, type Safetensors, writeSafetensors } from "../checkpoints/safetensors.ts";
import type { FirstTokens, StateFit } from "../experiments/exact/states-network.ts";
import type { Discriminant } from "../experiments/exact/linear-discriminant.ts";

/** Folder of all fits in the cache. */
const FITS = "state-fits";
/** Goes up when the same network gets another fit. */
const VERSION = 1;

export interface StoredFit {
  readonly fit: StateFit;
  /** That it took when it was made. */
  readonly seconds: number;
}

/** What is no tensor, as JSON in the file's metadata. */
interface About extends Pick<StateFit, "twins" | "hitRate" | "tokens" | "floatNoise"> {
  readonly width: number;
  /** Experts of the positions after the first. */
  readonly experts: number;
  readonly seconds: number;
  /** Of the first position, then of each expert. */
  readonly logDeterminants: readonly number[];
}

/** Of what the fit is made; the file's name is a digest of it. */
export function fitFile(cacheFolder: string, of: object): string {
  const digest = createHash("sha256")
    .update(JSON.stringify({ ...of, version: VERSION }))
    .digest("hex");
  return path.join(cacheFolder, FITS, `${digest.slice(0, 32)}.safetensors`);
}

/** Writes a fit in float32. Throws a LabError (storage). */
export async function writeFit(file: string, { fit, seconds }: StoredFit): Promise<void> {
  const { first, firstTokens, experts, twins, hitRate, tokens, floatNoise } = fit;
  const tensors = [
    ...discriminantTensors("first", first),
    ...experts.flatMap((expert, i) => discriminantTensors(`expert.${i}`, expert)),
    ...Object.entries(firstTokens ?? {}).map(([name, values]) => ({
      name: `tokens.${name}`,
      values: values as Float32Array,
    })),
  ].map(({ name, values }) => ({
    ...{ name, type: "F32" as const, shape: [values.length] },
    values: Float32Array.from(values),
  }));
  const digest = createHash("sha256");
  for (const { values } of tensors) digest.update(values);
  const about: About = {
    ...{ width: first.width, experts: experts.length, twins, hitRate, tokens, floatNoise, seconds },
    logDeterminants: [first, ...experts].map(({ logDeterminant }) => logDeterminant),
  };
  await writeSafetensors(file, tensors, { about: JSON.stringify(about), sha256: digest.digest("hex") });
}

/** Reads a fit; undefined where there is none, or one whose numbers are not those that were written, which is removed. */
export async function readFit(file: string): Promise<StoredFit | undefined> {
  let header: Safetensors;
  let bytes: Buffer;
  try {
    header = await readSafetensorsHeader(file);
    bytes = await readFile(file);
  } catch {
    return undefined;
  }
  const { about, sha256 } = header.metadata;
  const start = Math.min(...[...header.tensors.values()].map(({ byteOffset }) => byteOffset));
  if (createHash("sha256").update(bytes.subarray(start)).digest("hex") !== sha256) {
    await rm(file, { force: true });
    return undefined;
  }
  const { width, experts, twins, hitRate, tokens, floatNoise, seconds, logDeterminants } = JSON.parse(about) as About;
  const numbers = (name: string): Float32Array | undefined => {
    const tensor = header.tensors.get(name);
    return (
      tensor &&
      new Float32Array(
        bytes.buffer.slice(
          bytes.byteOffset + tensor.byteOffset,
          bytes.byteOffset + tensor.byteOffset + tensor.byteLength,
        ),
      )
    );
  };
  const discriminant = (name: string, logDeterminant: number): Discriminant => {
    const wide = (part: string) => Float64Array.from(numbers(`${name}.${part}`)!);
    return {
      width,
      token: wide("token"),
      ...(header.tensors.has(`${name}.context`) && { context: wide("context") }),
      offset: wide("offset"),
      precision: wide("precision"),
      weighted: wide("weighted"),
      tokenTerms: numbers(`${name}.tokenTerms`)!,
      logDeterminant,
    };
  };
  const directions = numbers("tokens.directions");
  const firstTokens: FirstTokens | undefined = directions && { directions, images: numbers("tokens.images")! };
  return {
    seconds,
    fit: {
      first: discriminant("first", logDeterminants[0]),
      ...(firstTokens && { firstTokens }),
      experts: Array.from({ length: experts }, (_, i) => discriminant(`expert.${i}`, logDeterminants[i + 1])),
      ...{ twins, hitRate, tokens, floatNoise },
    },
  };
}

function discriminantTensors(name: string, of: Discriminant) {
  const { token, context, offset, precision, weighted, tokenTerms } = of;
  const parts = { token, ...(context && { context }), offset, precision, weighted, tokenTerms };
  return Object.entries(parts).map(([part, values]) => ({ name: `${name}.${part}`, values }));
}
