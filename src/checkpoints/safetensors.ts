// The safetensors format: 8 bytes with the header's length N (little endian), N bytes of JSON that name each tensor's
// number format, shape and place, then the tensors' bytes without a gap. https://github.com/huggingface/safetensors

import { type FileHandle, open, stat } from "node:fs/promises";
import { formatBytes } from "../common/bytes.ts";
import { LabError } from "../common/errors.ts";
import { shortJson } from "../common/short-json.ts";
import { errorCode, type WholeFileOptions, writeAtomically, writeFully } from "../common/files.ts";

/** Bytes of a number in every format that the header may name; some take less than one. */
const FORMAT_BYTES = {
  C64: 8,
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2FNUZ: 1,
  F6_E2M3: 6 / 8,
  F6_E3M2: 6 / 8,
  F4: 4 / 8,
} as const;
export type SafetensorsType = keyof typeof FORMAT_BYTES;

export interface SafetensorsEntry {
  readonly type: SafetensorsType;
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** What the file says of itself, by tensor name in the order of the bytes. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own limit. */
const LARGEST_HEADER = 100_000_000;
const LENGTH_BYTES = 8;
/** gpt2-xl has 580. */
const MOST_TENSORS = 100_000;
const MOST_AXES = 16;
/** Bytes of JSON in parts of the header, above all that a network needs. */
const LONGEST_NAME = 10_000;
const LARGEST_ENTRY = 10_000;
const LARGEST_METADATA = 1_000_000;
const METADATA = "__metadata__";
/** How the text begins that stands for a large file in a git repository. */
const LFS_POINTER = "version ";

/** A file to be written: its first bytes, where each tensor goes, and its size. */
export interface SafetensorsLayout extends Safetensors {
  /** Length and JSON; what the file starts with. */
  readonly header: Uint8Array;
  readonly fileBytes: number;
}

/** Plans a file that holds the tensors in the given order. The header is padded so that they start at 8 bytes. */
export function layOutSafetensors(
  tensors: readonly { readonly name: string; readonly type: SafetensorsType; readonly shape: readonly number[] }[],
  metadata: Readonly<Record<string, string>>,
): SafetensorsLayout {
  const json: [string, object][] = [[METADATA, metadata]];
  const lengths: number[] = [];
  let end = 0;
  for (const { name, type, shape } of tensors) {
    const byteLength = sizeOf(shape) * FORMAT_BYTES[type];
    json.push([name, { dtype: type, shape, data_offsets: [end, end + byteLength] }]);
    lengths.push(byteLength);
    end += byteLength;
  }
  // Not JSON.stringify of an object alone: it would put names like "1" first.
  const text = new TextEncoder().encode(
    `{${json.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(",")}}`,
  );
  const jsonBytes = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(LENGTH_BYTES + jsonBytes).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(jsonBytes), true);
  header.set(text, LENGTH_BYTES);

  let byteOffset = header.length;
  const entries = tensors.map(({ name, type, shape }, i): [string, SafetensorsEntry] => {
    const entry = { type, shape, byteOffset, byteLength: lengths[i] };
    byteOffset += lengths[i];
    return [name, entry];
  });
  return { header, tensors: new Map(entries), metadata, fileBytes: header.length + end };
}

/** A tensor to be written; its values in the format that the file is to have them in. */
export interface TensorToWrite {
  readonly name: string;
  readonly type: SafetensorsType;
  readonly shape: readonly number[];
  readonly values: NodeJS.ArrayBufferView;
}

/** Writes a file whole or not at all. Throws a LabError (storage). */
export async function writeSafetensors(
  file: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
  options: WholeFileOptions = {},
): Promise<void> {
  const { header } = layOutSafetensors(tensors, metadata);
  const write = async (handle: FileHandle): Promise<void> => {
    await writeFully(handle, header);
    for (const { values } of tensors) {
      await writeFully(handle, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
  };
  await writeAtomically(file, write, options);
}

/** Is the file there, with exactly the header and the size of the plan? */
export async function isWholeFile(file: string, { header, fileBytes }: SafetensorsLayout): Promise<boolean> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    if ((await handle.stat()).size !== fileBytes) return false;
    const found = Buffer.alloc(header.length);
    await handle.read(found, 0, found.length, 0);
    return found.equals(header);
  } finally {
    await handle.close();
  }
}

/**
 * Reads a file's header and checks every claim in it against the file's size. Throws a LabError (checkpoint); reads
 * and allocates no more than the header, and no header above the format's limit of 100 MB.
 */
export async function readSafetensorsHeader(file: string): Promise<Safetensors> {
  const unreadable = (error: unknown): never => {
    throw broken(file, errorCode(error) === "ENOENT" ? "it is not there" : `it cannot be read (${errorCode(error)})`);
  };
  // Looked at before it is opened: opening a pipe waits for its writer.
  if (!(await stat(file).catch(unreadable)).isFile()) throw broken(file, "it is no file");
  const handle = await open(file).catch(unreadable);
  try {
    const { size } = await handle.stat();
    const length = new DataView(new ArrayBuffer(LENGTH_BYTES));
    if (size < LENGTH_BYTES) throw broken(file, `it ends after ${formatBytes(size)}`);
    await handle.read(length, 0, LENGTH_BYTES, 0);
    if (new TextDecoder().decode(length) === LFS_POINTER) {
      throw broken(file, "it is what Git LFS leaves in its place until `git lfs pull` brings it");
    }
    const jsonBytes = length.getBigUint64(0, true);
    if (jsonBytes > BigInt(LARGEST_HEADER)) {
      throw broken(file, `its header claims ${jsonBytes} bytes, more than the 100 MB that the format allows`);
    }
    if (LENGTH_BYTES + Number(jsonBytes) > size) {
      throw broken(file, `its header claims ${jsonBytes} bytes, and the file has ${size}: is it cut off?`);
    }
    const json = new Uint8Array(Number(jsonBytes));
    const { bytesRead } = await handle.read(json, 0, json.length, LENGTH_BYTES);
    return parseSafetensorsHeader(json.subarray(0, bytesRead), size, file);
  } finally {
    await handle.close();
  }
}

/**
 * The header's JSON of a file of `fileBytes`; `file` is for the sentences. It is taken apart member by member and given up
 * at the first that is wrong, because JSON.parse makes some gigabytes of a header of 100 MB. Throws a LabError
 * (checkpoint).
 */
export function parseSafetensorsHeader(json: Uint8Array, fileBytes: number, file: string): Safetensors {
  const dataStart = LENGTH_BYTES + json.length;
  const tensors = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, string> | undefined;
  for (const member of membersOf(json, file)) {
    const name = parseJson(member.key, file) as string;
    const wrong = (what: string) => broken(file, `its tensor ${shortJson(name)} ${what}`);
    if (tensors.has(name) || (name === METADATA && metadata)) {
      throw broken(file, `its header names ${shortJson(name)} twice`);
    }
    if (name === METADATA) metadata = parseMetadata(member.value, file);
    else tensors.set(name, parseEntry(member.value, dataStart, file, wrong));
    if (tensors.size > MOST_TENSORS) throw broken(file, `its header names more than ${MOST_TENSORS} tensors`);
  }
  const entries = [...tensors];
  entries.sort(([, a], [, b]) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let end = dataStart;
  for (const [name, { byteOffset, byteLength }] of entries) {
    if (byteOffset !== end) {
      const fault = byteOffset < end ? "overlaps the one before it" : "leaves a gap before it";
      throw broken(file, `its tensor ${shortJson(name)} ${fault}`);
    }
    end += byteLength;
  }
  if (end !== fileBytes) {
    const fault = end > fileBytes ? "is it cut off?" : "something was added to it";
    throw broken(file, `its tensors end at byte ${end}, and the file at byte ${fileBytes}: ${fault}`);
  }
  return { tensors: new Map(entries), metadata: metadata ?? {} };
}

function parseMetadata(value: Uint8Array, file: string): Record<string, string> {
  const metadata = value.length <= LARGEST_METADATA ? (parseJson(value, file) ?? {}) : undefined;
  if (isRecord(metadata) && Object.values(metadata).every((text) => typeof text === "string")) {
    return metadata as Record<string, string>;
  }
  throw broken(file, `its ${METADATA} is not a table of texts`);
}

function parseEntry(
  value: Uint8Array,
  dataStart: number,
  file: string,
  wrong: (what: string) => LabError,
): SafetensorsEntry {
  const claim = value.length <= LARGEST_ENTRY ? parseJson(value, file) : undefined;
  if (!isRecord(claim)) throw wrong("has no description");
  const { dtype, shape, data_offsets: offsets } = claim;
  if (!isType(dtype)) throw wrong(`has the unknown number format ${shortJson(dtype)}`);
  if (!isCounts(shape) || shape.length > MOST_AXES) throw wrong(`has the impossible shape ${shortJson(shape)}`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    throw wrong(`has the impossible place ${shortJson(offsets)}`);
  }
  const byteLength = offsets[1] - offsets[0];
  if (sizeOf(shape) * FORMAT_BYTES[dtype] !== byteLength) {
    throw wrong(`has the shape [${shape.join(", ")}] in ${dtype}, but ${byteLength} bytes`);
  }
  return { type: dtype, shape, byteOffset: dataStart + offsets[0], byteLength };
}

function parseJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw notJson(file);
  }
}

/**
 * The members of a JSON object as they stand there, each key with its quotes. A value is looked at only to find its end,
 * whoever parses it finds out whether it is JSON. Throws a LabError (checkpoint).
 */
function* membersOf(json: Uint8Array, file: string): Generator<{ key: Uint8Array; value: Uint8Array }> {
  const [quote, backslash, comma, colon, open, close] = [...'"\\,:{}'].map((character) => character.charCodeAt(0));
  let i = 0;
  const afterSpace = (): number => {
    while ([0x20, 0x09, 0x0a, 0x0d].includes(json[i])) i++;
    return json[i];
  };
  const take = (byte: number): void => {
    if (afterSpace() !== byte) throw notJson(file);
    i++;
  };
  /** From its quote to behind its other one. */
  const skipText = (): void => {
    while (++i < json.length && json[i] !== quote) if (json[i] === backslash) i++;
    i++;
  };

  if (afterSpace() !== open) throw broken(file, "its header is not a JSON object");
  i++;
  for (let first = true; afterSpace() !== close; first = false) {
    if (!first) take(comma);
    if (afterSpace() !== quote) throw notJson(file);
    const from = i;
    skipText();
    const key = json.subarray(from, i);
    if (key.length > LONGEST_NAME) throw broken(file, `one of its tensors has a name of ${formatBytes(key.length)}`);
    take(colon);
    afterSpace();
    const start = i;
    for (let depth = 0; i < json.length; i++) {
      const byte = json[i];
      if (depth === 0 && (byte === comma || byte === close)) break;
      // "[" and "]" stand 32 before "{" and "}".
      if (byte === open || byte === open - 0x20) depth++;
      else if (byte === close || byte === close - 0x20) depth--;
      else if (byte === quote) {
        skipText();
        i--;
      }
    }
    yield { key, value: json.subarray(start, i) };
  }
  i++;
  afterSpace();
  if (i !== json.length) throw notJson(file);
}

const notJson = (file: string) => broken(file, "its header is not JSON");

const broken = (file: string, what: string) =>
  new LabError("checkpoint", `${file} is not a whole safetensors file: ${what}.`);

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, extent) => size * extent, 1);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isType = (value: unknown): value is SafetensorsType =>
  typeof value === "string" && Object.hasOwn(FORMAT_BYTES, value);

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
