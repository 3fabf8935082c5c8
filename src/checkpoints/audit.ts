// What the bytes of a weights file are: a digest of each tensor, and whether all its numbers are finite. Reading some
// gigabytes takes seconds, so the answers are kept in the cache for as long as the file's size and times stay the same.

import { createHash } from "node:crypto";
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { LabError, messageOf, throwIfCancelled } from "../common/errors.ts";
import type { StoredType } from "./checkpoint.ts";
import { writeWhole } from "../common/files.ts";
import type { Safetensors, SafetensorsEntry } from "./safetensors.ts";

/** Of one tensor. */
export interface TensorAudit {
  /** SHA-256 of its bytes. */
  readonly digest: string;
  /** False when a NaN or an infinity is among its numbers. */
  readonly finite: boolean;
}

/** By the tensor's name in the file; those in number formats that the lab computes with. */
export type FileAudit = ReadonlyMap<string, TensorAudit>;

export interface AuditOptions {
  readonly cacheFolder: string;
  readonly signal?: AbortSignal;
  /** Told the bytes read since the last call. */
  readonly onRead: (bytes: number) => void;
}

/** Read at a time; a multiple of every number's size. */
const CHUNK_BYTES = 4 << 20;

const storedAudit = z.object({
  /** Of the tensors as they are written here. */
  sha256: z.string(),
  file: z.string(),
  size: z.number(),
  mtimeMs: z.number(),
  ctimeMs: z.number(),
  tensors: z.record(z.string(), z.object({ digest: z.string().length(64), finite: z.boolean() })),
});

/** Digests and checks a weights file, or remembers. Throws a LabError: checkpoint (unreadable), cancelled. */
export async function auditFile(file: string, { tensors }: Safetensors, options: AuditOptions): Promise<FileAudit> {
  const { size, mtimeMs, ctimeMs } = await stat(file);
  const key = { file, size, mtimeMs, ctimeMs };
  const cached = path.join(options.cacheFolder, "audits", `${sha256(file)}.json`);
  const known = await remembered(cached, key);
  if (known) return known;
  const audit = await readAll(file, tensors, options);
  const tensorsFound = Object.fromEntries(audit);
  const text = JSON.stringify({ ...key, tensors: tensorsFound, sha256: sha256(JSON.stringify(tensorsFound)) });
  // Only the time to read the file again is lost when the cache cannot be written.
  await writeWhole(cached, text).catch(() => undefined);
  return audit;
}

async function remembered(cached: string, key: object): Promise<FileAudit | undefined> {
  try {
    const { tensors, sha256: sum, ...found } = storedAudit.parse(JSON.parse(await readFile(cached, "utf8")));
    const isSame = JSON.stringify(found) === JSON.stringify(key) && sum === sha256(JSON.stringify(tensors));
    return isSame ? new Map(Object.entries(tensors)) : undefined;
  } catch {
    return undefined;
  }
}

async function readAll(
  file: string,
  tensors: ReadonlyMap<string, SafetensorsEntry>,
  { signal, onRead }: AuditOptions,
): Promise<FileAudit> {
  const audit = new Map<string, TensorAudit>();
  const handle = await open(file);
  const unreadable = (why: string) => new LabError("checkpoint", `${file} cannot be read: ${why}.`);
  try {
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (const [name, { type, byteOffset, byteLength }] of tensors) {
      if (!isStoredType(type)) continue;
      const hash = createHash("sha256");
      let finite = true;
      for (let from = 0; from < byteLength; from += CHUNK_BYTES) {
        const part = buffer.subarray(0, Math.min(CHUNK_BYTES, byteLength - from));
        if (!(await readFully(handle, part, byteOffset + from))) throw unreadable("it was cut off");
        hash.update(part);
        finite &&= allFinite(part, type);
        onRead(part.length);
        throwIfCancelled(signal);
      }
      audit.set(name, { digest: hash.digest("hex"), finite });
    }
    return audit;
  } catch (error) {
    throw error instanceof LabError ? error : unreadable(messageOf(error));
  } finally {
    await handle.close();
  }
}

/** Fills `bytes` from a place in the file; false when the file ends before. */
async function readFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<boolean> {
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
}

const NUMBER_FORMATS: readonly string[] = ["F64", "F32", "F16", "BF16"] satisfies StoredType[];
/** Is it one of the number formats that the lab computes with? */
export const isStoredType = (type: string): type is StoredType => NUMBER_FORMATS.includes(type);

/** Is no exponent all ones? That is how NaN and the infinities are written in every IEEE 754 format. */
export function allFinite(bytes: Uint8Array, type: StoredType): boolean {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (type) {
    case "F32":
      return noneHolds(new Uint32Array(buffer, byteOffset, byteLength / 4), 0x7f800000, 1, 0);
    case "F16":
      return noneHolds(new Uint16Array(buffer, byteOffset, byteLength / 2), 0x7c00, 1, 0);
    case "BF16":
      return noneHolds(new Uint16Array(buffer, byteOffset, byteLength / 2), 0x7f80, 1, 0);
    case "F64": // the exponent is in the upper word, which comes second
      return noneHolds(new Uint32Array(buffer, byteOffset, byteLength / 4), 0x7ff00000, 2, 1);
  }
}

function noneHolds(words: Uint32Array | Uint16Array, mask: number, stride: number, first: number): boolean {
  for (let i = first; i < words.length; i += stride) if ((words[i] & mask) === mask) return false;
  return true;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
