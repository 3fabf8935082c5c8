// One entry of a ZIP archive (APPNOTE 6.3.10): found in the central directory at the archive's end, then inflated as it
// is read. Archives of 4 GB and more are refused.

import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createInflateRaw } from "node:zlib";
import { writeFully } from "../../common/files.ts";
import { LabError } from "../../common/errors.ts";

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const LONGEST_COMMENT = 0xffff;
const [STORED, DEFLATED] = [0, 8];

/** Writes the content of one entry to `out`. Throws a LabError (storage) for a damaged archive. */
export async function readZip(archive: string, name: string, out: FileHandle): Promise<void> {
  const { from, bytes, method } = await locate(archive, name);
  const content = createReadStream(archive, { start: from, end: from + bytes - 1 });
  const write = async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) await writeFully(out, chunk);
  };
  if (method === STORED) return pipeline(content, write);
  if (method !== DEFLATED) throw damaged(archive, `${name} is packed in an unknown way (${method})`);
  return pipeline(content, createInflateRaw(), write);
}

async function locate(archive: string, name: string): Promise<{ from: number; bytes: number; method: number }> {
  await using file = await open(archive);
  const { size } = await file.stat();
  const tail = await bytesAt(file, Math.max(0, size - END_BYTES - LONGEST_COMMENT), size);
  let end = tail.length - END_BYTES;
  while (end >= 0 && tail.readUInt32LE(end) !== END_SIGNATURE) end--;
  if (end < 0) throw damaged(archive, "it has no directory");
  const [length, start] = [tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (start === 0xffffffff || start + length > size) throw damaged(archive, "its directory lies outside of it");
  const directory = await bytesAt(file, start, start + length);
  for (let at = 0; at + ENTRY_BYTES <= directory.length && directory.readUInt32LE(at) === ENTRY_SIGNATURE;) {
    const nameBytes = directory.readUInt16LE(at + 28);
    if (directory.toString("utf8", at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes) === name) {
      const local = directory.readUInt32LE(at + 42);
      const header = await bytesAt(file, local, local + LOCAL_BYTES);
      if (header.length < LOCAL_BYTES || header.readUInt32LE(0) !== LOCAL_SIGNATURE) break;
      const from = local + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
      return { from, bytes: directory.readUInt32LE(at + 20), method: directory.readUInt16LE(at + 10) };
    }
    at += ENTRY_BYTES + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  throw damaged(archive, `it has no ${name}`);
}

async function bytesAt(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, to - from)), 0, to - from, from);
  return buffer.subarray(0, bytesRead);
}

const damaged = (archive: string, what: string): LabError =>
  new LabError("storage", `The archive ${archive} cannot be read: ${what}.`);
