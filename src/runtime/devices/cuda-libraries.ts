// ONNX Runtime's CUDA libraries, which are too large for npm: fetched from NuGet as onnxruntime-node's own install script
// does, but checked against the hash that NuGet's catalogue states, or taken from a folder; kept in the cache, and put
// beside the runtime, which looks for them nowhere else.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, link, open, readFile, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { errorCode, requireSpace, storageError, writeFully, writeWhole } from "../../common/files.ts";
import { formatBytes } from "../../common/bytes.ts";
import { LabError, messageOf, throwIfCancelled } from "../../common/errors.ts";
import { makeFolder } from "../../common/folders.ts";
import type { OnProgress } from "../../common/progress.ts";
import { webFetch } from "../../common/web-fetch.ts";
import { devicesOf, type Platform } from "./devices.ts";
import { ONNX_RUNTIME_VERSION } from "../onnxruntime-version.ts";
import { readZip } from "./zip.ts";

/** Beside the libraries in the cache: their digests when they came there. */
const DIGESTS = "sha512.json";
const PACKAGE = "Microsoft.ML.OnnxRuntime.Gpu.Linux";
const FOLDER_IN_PACKAGE = "runtimes/linux-x64/native/";
/** What the provider consists of; the package's third library, TensorRT's, is not asked for. */
export const CUDA_LIBRARIES = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"] as const;

const NUGET = "https://api.nuget.org/v3/index.json";
/** Packages have some hundred megabytes, answers about them some kilobytes. */
const LARGEST_PACKAGE = 4e9;
const LARGEST_ANSWER = 32_000_000;
/** A connection on which nothing comes for so long is given up. */
const SILENCE_MS = 60_000;

/** The package of the libraries, as NuGet's catalogue describes it. */
export interface CudaPackage {
  readonly version: string;
  readonly url: string;
  readonly bytes: number;
  /** SHA-512, base64. */
  readonly hash: string;
}

interface NetworkOptions {
  /** Address of a NuGet v3 service index. */
  readonly index?: string;
  readonly signal?: AbortSignal;
}

export interface CudaOptions extends NetworkOptions {
  readonly cacheFolder: string;
  /** Folder of the runtime's own library; see runtimeFolder. */
  readonly runtimeFolder: string;
  readonly onProgress?: OnProgress;
}

/** Where the ONNX Runtime library lies that a program of dist/ loads. */
export function runtimeFolder(program: string, { platform, arch }: Platform): string {
  const manifest = createRequire(program).resolve("onnxruntime-node/package.json");
  return path.join(path.dirname(manifest), "bin", "napi-v6", platform, arch);
}

/** Is there CUDA in ONNX Runtime for Node? */
export const isCudaPlatform = (platform: Platform): boolean => devicesOf(platform).includes("cuda");

/** Throws a LabError (device) where there is none. */
export function checkCudaPlatform({ platform, arch }: Platform): void {
  if (isCudaPlatform({ platform, arch })) return;
  throw new LabError("device", `ONNX Runtime's CUDA libraries exist for linux-x64 only; this is ${platform}-${arch}.`);
}

/** Asks NuGet for the package of exactly this ONNX Runtime. Throws a LabError (network). */
export async function findCudaPackage({ index = NUGET, signal }: NetworkOptions = {}): Promise<CudaPackage> {
  const version = ONNX_RUNTIME_VERSION;
  const id = PACKAGE.toLowerCase();
  const { resources } = (await json(index, signal)) as { resources?: readonly Record<string, string>[] };
  const address = (...types: string[]): string => {
    const found = types.map((type) => resources?.find((resource) => resource["@type"] === type)?.["@id"]).find(Boolean);
    if (!found) throw new LabError("network", `${index} does not answer as a NuGet service does.`);
    return found.endsWith("/") ? found : `${found}/`;
  };
  const registration = address("RegistrationsBaseUrl/3.6.0", "RegistrationsBaseUrl/3.4.0", "RegistrationsBaseUrl");
  const leaf = (await json(`${registration}${id}/${version}.json`, signal)) as { catalogEntry?: string };
  const entry = (await json(leaf.catalogEntry ?? "", signal)) as Record<string, unknown>;
  const { packageHash: hash, packageHashAlgorithm: algorithm, packageSize: bytes } = entry;
  if (typeof hash !== "string" || algorithm !== "SHA512" || typeof bytes !== "number" || !(bytes <= LARGEST_PACKAGE)) {
    throw new LabError("network", `NuGet's catalogue states no SHA-512 and size for ${PACKAGE} ${version}.`);
  }
  return { version, url: `${address("PackageBaseAddress/3.0.0")}${id}/${version}/${id}.${version}.nupkg`, bytes, hash };
}

/**
 * Downloads the package, checks it, and puts its libraries beside the runtime. Nothing is left of what was broken off or
 * does not have the stated hash. Throws LabErrors (network, storage, cancelled).
 */
export async function fetchCudaLibraries(found: CudaPackage, options: CudaOptions): Promise<void> {
  const { cacheFolder, onProgress, signal } = options;
  // The package, and from it libraries of about twice its size.
  await requireSpace(cacheFolder, 3 * found.bytes, "ONNX Runtime's CUDA libraries");
  const making = `${keptFolder(cacheFolder)}.${process.pid}.tmp`;
  try {
    await makeFolder(making);
    const archive = path.join(making, "package.nupkg");
    await download(found, archive, options);
    for (const library of CUDA_LIBRARIES) {
      throwIfCancelled(signal);
      onProgress?.({ stage: `Unpacking ${library}` });
      await using unpacked = await open(path.join(making, library), "w");
      await readZip(archive, FOLDER_IN_PACKAGE + library, unpacked);
    }
    await rm(archive);
    await writeDigests(making);
    await rm(keptFolder(cacheFolder), { recursive: true, force: true });
    await rename(making, keptFolder(cacheFolder));
  } catch (error) {
    throw storageError(error, cacheFolder);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  await placeLibraries(keptFolder(cacheFolder), options.runtimeFolder);
}

/** Takes the libraries from a folder that has them. Throws a LabError (badInput, storage). */
export async function takeCudaLibraries(folder: string, { cacheFolder, runtimeFolder }: CudaOptions): Promise<void> {
  for (const library of CUDA_LIBRARIES) {
    const file = path.join(folder, library);
    const bytes = await readStart(file).catch((error: unknown) => {
      const why = errorCode(error) === "ENOENT" ? "does not have it" : `cannot be read (${messageOf(error)})`;
      throw new LabError("badInput", `CUDA needs ${CUDA_LIBRARIES.join(" and ")}: ${folder} ${why}.`, { cause: error });
    });
    if (!bytes.equals(ELF)) throw new LabError("badInput", `${file} is not a library for Linux.`);
  }
  const kept = keptFolder(cacheFolder);
  try {
    await makeFolder(kept);
    for (const library of CUDA_LIBRARIES) await copyFile(path.join(folder, library), path.join(kept, library));
    await writeDigests(kept);
  } catch (error) {
    throw storageError(error, kept);
  }
  await placeLibraries(kept, runtimeFolder);
}

/** Puts libraries that were fetched before beside a runtime that has none, as after an update of the extension. */
export async function restoreCudaLibraries({ cacheFolder, runtimeFolder }: CudaOptions): Promise<void> {
  const kept = keptFolder(cacheFolder);
  const isThere = (file: string) =>
    stat(file).then(
      () => true,
      () => false,
    );
  for (const library of CUDA_LIBRARIES) {
    if (!(await isThere(path.join(kept, library))) || (await isThere(path.join(runtimeFolder, library)))) continue;
    // What is not as it came, or came before digests were kept, is not put to use: it is to be fetched again.
    if (!(await areAsKept(kept))) return;
    return placeLibraries(kept, runtimeFolder).catch(() => undefined);
  }
}

const keptFolder = (cacheFolder: string): string => path.join(cacheFolder, `onnxruntime-cuda-${ONNX_RUNTIME_VERSION}`);

/** SHA-512 of each library, in hexadecimal. */
const digestsSchema = z.record(z.enum(CUDA_LIBRARIES), z.string());

async function digestsOf(folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const library of CUDA_LIBRARIES) {
    const hash = createHash("sha512");
    await pipeline(createReadStream(path.join(folder, library)), hash);
    digests[library] = hash.digest("hex");
  }
  return digests;
}

const writeDigests = async (folder: string): Promise<void> =>
  writeWhole(path.join(folder, DIGESTS), JSON.stringify(await digestsOf(folder)));

/** Does a folder hold the libraries as they came into it? */
async function areAsKept(folder: string): Promise<boolean> {
  try {
    const kept = digestsSchema.parse(JSON.parse(await readFile(path.join(folder, DIGESTS), "utf8")));
    const found = await digestsOf(folder);
    return CUDA_LIBRARIES.every((library) => kept[library] === found[library]);
  } catch {
    return false;
  }
}

/** As hard links, or as copies where the cache is on another disk. Each name appears whole or not at all. */
async function placeLibraries(from: string, to: string): Promise<void> {
  try {
    for (const library of CUDA_LIBRARIES) {
      const [source, place] = [path.join(from, library), path.join(to, library)];
      const fresh = `${place}.${process.pid}.tmp`;
      await link(source, fresh).catch(() => copyFile(source, fresh));
      await rename(fresh, place);
    }
  } catch (error) {
    throw storageError(error, to);
  }
}

async function download({ url, bytes, hash }: CudaPackage, file: string, { onProgress, signal }: CudaOptions) {
  const sum = createHash("sha512");
  const out = await open(file, "w");
  try {
    await get(url, signal, async (response, alive) => {
      let done = 0;
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        alive();
        if (done + chunk.length > bytes) throw new LabError("network", `${url} sends more than NuGet states.`);
        sum.update(chunk);
        await writeFully(out, chunk);
        done += chunk.length;
        onProgress?.({
          stage: `Downloading ONNX Runtime's CUDA libraries (${formatBytes(bytes)})`,
          done,
          total: bytes,
        });
      }
    });
  } finally {
    await out.close();
  }
  if (sum.digest("base64") === hash) return;
  throw new LabError(
    "network",
    `What was downloaded from ${url} does not have the SHA-512 that NuGet states, and was deleted. Try again later.`,
  );
}

const json = (url: string, signal: AbortSignal | undefined): Promise<unknown> =>
  get(url, signal, async (response, alive) => {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      alive();
      if ((size += part.length) > LARGEST_ANSWER) throw new LabError("network", `${url} does not end.`);
      parts.push(part);
    }
    return JSON.parse(Buffer.concat(parts).toString()) as unknown;
  });

/** Throws a LabError (network, cancelled) that names the host. */
async function get<T>(
  url: string,
  signal: AbortSignal | undefined,
  read: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await webFetch(url, { signal: AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]) });
    if (!response.ok) {
      await response.body?.cancel();
      throw new LabError("network", `${url} answered ${response.status}.`);
    }
    return await read(response, () => timer.refresh());
  } catch (error) {
    throwIfCancelled(signal);
    if (error instanceof LabError || errorCode(error)?.startsWith("E")) throw error;
    const why = silence.signal.aborted ? "it fell silent" : messageOf((error as Error).cause ?? error);
    throw new LabError("network", `${URL.canParse(url) ? new URL(url).host : "NuGet"} cannot be read: ${why}.`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** First bytes of every library of Linux. */
const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);

async function readStart(file: string): Promise<Buffer> {
  await using handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(ELF.length), 0, ELF.length, 0);
  return buffer;
}
