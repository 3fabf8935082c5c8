// One file of the hub on its way into the cache: beside its place under another name, resumed where an earlier try broke
// off, checked against its length and hash, then renamed. @huggingface/hub's own download starts anew after a break,
// checks neither, and loses a server's status; so the bytes are fetched here.

import { createHash, type Hash } from "node:crypto";
import { constants, type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { LabError, throwIfCancelled } from "../../common/errors.ts";
import { bytesIn, storageError, writeFully } from "../../common/files.ts";
import { withFileLock } from "../../common/file-lock.ts";
import { type Hub, TransientError, retry, request } from "./hub-request.ts";

/** A file as the hub lists it. */
export interface HubFile {
  /** In the repository. */
  readonly name: string;
  readonly bytes: number;
  /** Its name among the blobs, and its hash: SHA-256 (64 digits) of a large file, git's SHA-1 (40 digits) of another. */
  readonly etag: string;
}

export interface FileDownloadOptions {
  readonly hub: Hub;
  readonly url: URL;
  /** Told the bytes of this file that are here. */
  readonly onBytes: (bytes: number) => void;
  /** The same while another process is downloading it. */
  readonly onWaiting: (bytes: number) => void;
}

/** Files in the making are named after the lab: another tool writes to `.incomplete` as it likes. */
const PARTIAL = ".inversion-lab.incomplete";
export const partialFile = (blob: string): string => blob + PARTIAL;
export const isPartialFile = (file: string): boolean => file.endsWith(PARTIAL);
const lockFile = (blob: string): string => `${blob}.inversion-lab.lock`;
const READ_BYTES = 1 << 20;

/**
 * Downloads a file unless it is there. Two processes may do this at once: one downloads, the other waits for it. Throws
 * a LabError: network, checkpoint, storage, cancelled.
 */
export async function downloadFile(blob: string, file: HubFile, options: FileDownloadOptions): Promise<void> {
  const { hub, onBytes, onWaiting } = options;
  const isThere = async () => (await stat(blob).catch(() => undefined))?.size === file.bytes;
  if (await isThere()) return onBytes(file.bytes);
  const waiting = async () => onWaiting(await bytesIn(partialFile(blob)));
  try {
    await withFileLock(lockFile(blob), { signal: hub.signal, onWaiting: waiting }, async () => {
      if (!(await isThere())) await downloadTo(blob, file, options);
      onBytes(file.bytes);
    });
  } catch (error) {
    throw storageError(error, path.dirname(blob));
  }
}

async function downloadTo(blob: string, file: HubFile, options: FileDownloadOptions): Promise<void> {
  const partial = partialFile(blob);
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT, 0o666);
  try {
    // What was resumed may be at fault: a file that is wrong is fetched once more, from its first byte.
    if (!(await fill(handle, file, options)) && !(await fill(handle, file, options))) {
      throw new LabError(
        "network",
        `${file.name} of ${options.hub.id.repository} came from ${options.hub.endpoint.host} with another content than ` +
          "its hash says, twice: it was thrown away. Try again later, or over another network.",
      );
    }
    await handle.sync();
  } catch (error) {
    await handle.close();
    if ((await bytesIn(partial)) === 0) await rm(partial, { force: true });
    throw error;
  }
  await handle.close();
  await rename(partial, blob).catch(async (error: unknown) => {
    // A lock was broken, and the other one was faster.
    if ((await bytesIn(blob)) !== file.bytes) throw error;
  });
}

/** Gets all bytes that are missing; empties the file and says false when they are not the right ones. */
async function fill(handle: FileHandle, file: HubFile, { hub, url, onBytes }: FileDownloadOptions): Promise<boolean> {
  let hash = newHash(file);
  let offset = await hashExisting(handle, file, hash, hub.signal);
  let farthest = offset;
  const startAnew = async () => {
    await stored(handle.truncate(0));
    hash = newHash(file);
    offset = 0;
  };
  if (offset > file.bytes) await startAnew();
  onBytes(offset);

  const take = async (response: Response, alive: () => void, onAdvance: () => void): Promise<void> => {
    if (response.status !== 206) await startAnew();
    checkPlace(response, offset, file);
    for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      alive();
      if (offset + part.length > file.bytes) throw new TransientError(`sent more of ${file.name} than it has`);
      await stored(writeFully(handle, part, offset));
      hash.update(part);
      offset += part.length;
      if (offset > farthest) onAdvance();
      farthest = Math.max(farthest, offset);
      onBytes(offset);
    }
    if (offset < file.bytes) throw new TransientError(`sent less of ${file.name} than it has`);
  };
  await retry(hub, async (onAdvance) => {
    if (offset === file.bytes) return;
    // Encoded answers have no ranges, and another length.
    const headers = { "Accept-Encoding": "identity", ...(offset > 0 && { Range: `bytes=${offset}-` }) };
    await request(hub, url, { headers }, (response, alive) => take(response, alive, onAdvance)).catch(async (error) => {
      if (error instanceof TransientError && error.noSuchRange) await startAnew();
      throw error;
    });
  });
  if (hash.digest("hex") === file.etag) return true;
  await stored(handle.truncate(0));
  return false;
}

/** git's hash is of the content with a head before it. */
function newHash({ etag, bytes }: HubFile): Hash {
  return etag.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${bytes}\0`);
}

/** Takes what an earlier try has left into the hash; the bytes there are. */
async function hashExisting(
  handle: FileHandle,
  { bytes }: HubFile,
  hash: Hash,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { size } = await handle.stat();
  if (size > bytes) return size;
  const buffer = new Uint8Array(READ_BYTES);
  let offset = 0;
  while (offset < size) {
    throwIfCancelled(signal);
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - offset), offset);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    offset += bytesRead;
  }
  return offset;
}

/** Throws a TransientError unless the answer is the file from `offset` on, in the length that the hub lists. */
function checkPlace({ status, headers }: Response, offset: number, { name, bytes }: HubFile): void {
  const length = headers.get("Content-Length");
  const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("Content-Range") ?? "") ?? [];
  const right =
    status === 206
      ? Number(from) === offset && (total === "*" || Number(total) === bytes)
      : length === null || Number(length) === bytes;
  if (!right) throw new TransientError(`announces ${name} in another length than it lists`);
}

/** Trouble with the disk, told apart from trouble with the network. */
const stored = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw storageError(error, "the Hugging Face cache");
  });
