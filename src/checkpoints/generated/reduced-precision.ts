// Checkpoints in reduced precision: each matrix that a network multiplies with as bytes, w ≈ scale · (byte − 128), with
// scale = max |w| / 127 for each of its outputs, or as the nearest numbers of 16 bits; all other weights as they are. Made
// from any checkpoint and kept in the cache, one file a block and one for what follows the blocks, each written when it is
// first needed.

import { type FileHandle, open, realpath } from "node:fs/promises";
import path from "node:path";
import { yieldToEventLoop } from "../../common/event-loop.ts";
import { LabError, messageOf, throwIfCancelled } from "../../common/errors.ts";
import type { FloatArray } from "../../common/floats.ts";
import { isMatrix, type MatrixWeight, type Weight } from "../../networks/architectures/architecture.ts";
import { blockWeights, readoutWeights } from "../../networks/architectures/architectures.ts";
import { PRECISION_BITS, type ReducedPrecision, scaleName } from "../../networks/weight-formats.ts";
import type { Checkpoint, StoredTensor } from "../checkpoint.ts";
import { requireSpace, sweepTemporaryFiles, writeAtomically, writeFully } from "../../common/files.ts";
import { fromFloat16, openRows, type RowReader } from "../rows.ts";
import { makeTrusted, sha256, type TrustOptions, writeDigests, type WrittenPiece } from "./written-files.ts";
import { isWholeFile, layOutSafetensors, type SafetensorsLayout } from "../safetensors.ts";

/** Folder of all quantised checkpoints in the cache. */
const QUANTISED = "quantised";
/** Σ (w − ŵ)² and Σ w² over a file's matrices, ŵ being what the bytes stand for. */
const ERROR = "quantisation_error";
/** The largest byte is 128 + 127; 0 is left out, so that w and −w are equally well off. */
const LARGEST = 127;
const ZERO_BYTE = 128;
/** Numbers read at a time. */
const CHUNK = 1 << 20;

export interface QuantisingOptions extends TrustOptions {
  readonly cacheFolder: string;
}

export interface QuantisedCheckpoint {
  /** Matrices are F16, or U8 with their scales beside them; embeddings are not in it. */
  readonly checkpoint: Checkpoint;
  /** ‖w − ŵ‖₂ / ‖w‖₂ over the matrices of the blocks. */
  readonly error: number;
}

/**
 * The first `blocks` blocks of a checkpoint and its head in reduced precision, after writing what is not in the cache
 * yet; the weights are read in pieces. One that has them in 16 bits itself is taken as it is. Throws a LabError:
 * checkpoint (unreadable), storage (full or read-only disk), cancelled. Two processes may do this at once.
 */
export async function quantise(
  checkpoint: Checkpoint,
  blocks: number,
  format: ReducedPrecision,
  options: QuantisingOptions,
): Promise<QuantisedCheckpoint> {
  const { formatVersion } = FORMATS[format];
  const folder = path.join(options.cacheFolder, QUANTISED, `${checkpoint.fingerprint.slice(0, 32)}-${formatVersion}`);
  const shards = shardsOf(checkpoint, blocks, format);
  const isFloat16 = ({ name }: MatrixWeight): boolean => checkpoint.tensors.get(name)!.type === "F16";
  if (format === "float16" && shards.every(({ matrices }) => matrices.every(isFloat16)))
    return { checkpoint, error: 0 };
  const write = (missing: readonly Shard[]) => writeShards(checkpoint, folder, missing, format, options);
  await makeTrusted(folder, shards, write, options);
  return {
    checkpoint: { ...checkpoint, folder: await realpath(folder), tensors: new Map(shards.flatMap(storedTensors)) },
    error: await errorOf(
      folder,
      shards.filter(({ file }) => file !== READOUT),
    ),
  };
}

/** Rows of a matrix, from `firstRow` on, in reduced precision; `squares` grows by Σ (w − ŵ)² and Σ w². */
type Encode = (values: FloatArray, firstRow: number, squares: Float64Array) => Uint8Array | Uint16Array;

interface Format {
  /** Part of the folder's name. Goes up whenever the same weights would become other bytes. */
  readonly formatVersion: string;
  /** What is stored of a matrix, wider numbers first: then every number starts where its size asks for. */
  readonly stored: (matrix: MatrixWeight) => readonly PlannedTensor[];
  /** `scale` is what the file holds beside the matrix, where it holds that. */
  readonly encoder: (
    rows: RowReader,
    matrix: MatrixWeight,
  ) => Promise<{ readonly encode: Encode; readonly scale?: Float32Array }>;
}

type PlannedTensor = Parameters<typeof layOutSafetensors>[0][number];

const FORMATS: Readonly<Record<ReducedPrecision, Format>> = {
  int8: {
    formatVersion: "1",
    stored: ({ name, shape, outputAxis }) => [
      { name: scaleName(name), type: "F32", shape: [shape[outputAxis]] },
      { name, type: "U8", shape },
    ],
    encoder: async (rows, { outputAxis: axis }) => {
      const scale = await scalesOf(rows, axis);
      return { scale, encode: (values, from, squares) => bytesOf(values, from, rows.width, scale, axis, squares) };
    },
  },
  float16: {
    formatVersion: "float16-1",
    stored: ({ name, shape }) => [{ name, type: "F16", shape }],
    encoder: async () => ({ encode: (values, _, squares) => toFloat16(values, squares) }),
  },
};

/** A file of a quantised checkpoint, planned. */
interface Shard {
  readonly file: string;
  /** Those that get fewer bits. */
  readonly matrices: readonly MatrixWeight[];
  /** Those that stay as they are. */
  readonly copied: readonly string[];
  readonly layout: SafetensorsLayout;
}

/** The file of what follows the last block. */
const READOUT = "ending.safetensors";

function shardsOf({ config, tensors, source }: Checkpoint, blocks: number, format: ReducedPrecision): Shard[] {
  const shard = (file: string, weights: readonly Weight[]): Shard => {
    const matrices = weights.filter(isMatrix);
    const copied = weights.filter((weight) => !isMatrix(weight));
    const planned = matrices.map((matrix) => FORMATS[format].stored(matrix));
    for (const { name } of weights) {
      if (tensors.has(name) && tensors.get(name)!.type !== "U8") continue;
      throw new LabError("checkpoint", `The weight ${name} is not in the checkpoint ${source}.`);
    }
    const layout = layOutSafetensors(
      [
        { name: ERROR, type: "F64", shape: [2] },
        ...planned.flatMap((parts) => parts.slice(0, -1)),
        ...copied.map(({ name, shape }) => ({ name, shape, type: tensors.get(name)!.type })),
        ...planned.flatMap((parts) => parts.slice(-1)),
      ],
      { format: "pt", zero_byte: String(ZERO_BYTE) },
    );
    return { file, matrices, copied: copied.map(({ name }) => name), layout };
  };
  return [
    ...Array.from({ length: blocks }, (_, i) => shard(`block-${i}.safetensors`, blockWeights(config, i))),
    shard(READOUT, readoutWeights(config)),
  ];
}

function storedTensors({ file, layout }: Shard): [string, StoredTensor][] {
  return [...layout.tensors].map(([name, { shape, type, byteOffset, byteLength }]) => [
    name,
    { shape, type: type as StoredTensor["type"], file, byteOffset, byteLength },
  ]);
}

async function writeShards(
  checkpoint: Checkpoint,
  folder: string,
  shards: readonly Shard[],
  format: ReducedPrecision,
  { onProgress, signal }: QuantisingOptions,
): Promise<void> {
  await sweepTemporaryFiles(folder, Date.now());
  const bytes = shards.reduce((sum, { layout }) => sum + layout.fileBytes, 0);
  await requireSpace(folder, bytes, `${checkpoint.source} in ${PRECISION_BITS[format]} bits`);
  let done = 0;
  const onWritten = async (count: number): Promise<void> => {
    onProgress?.({
      stage: `Writing the weights in ${PRECISION_BITS[format]} bits`,
      done: (done += count),
      total: bytes,
    });
    await yieldToEventLoop();
    throwIfCancelled(signal);
  };
  await onWritten(0);
  for (const shard of shards) {
    const file = path.join(folder, shard.file);
    try {
      await writeAtomically(file, async (handle) =>
        writeDigests(file, await writeShard(handle, shard, checkpoint, format, onWritten)),
      );
    } catch (error) {
      // Windows does not let a file be replaced that another process reads: then that process has written it.
      if (!(await isWholeFile(file, shard.layout))) throw error;
    }
  }
}

type OnWritten = (bytes: number) => Promise<void>;

async function writeShard(
  handle: FileHandle,
  { matrices, copied, layout }: Shard,
  checkpoint: Checkpoint,
  format: ReducedPrecision,
  onWritten: OnWritten,
): Promise<WrittenPiece[]> {
  const written: WrittenPiece[] = [];
  type Numbers = ReturnType<Encode> | Float32Array | Float64Array;
  const write = async (name: string, array: Numbers, at = 0): Promise<void> => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const byteOffset = layout.tensors.get(name)!.byteOffset + at;
    written.push({ byteOffset, byteLength: bytes.length, sha256: sha256(bytes) });
    await writeFully(handle, bytes, byteOffset);
    await onWritten(bytes.length);
  };
  await writeFully(handle, layout.header, 0);
  for (const name of copied) await write(name, await readTensor(checkpoint, name));
  const squares = new Float64Array(2);
  for (const matrix of matrices) {
    const { name } = matrix;
    const rows = openRows(checkpoint, name);
    try {
      const { encode, scale } = await FORMATS[format].encoder(rows, matrix);
      if (scale) await write(scaleName(name), scale);
      await inChunks(rows, async (values, from) => {
        const numbers = encode(values, from, squares);
        await write(name, numbers, from * rows.width * numbers.BYTES_PER_ELEMENT);
      });
    } finally {
      rows.close();
    }
  }
  await write(ERROR, squares);
  return written;
}

async function inChunks(
  rows: RowReader,
  use: (values: FloatArray, firstRow: number) => Promise<unknown>,
): Promise<void> {
  const count = Math.max(1, Math.floor(CHUNK / rows.width));
  for (let from = 0; from < rows.rows; from += count)
    await use(rows.read(from, Math.min(count, rows.rows - from)), from);
}

/** max |w| / 127 of each row (axis 0) or column (axis 1). */
async function scalesOf(rows: RowReader, axis: 0 | 1): Promise<Float32Array> {
  const { width } = rows;
  const largest = new Float32Array(axis === 0 ? rows.rows : width);
  await inChunks(rows, async (values, firstRow) => {
    for (let start = 0, row = firstRow; start < values.length; start += width, row++) {
      if (axis === 1) {
        for (let column = 0; column < width; column++) {
          const magnitude = Math.abs(values[start + column]);
          if (magnitude > largest[column]) largest[column] = magnitude;
        }
      } else {
        let most = 0;
        for (let column = 0; column < width; column++) {
          const magnitude = Math.abs(values[start + column]);
          if (magnitude > most) most = magnitude;
        }
        largest[row] = most;
      }
    }
    await yieldToEventLoop();
  });
  return largest.map((most) => most / LARGEST);
}

/** Rows of w, the first of them being `firstRow`, as bytes; `squares` grows by Σ (w − ŵ)² and Σ w². */
function bytesOf(
  values: FloatArray,
  firstRow: number,
  width: number,
  scale: Float32Array,
  axis: 0 | 1,
  squares: Float64Array,
): Uint8Array {
  const bytes = new Uint8Array(values.length);
  const perUnit = Float64Array.from(scale, (unit) => (unit === 0 ? 0 : 1 / unit));
  let lost = 0;
  let all = 0;
  for (let start = 0, row = firstRow; start < values.length; start += width, row++) {
    for (let column = 0; column < width; column++) {
      const value = values[start + column];
      const output = row + axis * (column - row);
      // Truncation is fast, and rounds to the nearest what is positive with a half more.
      const byte = (value * perUnit[output] + (ZERO_BYTE + 0.5)) | 0;
      bytes[start + column] = byte;
      const rest = value - scale[output] * (byte - ZERO_BYTE);
      lost += rest * rest;
      all += value * value;
    }
  }
  squares[0] += lost;
  squares[1] += all;
  return bytes;
}

/** In the bits of binary32: the largest number of 16 bits, the smallest one with a leading one, and 112 exponents. */
const [LARGEST_FLOAT16, SMALLEST_NORMAL_FLOAT16, EXPONENTS_BETWEEN] = [0x477fe000, 0x38800000, 0x38000000];

/** Each number as the nearest one of IEEE 754's binary16, of two the even one; the largest for what is beyond it. */
export function toFloat16(values: FloatArray, squares: Float64Array): Uint16Array {
  const single = Float32Array.from(values);
  const bits = new Uint32Array(single.buffer);
  const result = new Uint16Array(values.length);
  let [lost, all] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const magnitude = bits[i] & 0x7fffffff;
    let word = 0x7bff;
    if (magnitude < SMALLEST_NORMAL_FLOAT16) {
      // Whole multiples of 2⁻²⁴; doubles from 2⁵² on have no fraction.
      word = Math.abs(single[i]) * 2 ** 24 + 2 ** 52 - 2 ** 52;
    } else if (magnitude < LARGEST_FLOAT16) {
      const tie = (magnitude >>> 13) & 1;
      word = (magnitude - EXPONENTS_BETWEEN + 0xfff + tie) >>> 13;
    }
    result[i] = ((bits[i] >>> 16) & 0x8000) | word;
    const rest = values[i] - fromFloat16(result[i]);
    lost += rest * rest;
    all += values[i] * values[i];
  }
  squares[0] += lost;
  squares[1] += all;
  return result;
}

/** A tensor's bytes as they are stored. */
async function readTensor({ folder, tensors }: Checkpoint, name: string): Promise<Uint8Array> {
  const { file, byteOffset, byteLength } = tensors.get(name)!;
  return readBytes(path.join(folder, file), byteOffset, byteLength);
}

async function readBytes(file: string, byteOffset: number, byteLength: number): Promise<Uint8Array> {
  try {
    const handle = await open(file);
    try {
      const bytes = new Uint8Array(byteLength);
      const { bytesRead } = await handle.read(bytes, 0, byteLength, byteOffset);
      if (bytesRead < byteLength) throw new Error("it was cut off");
      return bytes;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new LabError("checkpoint", `${file} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
}

async function errorOf(folder: string, shards: readonly Shard[]): Promise<number> {
  let [lost, all] = [0, 0];
  for (const { file, layout } of shards) {
    const { byteOffset, byteLength } = layout.tensors.get(ERROR)!;
    const squares = new Float64Array((await readBytes(path.join(folder, file), byteOffset, byteLength)).buffer);
    lost += squares[0];
    all += squares[1];
  }
  return lost === 0 ? 0 : Math.sqrt(lost / all);
}
