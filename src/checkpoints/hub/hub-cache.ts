// The person's Hugging Face cache, as Python's huggingface_hub lays it out and as it stays usable for every other tool:
//   models--OWNER--NAME/refs/REVISION                  the commit that a branch or tag had when it was last asked for
//   models--OWNER--NAME/snapshots/COMMIT/FILE          a link to ../../blobs/ETAG, or the file itself
//   models--OWNER--NAME/blobs/ETAG                     the bytes, named by their SHA-256 (LFS) or git hash
// https://huggingface.co/docs/huggingface_hub/guides/manage-cache

import { readdir, readFile, realpath, rm, stat } from "node:fs/promises";
import path from "node:path";
import { readConfig } from "../config.ts";
import { bytesIn, storageError } from "../../common/files.ts";
import { weightFileNames } from "../folder.ts";
import { isPartialFile } from "./hub-file.ts";
import { CONFIG_FILE } from "../hugging-face.ts";
import { type HubId, isCommit, hubSource, MAIN, parseHubId } from "./hub-id.ts";

/** A commit of a repository in the cache. */
export interface Snapshot {
  readonly commit: string;
  readonly folder: string;
}

const PREFIX = "models--";

/** The folder of a repository in the cache. */
export const repositoryFolder = (cacheFolder: string, repository: string): string =>
  path.join(cacheFolder, PREFIX + repository.replace("/", "--"));

export const refFile = (folder: string, revision: string): string => path.join(folder, "refs", ...revision.split("/"));

/** The snapshot of a revision, if it holds a whole checkpoint. Asks nobody, so a branch is where it was last seen. */
export async function cachedSnapshot(
  cacheFolder: string,
  { repository, revision }: HubId,
): Promise<Snapshot | undefined> {
  const folder = repositoryFolder(cacheFolder, repository);
  const commit = isCommit(revision) ? revision : await readRef(refFile(folder, revision));
  if (commit === undefined) return undefined;
  const snapshot = path.join(folder, "snapshots", commit);
  return (await isWhole(snapshot)) ? { commit, folder: snapshot } : undefined;
}

async function readRef(file: string): Promise<string | undefined> {
  const commit = (await readFile(file, "utf8").catch(() => "")).trim();
  return isCommit(commit) ? commit : undefined;
}

/** Are config.json and all weights there? A link to nowhere is not. */
async function isWhole(snapshot: string): Promise<boolean> {
  const names = await weightFileNames(snapshot).catch(() => undefined);
  if (!names) return false;
  const files = [CONFIG_FILE, ...names].map((name) => stat(path.join(snapshot, name)).catch(() => undefined));
  return (await Promise.all(files)).every((file) => file?.isFile());
}

/** A checkpoint in the Hugging Face cache. */
export interface HubCheckpoint {
  readonly kind: "hub";
  /** What an experiment's `checkpoint` calls it. */
  readonly source: string;
  /** The commit. */
  readonly revision: string;
  /** Branches and tags that were here when they were last asked for. */
  readonly refs: readonly string[];
  readonly folder: string;
  /** On disk; of one that is not complete, with what a download that broke off has left. */
  readonly bytes: number;
  /** Blocks whose weights are there, counted from 0: all or none. */
  readonly blocks: readonly number[];
  /** Blocks of the whole network. */
  readonly allBlocks: number;
  /** Are config.json and all weights there? */
  readonly complete: boolean;
}

/** The checkpoints of the cache, by source; other architectures and what cannot be read are passed over. */
export async function listHubCheckpoints(cacheFolder: string): Promise<HubCheckpoint[]> {
  const names = (await readdir(cacheFolder).catch(() => [])).filter((name) => name.startsWith(PREFIX)).sort();
  // One that cannot be looked at does not hide the others.
  const found = await Promise.all(names.map((name) => checkpointsOf(path.join(cacheFolder, name)).catch(() => [])));
  return found.flat();
}

async function checkpointsOf(folder: string): Promise<HubCheckpoint[]> {
  const repository = path.basename(folder).slice(PREFIX.length).replace("--", "/");
  const commits = (await readdir(path.join(folder, "snapshots")).catch(() => [])).filter(isCommit);
  const refs = await readRefs(path.join(folder, "refs"));
  const checkpoints = await Promise.all(
    commits.map(async (commit): Promise<HubCheckpoint | undefined> => {
      const snapshot = path.join(folder, "snapshots", commit);
      const read = await readConfig(path.join(snapshot, CONFIG_FILE)).catch(() => undefined);
      if (!read) return undefined;
      const allBlocks = read.config.blocks;
      const complete = await isWhole(snapshot);
      const here = [...refs].filter(([, target]) => target === commit).map(([name]) => name);
      const revision = here.includes(MAIN) ? MAIN : commit;
      const id = parseHubId(hubSource({ repository, revision }));
      return {
        kind: "hub",
        // Old names without an owner are not hub ids here, but their folders can be used like any other.
        source: id ? hubSource(id) : snapshot,
        revision: commit,
        refs: here,
        folder: snapshot,
        bytes: (await bytesOf(await filesBelow(snapshot))) + (complete ? 0 : await bytesOf(await partialFiles(folder))),
        blocks: complete ? [...Array(allBlocks).keys()] : [],
        allBlocks,
        complete,
      };
    }),
  );
  return checkpoints.filter((checkpoint) => checkpoint !== undefined);
}

/** Branch or tag → commit; of some names (`refs/pr/1`) the slash is a folder. */
async function readRefs(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const commits = await Promise.all(
    files.map(async (file) => [path.relative(folder, file).split(path.sep).join("/"), await readRef(file)] as const),
  );
  return new Map(commits.filter((ref): ref is readonly [string, string] => ref[1] !== undefined));
}

/** Links are followed. */
async function bytesOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(bytesIn));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What downloads into the repository have left that broke off. */
async function partialFiles(folder: string): Promise<string[]> {
  const files = await filesBelow(path.join(folder, "blobs"));
  return files.filter(isPartialFile);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => path.join(entry.parentPath, entry.name));
}

/**
 * Takes a snapshot out of the cache, with those blobs and refs that no other snapshot of the repository uses. Throws a
 * LabError (storage).
 */
export async function deleteSnapshot({ folder: snapshot, revision, complete }: HubCheckpoint): Promise<void> {
  const folder = path.dirname(path.dirname(snapshot));
  const blobs = path.join(folder, "blobs");
  try {
    const blobsOf = async (name: string): Promise<string[]> => {
      const files = await filesBelow(path.join(folder, "snapshots", name));
      const targets = await Promise.all(files.map((file) => realpath(file).catch(() => undefined)));
      return targets.filter((target) => target !== undefined);
    };
    const others = (await readdir(path.join(folder, "snapshots"))).filter((name) => name !== revision);
    const kept = new Set((await Promise.all(others.map(blobsOf))).flat());
    const realBlobs = await realpath(blobs).catch(() => blobs);
    const unused = (await blobsOf(revision)).filter((file) => path.dirname(file) === realBlobs && !kept.has(file));
    // The snapshot goes first: blobs without one are waste, a snapshot without blobs is damage.
    await rm(snapshot, { recursive: true, force: true });
    const partial = complete ? [] : await partialFiles(folder);
    for (const file of [...unused, ...partial]) await rm(file, { force: true });
    for (const [name, commit] of await readRefs(path.join(folder, "refs"))) {
      if (commit === revision) await rm(refFile(folder, name), { force: true });
    }
    if (others.length === 0) await rm(folder, { recursive: true, force: true });
  } catch (error) {
    throw storageError(error, folder);
  }
}
