// What a generated weights file is to hold: the SHA-256 of each piece, taken before it was written and kept in the
// cache. A file is read back and compared before it is first trusted, since a disk may lose what it took. That it was is
// remembered for as long as its size, times and inode stay the same: 500 MB take two thirds of a second.

import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { open, readFile, stat, type FileHandle } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { LabError, throwIfCancelled } from "../../common/errors.ts";
import { writeWhole } from "../../common/files.ts";
import type { OnProgress } from "../../common/progress.ts";
import { isWholeFile, type SafetensorsLayout } from "../safetensors.ts";

/** A stretch of a file. */
export type WrittenPiece = z.infer<typeof writtenPiece>;

const writtenPiece = z.object({ byteOffset: z.number(), byteLength: z.number(), sha256: z.string() });
const digestsSchema = z.object({
  /** In the order of the bytes, without a gap; the header is compared as it is. */
  pieces: z.array(writtenPiece),
  /** The file's state when it was compared; missing until then. */
  compared: z.object({ size: z.number(), mtimeMs: z.number(), ctimeMs: z.number(), ino: z.number() }).optional(),
});
type Digests = z.infer<typeof digestsSchema>;

export interface TrustOptions {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** Told a sentence about a file that is made anew because it was damaged. */
  readonly warn?: (sentence: string) => void;
}

/** A file that is planned. */
interface Planned {
  readonly file: string;
  readonly layout: SafetensorsLayout;
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * Where the digests of a folder CACHE/KIND/NAME lie: beside the folders and not in them, which are of the files that other
 * tools expect and no more.
 */
export function digestsFolder(folder: string): string {
  const kind = path.dirname(folder);
  return path.join(path.dirname(kind), "digests", path.basename(kind), path.basename(folder));
}

const digestsFile = (file: string): string =>
  path.join(digestsFolder(path.dirname(file)), `${path.basename(file)}.json`);

/** To be called before the file gets its name: then it is never there without them. Throws a LabError (storage). */
export const writeDigests = (file: string, pieces: readonly WrittenPiece[], compared?: Digests["compared"]) =>
  writeWhole(
    digestsFile(file),
    JSON.stringify({ pieces: pieces.toSorted((a, b) => a.byteOffset - b.byteOffset), compared }),
  );

/**
 * Has `write` make those of the files that are not there or not as they were written, and reads back what it made. Throws
 * what that throws; a LabError (storage) when the disk does not give back what it took; cancelled.
 */
export async function makeTrusted<File extends Planned>(
  folder: string,
  files: readonly File[],
  write: (missing: readonly File[]) => Promise<void>,
  options: TrustOptions,
): Promise<void> {
  const missing = await untrusted(folder, files, options);
  if (missing.length === 0) return;
  await write(missing);
  const [broken] = await untrusted(folder, missing, { ...options, warn: undefined });
  if (!broken) return;
  throw new LabError(
    "storage",
    `${path.join(folder, broken.file)} does not hold what was written into it: the disk loses data. Choose another folder.`,
  );
}

async function untrusted<File extends Planned>(
  folder: string,
  files: readonly File[],
  { onProgress, signal, warn }: TrustOptions,
): Promise<File[]> {
  const found: File[] = [];
  let done = 0;
  const total = files.reduce((sum, { layout }) => sum + layout.fileBytes, 0);
  for (const file of files) {
    const place = path.join(folder, file.file);
    const onRead = (bytes: number) => {
      onProgress?.({ stage: "Checking the weights", done: (done += bytes), total });
      throwIfCancelled(signal);
    };
    const state = await compare(place, file.layout, onRead);
    if (state !== "as written") found.push(file);
    if (state === "damaged") warn?.(`${place} does not hold what was written into it, and is made anew.`);
  }
  return found;
}

async function compare(
  file: string,
  layout: SafetensorsLayout,
  onRead: (bytes: number) => void,
): Promise<"as written" | "damaged" | "missing"> {
  if (!(await isWholeFile(file, layout))) return "missing";
  const digests = await readDigests(file);
  // Of an older version, which wrote none.
  if (!digests) return "missing";
  const before = stateOf(await stat(file));
  if (JSON.stringify(digests.compared) === JSON.stringify(before)) return "as written";
  if (!(await holds(file, digests.pieces, layout, onRead))) return "damaged";
  // Where the cache cannot be written, it is compared again the next time.
  await writeDigests(file, digests.pieces, before).catch(() => undefined);
  return "as written";
}

const stateOf = ({ size, mtimeMs, ctimeMs, ino }: Stats) => ({ size, mtimeMs, ctimeMs, ino });

async function readDigests(file: string): Promise<Digests | undefined> {
  try {
    return digestsSchema.parse(JSON.parse(await readFile(digestsFile(file), "utf8")));
  } catch {
    return undefined;
  }
}

/** Are these all the bytes behind the header? */
async function holds(
  file: string,
  pieces: readonly WrittenPiece[],
  { header, fileBytes }: SafetensorsLayout,
  onRead: (bytes: number) => void,
): Promise<boolean> {
  const handle = await open(file);
  try {
    let at = header.length;
    for (const { byteOffset, byteLength, sha256 } of pieces) {
      if (byteOffset !== at || at + byteLength > fileBytes) return false;
      if ((await digestOf(handle, byteOffset, byteLength)) !== sha256) return false;
      at += byteLength;
      onRead(byteLength);
    }
    return at === fileBytes;
  } finally {
    await handle.close();
  }
}

/** Read at a time. */
const CHUNK_BYTES = 4 << 20;

async function digestOf(handle: FileHandle, from: number, byteLength: number): Promise<string | undefined> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, byteLength));
  for (let done = 0; done < byteLength;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, byteLength - done), from + done);
    if (bytesRead === 0) return undefined;
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return hash.digest("hex");
}
