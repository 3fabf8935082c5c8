// Hidden states of one text in a file, as our own `states` command, transformers or numpy wrote them: .safetensors, or .npy
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), [T, K] or [1, T, K].

import { open, stat } from "node:fs/promises";
import { LabError, messageOf } from "../common/errors.ts";
import { errorCode } from "../common/files.ts";
import { type FloatArray, type FloatType, floats } from "../common/floats.ts";
import { type Output, OUTPUTS } from "../networks/outputs.ts";
import type { StoredType } from "./checkpoint.ts";
import { numbersOf, STORED_BYTES } from "./rows.ts";
import { readSafetensorsHeader, type Safetensors } from "./safetensors.ts";

/** The tensor of a file of one layer; of several it is followed by "." and the number of blocks. */
export const STATES_TENSOR = "hidden_states";

/** What a file says of where its states come from. */
export interface StatesOrigin {
  readonly checkpoint?: string;
  readonly fingerprint?: string;
  readonly blocks?: number;
  readonly output?: Output;
  /** Of the text that the states are of, [T]. */
  readonly tokenIds?: readonly number[];
}

/** States in a file, which has been looked at but not read. */
export interface StatesFile {
  readonly file: string;
  /** Missing in a file that holds no more than one without a name. */
  readonly tensor?: string;
  readonly type: StoredType;
  /** T */
  readonly length: number;
  /** K: the width of states, or the vocabulary's size of logits. */
  readonly width: number;
  readonly byteOffset: number;
  readonly origin: StatesOrigin;
}

export interface ReadStates {
  /** [T, K] */
  readonly values: FloatArray;
  /** Have the numbers no more digits than a 16-bit format has, whatever they are stored as? */
  readonly isRounded: boolean;
}

/** Which of several tensors is meant. */
export interface TensorChoice {
  readonly tensor?: string;
  readonly blocks?: number;
}

const NPY_MAGIC = "\x93NUMPY";
/** Far above any header that numpy writes. */
const LONGEST_NPY_HEADER = 65_536;

/** Looks at a file's header. Throws a LabError (badInput, checkpoint) when it holds no states that can be read. */
export async function describeStates(file: string, choice: TensorChoice = {}): Promise<StatesFile> {
  const begin = await firstBytes(file, 10);
  if (begin.toString("latin1", 0, 6) === NPY_MAGIC) {
    if (choice.tensor !== undefined) {
      throw bad(file, `is a .npy file, whose one tensor has no name: leave out ${JSON.stringify(choice.tensor)}`);
    }
    return npyStates(file, begin);
  }
  if (begin[8] !== "{".charCodeAt(0) && !file.endsWith(".safetensors")) {
    throw bad(file, "is neither a .safetensors nor a .npy file: save the states as one of these");
  }
  return safetensorsStates(file, await readSafetensorsHeader(file), choice);
}

/** Reads the states as real numbers. Throws a LabError (badInput) when one of them is NaN or infinite, or is not there. */
export async function readStates(states: StatesFile, type: FloatType): Promise<ReadStates> {
  const { file, length, width, byteOffset } = states;
  const bytes = new Uint8Array(length * width * STORED_BYTES[states.type]);
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    for (let done = 0; done < bytes.length;) {
      const { bytesRead } = await handle.read(bytes, done, bytes.length - done, byteOffset + done);
      if (bytesRead === 0) throw bad(file, "is cut off");
      done += bytesRead;
    }
  } finally {
    await handle.close();
  }
  const stored = numbersOf(bytes.buffer, states.type);
  const values = floats(type, stored.length);
  values.set(stored);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    const what = Number.isNaN(values[wrong]) ? "NaN" : "an infinite number";
    throw bad(file, `holds ${what} in the state of position ${Math.floor(wrong / width)}`);
  }
  return { values, isRounded: states.type === "F16" || states.type === "BF16" || hasShortFractions(stored) };
}

/** 10 bits are what float16 has, bfloat16 has 7; numbers that were computed in float32 have 23. */
function hasShortFractions(values: FloatArray): boolean {
  const short = Float32Array.from(values);
  const words = new Uint32Array(short.buffer);
  return words.every((word, i) => (word & 0x1fff) === 0 && short[i] === values[i]);
}

async function firstBytes(file: string, count: number): Promise<Buffer> {
  // Looked at before it is opened: opening a pipe waits for its writer.
  const found = await stat(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  if (!found.isFile()) throw bad(file, "is no file");
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    const bytes = Buffer.alloc(count);
    const { bytesRead } = await handle.read(bytes, 0, count, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function safetensorsStates(file: string, { tensors, metadata }: Safetensors, choice: TensorChoice): StatesFile {
  const tensor = chosen(file, [...tensors.keys()], choice);
  const { type, shape, byteOffset } = tensors.get(tensor)!;
  if (!isReal(type)) throw bad(file, `holds ${tensor} as ${type}: states are F64, F32, F16 or BF16`);
  const [length, width] = sizesOf(file, tensor, shape);
  return { file, tensor, type, length, width, byteOffset, origin: originOf(file, metadata, tensor, length) };
}

function chosen(file: string, names: readonly string[], { tensor, blocks }: TensorChoice): string {
  const list = names.slice(0, 20).join(", ") + (names.length > 20 ? ", …" : "");
  if (tensor !== undefined) {
    if (names.includes(tensor)) return tensor;
    throw bad(file, `has no tensor ${JSON.stringify(tensor)}: it has ${list || "none"}`);
  }
  if (names.length === 1) return names[0];
  const likely = [`${STATES_TENSOR}.${blocks}`, STATES_TENSOR].find((name) => names.includes(name));
  if (likely !== undefined) return likely;
  throw bad(file, names.length === 0 ? "holds no tensor" : `holds several tensors, say which one is meant: ${list}`);
}

function originOf(
  file: string,
  { checkpoint, fingerprint, blocks, output, token_ids: ids }: Readonly<Record<string, string>>,
  tensor: string,
  length: number,
): StatesOrigin {
  const own = new RegExp(`^${STATES_TENSOR}\\.(\\d+)$`).exec(tensor)?.[1] ?? blocks;
  if (own !== undefined && !/^\d{1,4}$/.test(own)) throw bad(file, `says that its blocks are ${JSON.stringify(own)}`);
  if (output !== undefined && !isOutput(output)) throw bad(file, `says that its output is ${JSON.stringify(output)}`);
  return {
    ...(checkpoint && { checkpoint }),
    ...(fingerprint && { fingerprint }),
    ...(own !== undefined && { blocks: Number(own) }),
    ...(output && { output }),
    ...(ids !== undefined && { tokenIds: tokenIdsOf(file, ids, length) }),
  };
}

function tokenIdsOf(file: string, json: string, length: number): number[] {
  const words = json.replace(/^\s*\[|\]\s*$/g, "").split(",");
  const ids = words.map((word) => (/^\s*\d{1,9}\s*$/.test(word) ? Number(word) : NaN));
  if (ids.includes(NaN)) throw bad(file, "has token_ids that are no list of whole numbers");
  if (ids.length === length) return ids;
  throw bad(file, `has ${ids.length} token_ids for the states of ${length} positions`);
}

async function npyStates(file: string, begin: Buffer): Promise<StatesFile> {
  const version = begin[6];
  const lengthBytes = version === 1 ? 2 : 4;
  const headerStart = 8 + lengthBytes;
  const prefix = await firstBytes(file, headerStart);
  if (version < 1 || version > 3 || prefix.length < headerStart)
    throw bad(file, "is a .npy file of an unknown version");
  const headerBytes = prefix.readUIntLE(8, lengthBytes);
  if (headerBytes > LONGEST_NPY_HEADER) throw bad(file, "is not a .npy file: its header is too long");
  const header = (await firstBytes(file, headerStart + headerBytes)).toString("latin1", headerStart);
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const isFortran = /'fortran_order':\s*True/.test(header);
  const dimensions = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || dimensions === undefined)
    throw bad(file, "has a .npy header without one format and shape");
  if (descr.startsWith(">")) throw bad(file, "is big endian: save it little endian");
  const type = NPY_TYPES[descr.slice(1)];
  if (type === undefined)
    throw bad(file, `holds numbers of the format ${descr}: states are float64, 32, 16 or bfloat16`);
  if (isFortran) throw bad(file, "is in Fortran order: save numpy.ascontiguousarray(states)");
  const shape = dimensions.split(",").flatMap((word) => (word.trim() === "" ? [] : Number(word)));
  const [length, width] = sizesOf(file, undefined, shape);
  const byteOffset = headerStart + headerBytes;
  const { size } = await stat(file);
  if (size !== byteOffset + length * width * STORED_BYTES[type]) {
    throw bad(file, `has ${size} bytes, which are not those of shape [${shape.join(", ")}]: is it cut off?`);
  }
  return { file, type, length, width, byteOffset, origin: {} };
}

/** V2 is how numpy writes the bfloat16 of ml_dtypes. */
const NPY_TYPES: Readonly<Record<string, StoredType | undefined>> = { f8: "F64", f4: "F32", f2: "F16", V2: "BF16" };

/** T and K. */
function sizesOf(file: string, tensor: string | undefined, shape: readonly number[]): readonly [number, number] {
  const sizes = shape.length === 3 && shape[0] === 1 ? shape.slice(1) : shape;
  if (sizes.length === 2 && sizes.every((size) => size >= 1)) return [sizes[0], sizes[1]];
  const what = tensor === undefined ? "numbers" : tensor;
  throw bad(file, `holds ${what} of shape [${shape.join(", ")}]: states of one text are [T, D] or [1, T, D]`);
}

const isReal = (type: string): type is StoredType => Object.hasOwn(STORED_BYTES, type);

const isOutput = (name: string): name is Output => (OUTPUTS as readonly string[]).includes(name);

const bad = (file: string, what: string) => new LabError("badInput", `${file} ${what}${what.endsWith("?") ? "" : "."}`);

const unreadable = (file: string, error: unknown) =>
  errorCode(error) === "ENOENT"
    ? new LabError("badInput", `There is no file ${file}.`)
    : new LabError("badInput", `${file} cannot be read: ${messageOf(error)}.`, { cause: error });
