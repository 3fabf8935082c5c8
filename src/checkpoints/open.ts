// The door to all checkpoints: from what a person names to an opened one.

import { LabError } from "../common/errors.ts";
import path from "node:path";
import type { Checkpoint } from "./checkpoint.ts";
import { MINI } from "./config.ts";
import { checkDepth, openFolder } from "./folder.ts";
import { RANDOM, randomNetwork } from "./random.ts";
import type { WritingOptions } from "./random-files.ts";
import { openRandom, writeWholeFolder } from "./random-folder.ts";

export { listCheckpoints, type CachedCheckpoint } from "./random-folder.ts";

export interface OpenOptions extends WritingOptions {
  /** Folder for what can be made again: random weights, digests. */
  readonly cacheFolder: string;
  /** Seed of random weights; a folder's weights are what they are. */
  readonly initSeed: number;
  /** Where the checkpoints lie that come with the program; without it there are none. */
  readonly modelsFolder?: string;
}

/**
 * Opens the first `blocks` blocks and what stands around them, from `random:NAME`, `random:PATH/config.json`, `mini` or
 * a folder. Throws a LabError: badInput (more blocks than there are), checkpoint, storage, cancelled.
 */
export async function openCheckpoint(
  source: string,
  { blocks }: { readonly blocks: number },
  options: OpenOptions,
): Promise<Checkpoint> {
  if (source === MINI && options.modelsFolder !== undefined) {
    return openFolder(source, blocks, options, path.join(options.modelsFolder, MINI));
  }
  if (!source.startsWith(RANDOM)) return openFolder(source, blocks, options);
  const network = await randomNetwork(source, options.initSeed);
  checkDepth(source, blocks, network.config);
  return openRandom(network, blocks, options.cacheFolder, options);
}

/**
 * Writes the whole of `random:NAME` or `random:PATH/config.json` into a folder as config.json and model.safetensors.
 * Throws a LabError: badInput (another source, a folder that already holds a checkpoint), checkpoint, storage, cancelled.
 */
export async function createCheckpoint(
  source: string,
  seed: number,
  folder: string,
  options: WritingOptions,
): Promise<void> {
  if (!source.startsWith(RANDOM)) {
    throw new LabError(
      "badInput",
      `Only random weights can be created, and "${source}" does not start with ${RANDOM}.`,
    );
  }
  await writeWholeFolder(await randomNetwork(source, seed), path.resolve(folder), options);
}
