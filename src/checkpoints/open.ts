// The door to all checkpoints: from what a person names to an opened one.

import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { LabError } from "../common/errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { MINI } from "./config.ts";
import { checkDepth, openFolder } from "./folder.ts";
import { type FetchOptions, fetchFromHub, openFromHub } from "./hub/hub.ts";
import { storageError } from "../common/files.ts";
import { deleteSnapshot, type HubCheckpoint, listHubCheckpoints, type Snapshot } from "./hub/hub-cache.ts";
import { parseHubId } from "./hub/hub-id.ts";
import type { HubSettings } from "./hub/hub-settings.ts";
import { RANDOM, randomNetwork } from "./generated/random-network.ts";
import { digestsFolder } from "./generated/written-files.ts";
import type { WritingOptions } from "./generated/random-files.ts";
import {
  listRandomCheckpoints,
  openRandom,
  type RandomCheckpoint,
  writeWholeFolder,
} from "./generated/random-folder.ts";

export interface OpenOptions extends WritingOptions {
  /** Folder for what can be made again: random weights, digests. */
  readonly cacheFolder: string;
  /** Seed of random weights; a folder's weights are what they are. */
  readonly initSeed: number;
  /** Where the checkpoints lie that come with the program; without it there are none. */
  readonly modelsFolder?: string;
  /** The Hugging Face hub and its cache; without them no hub id is known. */
  readonly hub?: HubSettings;
}

/**
 * Opens the first `blocks` blocks and what stands around them, from `random:NAME`, `random:PATH/config.json`, `mini`, a
 * folder, or `owner/name[@revision]` on the hub, which is downloaded unless the cache has it. A folder that exists wins
 * over a hub id of the same letters; `./owner/name` is always a folder. Throws a LabError: badInput (more blocks than
 * there are), checkpoint, storage, network, cancelled.
 */
export async function openCheckpoint(
  source: string,
  { blocks }: { readonly blocks: number },
  options: OpenOptions,
): Promise<Checkpoint> {
  if (source === MINI && options.modelsFolder !== undefined) {
    return openFolder(source, blocks, options, path.join(options.modelsFolder, MINI));
  }
  if (!source.startsWith(RANDOM)) {
    const id = options.hub && !(await isFolder(source)) ? parseHubId(source) : undefined;
    return id ? openFromHub(source, id, blocks, options.hub!, options) : openFolder(source, blocks, options);
  }
  const network = await randomNetwork(source, options.initSeed);
  checkDepth(source, blocks, network.config);
  return openRandom(network, blocks, options.cacheFolder, options);
}

/** A checkpoint whose weights are on this machine, in the lab's cache or in Hugging Face's. */
export type KnownCheckpoint = RandomCheckpoint | HubCheckpoint;

/** Those of the lab's cache, then those of the Hugging Face cache. */
export const listCheckpoints = async (cacheFolder: string, hub: HubSettings): Promise<KnownCheckpoint[]> => [
  ...(await listRandomCheckpoints(cacheFolder)),
  ...(await listHubCheckpoints(hub.cacheFolder)),
];

/** Takes the weights off the disk. Throws a LabError (storage). */
export async function deleteCheckpoint(checkpoint: KnownCheckpoint): Promise<void> {
  if (checkpoint.kind === "hub") return deleteSnapshot(checkpoint);
  for (const folder of [checkpoint.folder, digestsFolder(checkpoint.folder)]) {
    await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
      throw storageError(error, folder);
    });
  }
}

/** Downloads `owner/name[@revision]` as fetchFromHub does. Throws a LabError (badInput) for what is no hub id. */
export async function fetchCheckpoint(source: string, hub: HubSettings, options: FetchOptions): Promise<Snapshot> {
  const id = parseHubId(source);
  if (id) return fetchFromHub(id, hub, options);
  throw new LabError(
    "badInput",
    `"${source}" is not the name of a model on the hub: it is to look like openai-community/gpt2, with @REVISION or not.`,
  );
}

const isFolder = (source: string): Promise<boolean> =>
  stat(source).then(
    (found) => found.isDirectory(),
    () => false,
  );

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
