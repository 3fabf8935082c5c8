// Checkpoints that somebody has: a folder in the Hugging Face layout, with one weights file or an index and its shards.

import { createHash } from "node:crypto";
import { access, realpath, stat } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { formatBytes } from "../common/bytes.ts";
import { LabError, messageOf } from "../common/errors.ts";
import type { OnProgress } from "../common/progress.ts";
import type { Architecture, NetworkConfig, WeightShape } from "../networks/architectures/architecture.ts";
import {
  architectureOf,
  headWeight,
  plainName,
  tokenEmbeddingWeight,
  weightsOf,
} from "../networks/architectures/architectures.ts";
import { auditFile, isStoredType, type FileAudit } from "./audit.ts";
import type { Checkpoint, StoredTensor } from "./checkpoint.ts";
import { NAMED_SOURCES, readConfig } from "./config.ts";
import { errorCode } from "../common/files.ts";
import { CONFIG_FILE, INDEX_FILE, WEIGHTS_FILE } from "./hugging-face.ts";
import { readSafetensorsHeader, type Safetensors, type SafetensorsEntry } from "./safetensors.ts";
import { readPlainText } from "../common/plain-file.ts";

/** An index of gpt2-xl has 60 kB. */
const LARGEST_INDEX = 10_000_000;

export interface FolderOptions {
  readonly cacheFolder: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Opens the first `blocks` blocks of the checkpoint in a folder, after checking that every weight needed is there, has
 * its shape and holds finite numbers. `place` is the folder where `source` is a name for it. Throws a LabError
 * (checkpoint) that names what is wrong.
 */
export async function openFolder(
  source: string,
  blocks: number,
  options: FolderOptions,
  place = source,
): Promise<Checkpoint> {
  const folder = await existingFolder(place);
  const { config: stated } = await readConfig(path.join(folder, CONFIG_FILE)).catch((error: unknown): never => {
    if (error instanceof LabError) throw error;
    const why = errorCode(error) === "ENOENT" ? `has no ${CONFIG_FILE}` : `cannot be read: ${messageOf(error)}`;
    throw new LabError("checkpoint", `${folder} is not the folder of a checkpoint: it ${why}.`);
  });
  checkDepth(source, blocks, stated);
  const files = await weightFiles(folder);
  const location = await commonFolder(files);

  const found = findTensors(files, folder, architectureOf(stated));
  const config = architectureOf(stated).settle?.(stated, new Set(found.keys())) ?? stated;
  const [embedding, head] = [tokenEmbeddingWeight(config), headWeight({ ...config, tiedHead: false })];
  // Of two names for one tensor, safetensors' save_model keeps one, and not always the embedding's.
  if (config.tiedHead && !found.has(embedding.name) && found.has(head.name)) {
    found.set(embedding.name, found.get(head.name)!);
  }
  const tensorsOf = (config: NetworkConfig) => {
    const needed = weightsOf(config).filter(({ block = -1 }) => block < blocks);
    return new Map(needed.map((weight) => [weight.name, checked(weight, found.get(weight.name), source)]));
  };
  tensorsOf(config); // Tells what is wrong before gigabytes are read.

  const audits = await auditAll(files, options);
  const auditOf = (name: string) => {
    const { file, storedName } = found.get(name) ?? {};
    return file && audits.get(file)?.get(storedName!);
  };
  // As transformers does: a head that differs is used, whatever the config says.
  const ownHead =
    config.tiedHead && found.has(head.name) && auditOf(head.name)?.digest !== auditOf(embedding.name)?.digest;
  const settled = ownHead ? { ...config, tiedHead: false } : config;
  const tensors = tensorsOf(settled);

  // What else a file holds are buffers, such as attention masks, or a copy of a tied head.
  const names = new Set(weightsOf(settled).map(({ name }) => name));
  const audited = [...found].flatMap(([name, { entry }]) => {
    const audit = auditOf(name);
    return audit && names.has(name) ? [{ name, ...entry, ...audit }] : [];
  });
  const broken = audited.find(({ name, finite }) => !finite && tensors.has(name));
  if (broken) {
    throw new LabError(
      "checkpoint",
      `The weight ${broken.name} of ${source} holds numbers that are not finite (NaN or infinity): ` +
        "no output of this network would mean anything.",
    );
  }
  return {
    ...{ source, folder: location, home: folder, config: settled, tensors, fingerprint: fingerprint(settled, audited) },
    ...(ownHead && { ownHead }),
  };
}

/** Throws a LabError (badInput) when a checkpoint has fewer blocks than asked for. */
export function checkDepth(source: string, blocks: number, config: NetworkConfig): void {
  if (blocks <= config.blocks) return;
  throw new LabError("badInput", `${blocks} blocks were asked for, and ${source} has ${config.blocks}.`);
}

async function existingFolder(source: string): Promise<string> {
  const folder = path.resolve(source);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return folder;
  const sources = [...NAMED_SOURCES, "a hub id such as openai-community/gpt2"];
  throw new LabError(
    "checkpoint",
    found
      ? `${folder} is a file: name the folder that holds the checkpoint's config.json and its weights.`
      : `There is no checkpoint "${source}": name a folder that holds a config.json and its weights, or ${sources.join(", ")}.`,
  );
}

/** A weights file, by its name in the checkpoint's folder. */
interface WeightsFile {
  /** With links resolved. */
  readonly realPath: string;
  readonly contents: Safetensors;
  /** The tensors that the index puts here. */
  readonly indexed?: ReadonlySet<string>;
}

async function weightFiles(folder: string): Promise<WeightsFile[]> {
  const files: WeightsFile[] = [];
  for (const [name, tensors] of await weightPlaces(folder)) {
    files.push(await weightsFile(path.join(folder, name), tensors));
  }
  return files;
}

/** Names of the weights files in a folder, whether they are there or not. Throws a LabError (checkpoint). */
export const weightFileNames = async (folder: string): Promise<string[]> => [...(await weightPlaces(folder)).keys()];

/** File name → the tensors that the index puts there; one file without an index holds all of them. */
async function weightPlaces(folder: string): Promise<Map<string, ReadonlySet<string> | undefined>> {
  if (await exists(path.join(folder, WEIGHTS_FILE))) return new Map([[WEIGHTS_FILE, undefined]]);
  const index = path.join(folder, INDEX_FILE);
  if (!(await exists(index))) {
    throw new LabError(
      "checkpoint",
      `${folder} holds neither ${WEIGHTS_FILE} nor ${INDEX_FILE}; other formats are not read.`,
    );
  }
  const places = new Map<string, Set<string>>();
  for (const [tensor, file] of Object.entries(await readIndex(index))) {
    const tensors = places.get(file) ?? new Set();
    places.set(file, tensors.add(tensor));
  }
  return places;
}

async function weightsFile(file: string, indexed?: ReadonlySet<string>): Promise<WeightsFile> {
  const contents = await readSafetensorsHeader(file);
  return { realPath: await realpath(file), contents, indexed };
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

async function readIndex(file: string): Promise<Record<string, string>> {
  const wrong = (what: string) => new LabError("checkpoint", `${file} is not an index of weights: ${what}.`);
  let index: unknown;
  try {
    if ((await stat(file)).size > LARGEST_INDEX) throw new Error(`it has more than ${formatBytes(LARGEST_INDEX)}`);
    index = JSON.parse(await readPlainText(file, LARGEST_INDEX));
  } catch (error) {
    throw wrong(messageOf(error).replaceAll(/\s+/g, " "));
  }
  const result = indexSchema.safeParse(index);
  if (!result.success) throw wrong("it has no weight_map from tensors to files");
  const outside = Object.values(result.data.weight_map).find((name) => !/^[^/\\]+\.safetensors$/.test(name));
  if (outside !== undefined) throw wrong(`${JSON.stringify(outside)} is not a safetensors file beside it`);
  return result.data.weight_map;
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** ONNX Runtime takes all weights from one folder, and refuses links that leave it. */
async function commonFolder(files: readonly WeightsFile[]): Promise<string> {
  const [folder, other] = new Set(files.map(({ realPath }) => path.dirname(realPath)));
  if (other === undefined) return folder;
  throw new LabError(
    "checkpoint",
    `The weights files are links into different folders, ${folder} and ${other}: copy them into one.`,
  );
}

interface FoundTensor {
  readonly file: WeightsFile;
  readonly storedName: string;
  readonly entry: SafetensorsEntry;
}

/** All tensors by their names without prefixes. The index may be older than the files: it decides where two have a tensor. */
function findTensors(
  files: readonly WeightsFile[],
  folder: string,
  architecture: Architecture,
): Map<string, FoundTensor> {
  const found = new Map<string, FoundTensor>();
  for (const file of files) {
    for (const [storedName, entry] of file.contents.tensors) {
      const name = plainName(architecture, storedName);
      const other = found.get(name);
      if (other?.storedName === storedName && file.indexed) {
        if (file.indexed.has(storedName)) found.set(name, { file, storedName, entry });
        continue;
      }
      if (other) {
        throw new LabError(
          "checkpoint",
          `${folder} holds the weight ${name} twice, as ${other.storedName} and as ${storedName}.`,
        );
      }
      found.set(name, { file, storedName, entry });
    }
  }
  return found;
}

function checked({ name, shape }: WeightShape, found: FoundTensor | undefined, source: string): StoredTensor {
  const wrong = (what: string) => new LabError("checkpoint", `The weight ${name} of ${source} ${what}.`);
  if (!found) throw wrong("is missing");
  const { type, byteOffset, byteLength } = found.entry;
  if (found.entry.shape.join() !== shape.join()) {
    const [stored, right] = [found.entry.shape, shape].map((extents) => `[${extents.join(", ")}]`);
    throw wrong(`has the shape ${stored}, and its config.json asks for ${right}`);
  }
  if (!isStoredType(type)) throw wrong(`is stored as ${type}; F64, F32, F16 and BF16 are supported`);
  return { shape, type, file: path.basename(found.file.realPath), byteOffset, byteLength };
}

async function auditAll(
  files: readonly WeightsFile[],
  { cacheFolder, onProgress, signal }: FolderOptions,
): Promise<Map<WeightsFile, FileAudit>> {
  const total = files
    .flatMap(({ contents }) => [...contents.tensors.values()])
    .reduce((sum, { byteLength }) => sum + byteLength, 0);
  let done = 0;
  const onRead = (bytes: number) => onProgress?.({ stage: "Checking the weights", done: (done += bytes), total });
  const audits = new Map<WeightsFile, FileAudit>();
  for (const file of files) {
    audits.set(file, await auditFile(file.realPath, file.contents, { cacheFolder, signal, onRead }));
  }
  return audits;
}

/** Depends on the network's sizes and on its weights, not on how files and names are cut. */
function fingerprint(
  config: NetworkConfig,
  audited: readonly { name: string; type: string; digest: string }[],
): string {
  const weights = audited.map(({ name, type, digest }) => [name, type, digest]).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify({ config, weights })).digest("hex");
}
