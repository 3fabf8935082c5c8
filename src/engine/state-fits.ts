// Fits of exact recovery in the cache: one safetensors file each, whole or absent, with a digest of its numbers in the head.

import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { storageError } from "../common/files.ts";
import { readSafetensorsHeader, type Safetensors, writeSafetensors } from "../checkpoints/safetensors.ts";
import type { FirstTokens, StateFit } from "../experiments/exact/states-network.ts";
import type { Discriminant } from "../experiments/exact/linear-discriminant.ts";
import type { FitSizes } from "../experiments/exact/fit.ts";
import type { Tap } from "../networks/cached-pass.ts";

/** Folder of all fits in the cache. */
const FITS = "state-fits";
/** Goes up when the same network gets another fit. */
const VERSION = 2;

/** What a fit is of. */
export interface FittedNetwork {
  /** As it was named, for people. */
  readonly source: string;
  readonly fingerprint: string;
  readonly tap: Tap;
  readonly weights: string;
  readonly dtype: string;
  /** What it was computed on: rounding differs. */
  readonly device: string;
  readonly positions: string;
  /** Digest of a person's own texts, where there are some. */
  readonly texts?: string;
}

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

/** The file's name is a digest of what the fit is made of, and from. */
export function fitFile(cacheFolder: string, of: FittedNetwork, sizes: FitSizes): string {
  const digest = createHash("sha256")
    .update(JSON.stringify({ ...of, source: undefined, sizes, version: VERSION }))
    .digest("hex");
  return path.join(cacheFolder, FITS, `${digest.slice(0, 32)}.safetensors`);
}

/** Writes a fit in float32. Throws a LabError (storage). */
export async function writeFit(file: string, of: FittedNetwork, { fit, seconds }: StoredFit): Promise<void> {
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
  const metadata = { of: JSON.stringify(of), about: JSON.stringify(about), sha256: digest.digest("hex") };
  await writeSafetensors(file, tensors, metadata);
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

/** The fits of one checkpoint in the cache. */
export interface KnownFits {
  readonly kind: "fits";
  readonly source: string;
  readonly folder: string;
  readonly files: readonly string[];
  readonly bytes: number;
}

/** By checkpoint; files that are no fits are left out. */
export async function listFits(cacheFolder: string): Promise<KnownFits[]> {
  const folder = path.join(cacheFolder, FITS);
  const names = await readdir(folder).catch(() => []);
  const known = await Promise.all(
    names
      .filter((name) => name.endsWith(".safetensors"))
      .map(async (name) => {
        const file = path.join(folder, name);
        try {
          const { metadata } = await readSafetensorsHeader(file);
          const { source } = JSON.parse(metadata["of"]) as Pick<FittedNetwork, "source">;
          return typeof source === "string" ? [{ source, file, bytes: (await stat(file)).size }] : [];
        } catch {
          return [];
        }
      }),
  );
  const bySource = new Map<string, KnownFits>();
  for (const { source, file, bytes } of known.flat()) {
    const before = bySource.get(source) ?? { kind: "fits", source, folder, files: [], bytes: 0 };
    bySource.set(source, { ...before, files: [...before.files, file], bytes: before.bytes + bytes });
  }
  return [...bySource.values()];
}

/** Takes them off the disk. Throws a LabError (storage). */
export async function deleteFits({ files, folder }: KnownFits): Promise<void> {
  await Promise.all(files.map((file) => rm(file, { force: true }))).catch((error: unknown) => {
    throw storageError(error, folder);
  });
}

function discriminantTensors(name: string, of: Discriminant) {
  const { token, context, offset, precision, weighted, tokenTerms } = of;
  const parts = { token, ...(context && { context }), offset, precision, weighted, tokenTerms };
  return Object.entries(parts).map(([part, values]) => ({ name: `${name}.${part}`, values }));
}
