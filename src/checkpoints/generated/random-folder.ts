// Random checkpoints on disk. In the cache each is a sharded Hugging Face folder, one shard with the weights outside the
// blocks and one a block, each written when it is first needed. config.json is written first and the index last, so the
// folder opens in any Hugging Face tool exactly when it is complete.

import { readdir, realpath, rm, stat } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { LabError } from "../../common/errors.ts";
import { GENERATOR_VERSION } from "../../common/random.ts";
import type { NetworkConfig, Weight } from "../../networks/architectures/architecture.ts";
import { architectureOf, outerWeights, storedName, weightsOf } from "../../networks/architectures/architectures.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { readConfig } from "../config.ts";
import { bytesIn, requireSpace, sweepTemporaryFiles, writeWhole } from "../../common/files.ts";
import { CONFIG_FILE, INDEX_FILE, shardFile, WEIGHTS_FILE } from "../hugging-face.ts";
import { fingerprint, type RandomNetwork } from "./random-network.ts";
import { makeTrusted } from "./written-files.ts";
import { absent, planFile, type PlannedFile, storedTensors, writeFiles, type WritingOptions } from "./random-files.ts";

/** Folder of all random checkpoints in the cache. */
const CHECKPOINTS = "checkpoints";
/** The field of config.json that tells where the weights came from. */
const ORIGIN = "inversion_lab";
const originNote = z.object({ source: z.string(), seed: z.number(), generator: z.number() });
type OriginNote = z.infer<typeof originNote>;

/** The folder of a random checkpoint in the cache: one for each configuration, seed and generator version. */
export function randomFolder(cacheFolder: string, { config, seed, fingerprint }: RandomNetwork): string {
  const name = `${architectureOf(config).name}-${config.blocks}x${config.width}-seed-${seed}-${fingerprint.slice(0, 12)}`;
  return path.join(cacheFolder, CHECKPOINTS, name);
}

/**
 * Opens the first `blocks` blocks of a random checkpoint, after writing those shards that are not in the cache yet.
 * Throws a LabError: storage (full or read-only disk), cancelled. Two processes may do this at once.
 */
export async function openRandom(
  network: RandomNetwork,
  blocks: number,
  cacheFolder: string,
  options: WritingOptions,
): Promise<Checkpoint> {
  const folder = randomFolder(cacheFolder, network);
  const shards = shardsOf(network.config, blocks);
  await sweepTemporaryFiles(folder, Date.now());
  const writeConfig = async () => {
    if (!(await isOurConfig(folder, network))) await writeWhole(path.join(folder, CONFIG_FILE), configText(network));
  };
  const write = async (missing: readonly PlannedFile[]) => {
    await requireSpace(folder, totalBytes(missing), `The network ${network.source}`);
    // A folder that is not to be written says so in a sentence below.
    await rm(path.join(folder, INDEX_FILE), { force: true }).catch(() => undefined);
    await writeConfig();
    await writeFiles(folder, missing, network.seed, { ...options, withDigests: true });
  };
  await makeTrusted(folder, shards, write, options);
  await writeConfig();
  if (blocks === network.config.blocks && !(await isFile(path.join(folder, INDEX_FILE)))) {
    await writeWhole(path.join(folder, INDEX_FILE), indexText(shards));
  }
  return {
    source: network.source,
    folder: await realpath(folder),
    config: network.config,
    tensors: new Map(shards.flatMap(storedTensors)),
    fingerprint: network.fingerprint,
  };
}

/**
 * Writes a whole checkpoint of one weights file, `config.json` and `model.safetensors`, into a folder. Throws a
 * LabError: badInput when the folder already holds a checkpoint, storage, cancelled.
 */
export async function writeWholeFolder(network: RandomNetwork, folder: string, options: WritingOptions): Promise<void> {
  for (const name of [CONFIG_FILE, WEIGHTS_FILE]) {
    if (await isFile(path.join(folder, name))) {
      throw new LabError("badInput", `${folder} already holds a ${name}: choose another folder, or remove it first.`);
    }
  }
  const file = shard(WEIGHTS_FILE, weightsOf(network.config), network.config);
  await sweepTemporaryFiles(folder, Date.now());
  await requireSpace(folder, file.layout.fileBytes, `The checkpoint ${network.source}`);
  await writeFiles(folder, [file], network.seed, { ...options, withDigests: false });
  // Last, because a folder without it is no checkpoint.
  await writeWhole(path.join(folder, CONFIG_FILE), configText(network));
}

/** A random checkpoint in the cache. */
export interface RandomCheckpoint {
  readonly kind: "random";
  readonly source: string;
  readonly seed: number;
  readonly folder: string;
  /** On disk. */
  readonly bytes: number;
  /** Blocks whose weights are there, counted from 0. */
  readonly blocks: readonly number[];
  /** Blocks of the whole network. */
  readonly allBlocks: number;
  /** Does the folder open in any Hugging Face tool? */
  readonly complete: boolean;
}

/** The random checkpoints in the cache, by folder name. What is not one of ours, or from an older version, is left out. */
export async function listRandomCheckpoints(cacheFolder: string): Promise<RandomCheckpoint[]> {
  const parent = path.join(cacheFolder, CHECKPOINTS);
  const names = (await readdir(parent).catch(() => [])).sort();
  // One that cannot be looked at does not hide the others.
  const found = await Promise.all(names.map((name) => inspect(path.join(parent, name)).catch(() => undefined)));
  return found.filter((checkpoint) => checkpoint !== undefined);
}

async function inspect(folder: string): Promise<RandomCheckpoint | undefined> {
  const read = await readConfig(path.join(folder, CONFIG_FILE)).catch(() => undefined);
  const note = originNote.safeParse(read?.json[ORIGIN]);
  if (!read || !note.success || note.data.generator !== GENERATOR_VERSION) return undefined;
  const { source, seed } = note.data;
  const { config } = read;
  const files = await readdir(folder);
  const sizes = await Promise.all(files.map((name) => bytesIn(path.join(folder, name))));
  const ours = Array.from({ length: config.blocks }, (_, i) => shardFile(i + 1, config.blocks + 1));
  const shards = shardsOf(config, 1 + ours.findLastIndex((name) => files.includes(name)));
  const missing = await absent(folder, shards);
  const blocks = [...shards.keys()]
    .slice(1)
    .filter((index) => !missing.includes(shards[index]))
    .map((index) => index - 1);
  return {
    kind: "random",
    source,
    seed,
    folder,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    blocks,
    allBlocks: config.blocks,
    complete: missing.length === 0 && blocks.length === config.blocks && files.includes(INDEX_FILE),
  };
}

function shard(file: string, weights: readonly Weight[], config: NetworkConfig): PlannedFile {
  const architecture = architectureOf(config);
  const planned = weights.map((weight) => ({
    ...{ name: weight.name, shape: weight.shape, storedName: storedName(architecture, weight) },
    distribution: { kind: "normal", ...weight.initial } as const,
  }));
  return planFile(file, planned);
}

/** The shard outside the blocks, and those of the first `blocks` blocks. */
function shardsOf(config: NetworkConfig, blocks: number): PlannedFile[] {
  const name = (index: number) => shardFile(index, config.blocks + 1);
  const own = Array.from({ length: blocks }, (): Weight[] => []);
  for (const weight of weightsOf(config)) if (weight.block !== undefined) own[weight.block]?.push(weight);
  return [
    shard(name(0), outerWeights(config), config),
    ...own.map((weights, i) => shard(name(i + 1), weights, config)),
  ];
}

const totalBytes = (shards: readonly PlannedFile[]): number =>
  shards.reduce((sum, { layout }) => sum + layout.fileBytes, 0);

/** config.json, with a note of where the weights came from; other tools do not mind fields that they do not know. */
const configText = ({ json, source, seed }: RandomNetwork): string =>
  prettyJson({ ...json, [ORIGIN]: { source, seed, generator: GENERATOR_VERSION } satisfies OriginNote });

/** Does the folder hold the configuration of exactly this network? */
async function isOurConfig(folder: string, network: RandomNetwork): Promise<boolean> {
  return readConfig(path.join(folder, CONFIG_FILE)).then(
    ({ config }) => fingerprint(config, network.seed) === network.fingerprint,
    () => false,
  );
}

/** The table of a sharded checkpoint: which file has which tensor. */
function indexText(shards: readonly PlannedFile[]): string {
  const places = shards.flatMap(({ file, layout }) => [...layout.tensors.keys()].map((name) => [name, file] as const));
  const size = shards.flatMap(({ layout }) => [...layout.tensors.values()]).reduce((sum, t) => sum + t.byteLength, 0);
  return prettyJson({ metadata: { total_size: size }, weight_map: Object.fromEntries(places) });
}

const prettyJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const isFile = (file: string): Promise<boolean> =>
  stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
