// The Hugging Face hub: a repository's config.json and weights, downloaded into the person's own Hugging Face cache in
// its own layout, so that every tool finds them. What the cache has is used where it lies.

import { realpath, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { listFiles, modelInfo } from "@huggingface/hub";
import { LabError } from "../../common/errors.ts";
import { makeFolder } from "../../common/folders.ts";
import type { OnProgress } from "../../common/progress.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { readConfig } from "../config.ts";
import { bytesIn, errorCode, requireSpace, storageError, writeWhole } from "../../common/files.ts";
import { openFolder, type FolderOptions, weightFileNames } from "../folder.ts";
import { CONFIG_FILE, INDEX_FILE, TOKENIZER_FILES, WEIGHTS_FILE } from "../hugging-face.ts";
import { cachedSnapshot, refFile, repositoryFolder, type Snapshot } from "./hub-cache.ts";
import { downloadFile, type HubFile, partialFile } from "./hub-file.ts";
import { hubSource, type HubId, isCommit } from "./hub-id.ts";
import { fetchFrom, type Hub, RETRY_POLICY, type RetryPolicy, unexpected } from "./hub-request.ts";
import { checkedEndpoint, type HubSettings, hubToken } from "./hub-settings.ts";

export interface FetchOptions {
  readonly retryPolicy?: RetryPolicy;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Opens a checkpoint of the hub, from the cache where that has it whole; see openFolder and fetchFromHub. */
export async function openFromHub(
  source: string,
  id: HubId,
  blocks: number,
  settings: HubSettings,
  options: FolderOptions,
): Promise<Checkpoint> {
  const { commit, folder } =
    (await cachedSnapshot(settings.cacheFolder, id)) ?? (await fetchFromHub(id, settings, options));
  return { ...(await openFolder(source, blocks, options, folder)), revision: commit };
}

/**
 * Asks the hub what a revision is now, and downloads what the cache lacks of it: config.json and the weights in
 * safetensors. Whole or not at all as far as others can see; a download that broke off goes on where it was. Throws a
 * LabError: checkpoint (not there, not supported), access (not shown), network, storage, badInput (settings), cancelled.
 */
export async function fetchFromHub(id: HubId, settings: HubSettings, options: FetchOptions = {}): Promise<Snapshot> {
  const cached = settings.offline || isCommit(id.revision) ? await cachedSnapshot(settings.cacheFolder, id) : undefined;
  if (cached) return cached;
  if (settings.offline) {
    throw new LabError(
      "checkpoint",
      `${hubSource(id)} is not in ${settings.cacheFolder}, and the hub is not asked offline.`,
    );
  }
  const { onProgress } = options;
  const hub = await hubOf(id, settings, options);
  onProgress?.({ stage: `Asking the hub for ${id.repository}` });
  const { commit, files } = await listing(hub);
  const place = new Place(hub, settings.cacheFolder, commit);

  // Small, and it tells whether the weights are worth the wait.
  await place.download([needed(files, CONFIG_FILE, id)], onProgress);
  await readConfig(path.join(place.snapshot, CONFIG_FILE));
  await place.download(
    TOKENIZER_FILES.flatMap((name) => files.get(name) ?? []),
    onProgress,
  );
  // Where the branch stands for nothing whole, it may name what is on its way; else it moves when that is here.
  if (!(await cachedSnapshot(settings.cacheFolder, id))) await place.pointTo(id.revision);
  if (!files.has(WEIGHTS_FILE)) await place.download([needed(files, INDEX_FILE, id)], onProgress);
  const names = files.has(WEIGHTS_FILE) ? [WEIGHTS_FILE] : await weightFileNames(place.snapshot);
  await place.download(
    names.map((name) => needed(files, name, id)),
    onProgress,
  );
  await place.pointTo(id.revision);
  return { commit, folder: place.snapshot };
}

async function hubOf(
  id: HubId,
  settings: HubSettings,
  { signal, retryPolicy = RETRY_POLICY }: FetchOptions,
): Promise<Hub> {
  return { endpoint: checkedEndpoint(settings), token: await hubToken(settings), id, retryPolicy, signal };
}

/** Bytes of the weights that the hub has of a model, as it says. Throws LabErrors as fetchFromHub does; 0 offline. */
export async function downloadSize(id: HubId, settings: HubSettings, options: FetchOptions = {}): Promise<number> {
  if (settings.offline) return 0;
  const { files } = await listing(await hubOf(id, settings, options));
  const whole = files.get(WEIGHTS_FILE);
  const shards = [...files.values()].filter(({ name }) => /^[^/]+-of-\d+\.safetensors$/.test(name));
  return (whole ? [whole] : shards).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The commit behind the revision, and its files by name. */
async function listing(hub: Hub): Promise<{ commit: string; files: Map<string, HubFile> }> {
  const { repository: name, revision } = hub.id;
  const common = { hubUrl: hub.endpoint.href.replace(/\/$/, ""), fetch: fetchFrom(hub) };
  try {
    const { sha } = await modelInfo({ ...common, name, revision, additionalFields: ["sha"] });
    if (!isCommit(sha)) throw unexpected(hub);
    const files = new Map<string, HubFile>();
    for await (const entry of listFiles({ ...common, repo: { type: "model", name }, revision: sha })) {
      const etag = entry.lfs?.oid ?? entry.oid;
      const bytes = entry.lfs?.size ?? entry.size;
      if (entry.type !== "file" || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag ?? "")) continue;
      if (Number.isSafeInteger(bytes) && bytes >= 0) files.set(entry.path, { name: entry.path, bytes, etag: etag! });
    }
    return { commit: sha, files };
  } catch (error) {
    // Anything else is the library's stumbling over an answer.
    throw error instanceof LabError ? error : unexpected(hub);
  }
}

function needed(files: ReadonlyMap<string, HubFile>, name: string, { repository }: HubId): HubFile {
  const file = files.get(name);
  if (file) return file;
  const others = [...files.keys()].filter((other) => /\.(bin|h5|msgpack|gguf|onnx|pth|pt)$/.test(other)).slice(0, 3);
  throw new LabError(
    "checkpoint",
    name === INDEX_FILE
      ? `${repository} has no weights in safetensors${others.length > 0 ? `, only ${others.join(", ")}` : ""}: ` +
          "convert it, or choose another revision."
      : `${repository} has no ${name}.`,
  );
}

/** One snapshot of the cache, being filled. */
class Place {
  readonly folder: string;
  readonly snapshot: string;
  readonly #hub: Hub;
  readonly #commit: string;

  constructor(hub: Hub, cacheFolder: string, commit: string) {
    this.folder = repositoryFolder(cacheFolder, hub.id.repository);
    this.snapshot = path.join(this.folder, "snapshots", commit);
    this.#hub = hub;
    this.#commit = commit;
  }

  /** Downloads files one after the other, after looking whether there is room for all of them. */
  async download(files: readonly HubFile[], onProgress: OnProgress | undefined): Promise<void> {
    const { repository } = this.#hub.id;
    const blobs = path.join(this.folder, "blobs");
    const missing: HubFile[] = [];
    let present = 0;
    for (const file of files) {
      if ((await bytesIn(path.join(this.snapshot, file.name))) !== file.bytes) missing.push(file);
      else present += file.bytes;
    }
    if (missing.length === 0) return;
    const here = await Promise.all(
      missing.map(async ({ etag, bytes }) => {
        const blob = path.join(blobs, etag);
        return (await bytesIn(blob)) === bytes ? bytes : await bytesIn(partialFile(blob));
      }),
    );
    const total = present + missing.reduce((sum, { bytes }) => sum + bytes, 0);
    const open = missing.reduce((sum, { bytes }, index) => sum + Math.max(0, bytes - here[index]), 0);
    await requireSpace(blobs, open, repository);
    const show = meter(total, onProgress);
    let done = present;
    for (const file of missing) {
      await downloadFile(path.join(blobs, file.etag), file, {
        hub: this.#hub,
        url: this.#urlOf(file.name),
        onBytes: (bytes) => show(`Downloading ${repository}`, done + bytes),
        onWaiting: (bytes) => show(`Waiting for another download of ${repository}`, done + bytes),
      });
      done += file.bytes;
      await link(path.join(blobs, file.etag), path.join(this.snapshot, file.name));
    }
  }

  /** Lets a branch or a tag stand for this snapshot. */
  async pointTo(revision: string): Promise<void> {
    if (isCommit(revision)) return;
    const file = refFile(this.folder, revision);
    await writeWhole(file, this.#commit);
  }

  #urlOf(name: string): URL {
    const url = new URL(this.#hub.endpoint);
    const parts = [...this.#hub.id.repository.split("/"), "resolve", this.#commit, name];
    url.pathname = [url.pathname.replace(/\/$/, ""), ...parts.map(encodeURIComponent)].join("/");
    return url;
  }
}

/** Makes `file` stand for the blob: a relative link or, where Windows allows none, the blob itself. */
async function link(blob: string, file: string): Promise<void> {
  const folder = path.dirname(file);
  try {
    await makeFolder(folder);
    await rm(file, { force: true });
    await symlink(path.relative(folder, blob), file).catch(async (error: unknown) => {
      // Another download of the same was faster.
      if (errorCode(error) === "EEXIST" && (await realpath(file)) === (await realpath(blob))) return;
      if (errorCode(error) !== "EPERM") throw error;
      await rename(blob, file);
    });
  } catch (error) {
    throw storageError(error, folder);
  }
}

const SHOW_EVERY_MS = 100;
/** Speed is that of the last seconds. */
const SPEED_OVER_MS = 3_000;

/** Shows how far a download is, a few times a second, and how fast. */
function meter(total: number, onProgress: OnProgress | undefined): (stage: string, done: number) => void {
  let samples: { readonly at: number; readonly done: number }[] = [];
  let shownAt = -Infinity;
  return (stage, done) => {
    const at = performance.now();
    if (at - shownAt < SHOW_EVERY_MS && done < total) return;
    shownAt = at;
    samples = [...samples.filter((sample) => at - sample.at < SPEED_OVER_MS), { at, done }];
    const since = at - samples[0].at;
    const bytesPerSecond = since > 0 ? Math.max(0, Math.round((1000 * (done - samples[0].done)) / since)) : 0;
    onProgress?.({ stage, done, total, bytesPerSecond });
  };
}
