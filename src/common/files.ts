// Files that are either whole or not there: written beside their place under a temporary name, flushed, then renamed.
// What a killed writer leaves behind is never read, and is swept away by the next one.

import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { open, readdir, rename, rm, stat, statfs, type FileHandle } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { formatBytes } from "./bytes.ts";
import { LabError, messageOf } from "./errors.ts";
import { makeFolder } from "./folders.ts";
import { isRunning, thisProcess } from "./processes.ts";

/** A temporary file whose writer cannot be asked is left alone for this long after its last write. */
const UNKNOWN_WRITER_MS = 24 * 60 * 60 * 1000;
const HOST = os.hostname().replace(/[^\w-]/g, "-");
/** `.NAME.HOST.PID-BEGAN.RANDOM.tmp`; older versions wrote no BEGAN, and some systems tell none. */
const TEMPORARY = /^\..+\.([\w-]+)\.(\d+)(?:-(\d+))?\.[0-9a-f]+\.tmp$/;

export interface WholeFileOptions {
  /** Is the folder to be made where it is missing? Yes, unless somebody may have deleted it on purpose. */
  readonly makesFolder?: boolean;
}

/**
 * Writes a file whole or not at all, flushed with its name; `write` gets the open temporary file and its path. Two writers
 * at once are fine: the last one stays. Throws a LabError (storage) that names the folder, after removing what was written.
 */
export async function writeAtomically(
  file: string,
  write: (handle: FileHandle, temporaryPath: string) => Promise<void>,
  { makesFolder = true }: WholeFileOptions = {},
): Promise<void> {
  const folder = path.dirname(file);
  const random = randomBytes(6).toString("hex");
  const { pid, began } = thisProcess();
  const writer = began === "" ? pid : `${pid}-${began}`;
  const temporary = path.join(folder, `.${path.basename(file)}.${HOST}.${writer}.${random}.tmp`);
  try {
    if (makesFolder) await makeFolder(folder);
    const handle = await open(temporary, "wx");
    try {
      await write(handle, temporary);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await flushFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw storageError(error, folder);
  }
}

/** Names are as safe as the folder that has them; where a system flushes no folders, it does not need to. */
export async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder);
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows opens no folder.
  }
}

const TOOK_NOTHING = "the disk took nothing of a write";

/**
 * Writes all the bytes, at `position` or where the file stands: a disk that fills up may take a part of a write, without
 * an error, before it refuses the next. Throws what the disk says, and when it takes nothing.
 */
export async function writeFully(
  handle: Pick<FileHandle, "write">,
  bytes: Uint8Array,
  position?: number,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const at = position === undefined ? null : position + done;
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at);
    if (bytesWritten === 0) throw new Error(TOOK_NOTHING);
    done += bytesWritten;
  }
}

/** The same, waiting for the disk; `position` is where the first byte goes, or undefined for where the file stands. */
export function writeFullySync(descriptor: number, bytes: Uint8Array, position?: number): void {
  for (let done = 0; done < bytes.length;) {
    const at = position === undefined ? null : position + done;
    const written = writeSync(descriptor, bytes, done, bytes.length - done, at);
    if (written === 0) throw new Error(TOOK_NOTHING);
    done += written;
  }
}

/** A file of exactly this content, whole or as it was before. Throws as writeAtomically does. */
export const writeWhole = (file: string, content: string | Uint8Array, options?: WholeFileOptions): Promise<void> =>
  writeAtomically(file, (handle) => writeFully(handle, Buffer.from(content)), options);

/** A file that is not there yet. Throws what the disk says, EEXIST among it, after removing what was written. */
export async function writeNew(file: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(file, "wx");
  try {
    await writeFully(handle, Buffer.from(content)).finally(() => handle.close());
  } catch (error) {
    await rm(file, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Removes the temporary files of writers that are gone. */
export async function sweepTemporaryFiles(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, host, pid, began = ""] = TEMPORARY.exec(name) ?? [];
    if (host === undefined) continue;
    const file = path.join(folder, name);
    const gone =
      host === HOST
        ? !isRunning({ pid: Number(pid), began })
        : now -
            (await stat(file).then(
              ({ mtimeMs }) => mtimeMs,
              () => now,
            )) >
          UNKNOWN_WRITER_MS;
    if (gone) await rm(file, { force: true }).catch(() => undefined);
  }
}

/** Throws a LabError (storage) unless the disk under the folder has room for `bytes` more. */
export async function requireSpace(folder: string, bytes: number, what: string): Promise<void> {
  try {
    await makeFolder(folder);
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize >= bytes) return;
    throw new LabError(
      "storage",
      `${what} needs ${formatBytes(bytes)} in ${folder}, and only ${formatBytes(bavail * bsize)} are free there: ` +
        "free some space, or choose another folder.",
    );
  } catch (error) {
    throw storageError(error, folder);
  }
}

/** Any trouble of writing into a folder, as a sentence; a LabError stays what it is. */
export function storageError(error: unknown, folder: string): LabError {
  if (error instanceof LabError) return error;
  const code = errorCode(error) ?? "unknown";
  const say = (message: string) => new LabError("storage", message, { cause: error });
  if (["ENOSPC", "EDQUOT"].includes(code)) {
    return say(`The disk is full: ${folder} took no more. Free some space, or choose another folder.`);
  }
  if (["EACCES", "EPERM", "EROFS"].includes(code)) {
    return say(`${folder} cannot be written (${code}): choose another folder, or change its permissions.`);
  }
  if (["ENOTDIR", "EEXIST"].includes(code)) return say(`${folder} is not a folder: choose another folder.`);
  if (["EMFILE", "ENFILE"].includes(code)) {
    return say(`${folder} took nothing, since too many files are open (${code}): raise the limit (ulimit -n).`);
  }
  return say(`Writing into ${folder} failed: ${messageOf(error)}.`);
}

/** "ENOENT" and the like, where the error has one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The size of a file, links followed; 0 when it is not there. */
export const bytesIn = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );
