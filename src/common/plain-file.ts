// Files that come from others: only a plain file is opened, and one that is larger than what is meant is not read. A pipe
// would keep its reader waiting for ever, and a device such as /dev/zero never ends.

import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { formatBytes } from "./bytes.ts";

/** Larger than any text that a person writes for the lab. */
export const LARGEST_TEXT = 64 * 2 ** 20;

/** Opens a plain file, links followed. Throws an error of the file system, or one whose message completes "FILE cannot be read: …". */
export async function openPlainFile(file: string, most: number): Promise<{ handle: FileHandle; size: number }> {
  // A pipe that nobody writes to opens at once that way; Windows has neither the pipes nor the flag.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Error(stat.isDirectory() ? "it is a folder" : "it is no plain file");
    if (stat.size > most) throw new Error(`it has ${formatBytes(stat.size)}, more than ${formatBytes(most)}`);
    return { handle, size: stat.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** All of a plain file, as long as it was when it was opened. Throws as openPlainFile does. */
export async function readPlainFile(file: string, most: number): Promise<Buffer> {
  const { handle, size } = await openPlainFile(file, most);
  try {
    const bytes = Buffer.allocUnsafe(size);
    let length = 0;
    while (length < size) {
      const { bytesRead } = await handle.read(bytes, length, size - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}

/** What an editor may put before a text; no part of it. */
export const withoutByteOrderMark = (text: string): string => (text.startsWith("\ufeff") ? text.slice(1) : text);

/** A plain file as text, without a byte order mark. Throws as openPlainFile does. */
export const readPlainText = async (file: string, most: number): Promise<string> =>
  withoutByteOrderMark((await readPlainFile(file, most)).toString("utf8"));
