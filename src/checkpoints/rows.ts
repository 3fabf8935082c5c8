// Reading rows of a stored matrix as numbers, whatever format they are stored in.

import { closeSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { LabError, messageOf } from "../common/errors.ts";
import { floats, type FloatArray, type FloatType } from "../common/floats.ts";
import type { Checkpoint, StoredType } from "./checkpoint.ts";

/** Bytes of a number as stored. */
export const STORED_BYTES: Readonly<Record<StoredType, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/** An open matrix [N, D]. */
export interface RowReader {
  readonly rows: number;
  readonly width: number;
  /** Float64Array where stored as F64, else Float32Array. */
  readonly type: FloatType;
  /** Rows from…from+count−1, [count, D]. */
  read(from: number, count: number): FloatArray;
  close(): void;
}

/** Opens a matrix of the checkpoint for reading. Throws a LabError (checkpoint) when it is not there. */
export function openRows(checkpoint: Checkpoint, name: string): RowReader {
  const stored = checkpoint.tensors.get(name);
  if (stored === undefined || stored.shape.length !== 2 || stored.type === "U8") {
    throw new LabError("checkpoint", `The checkpoint ${checkpoint.source} has no matrix ${name} of real numbers.`);
  }
  const { type } = stored;
  const file = path.join(checkpoint.folder, stored.file);
  const [rows, width] = stored.shape;
  const rowBytes = width * STORED_BYTES[type];
  const unreadable = (why: string) => new LabError("checkpoint", `${name} cannot be read from ${file}: ${why}.`);
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    throw unreadable(messageOf(error));
  }
  return {
    rows,
    width,
    type: type === "F64" ? "float64" : "float32",
    read(from, count) {
      const bytes = new Uint8Array(count * rowBytes);
      for (let done = 0; done < bytes.length;) {
        const place = stored.byteOffset + from * rowBytes + done;
        const bytesRead = readSync(descriptor, bytes, done, bytes.length - done, place);
        if (bytesRead === 0) throw unreadable("it was cut off");
        done += bytesRead;
      }
      return numbersOf(bytes.buffer, type);
    },
    close: () => closeSync(descriptor),
  };
}

/** The named rows of a matrix, [ids.length, D]. Throws a LabError: badInput for a row that is not there. */
export function readRows(checkpoint: Checkpoint, name: string, ids: readonly number[]): FloatArray {
  const reader = openRows(checkpoint, name);
  try {
    const missing = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < reader.rows));
    if (missing !== undefined) {
      throw new LabError(
        "badInput",
        `There is no row ${missing} in ${name} of ${checkpoint.source}, which has ${reader.rows}.`,
      );
    }
    const all = floats(reader.type, ids.length * reader.width);
    for (let from = 0, to = 0; from < ids.length; from = to) {
      // Rows that lie one after the other are one read: whole vocabularies are asked for.
      do to++;
      while (to < ids.length && ids[to] === ids[to - 1] + 1);
      all.set(reader.read(ids[from], to - from), from * reader.width);
    }
    return all;
  } finally {
    reader.close();
  }
}

/** Numbers as stored, little endian; Float64Array where stored as F64, else Float32Array. */
export function numbersOf(bytes: ArrayBuffer, type: StoredType): FloatArray {
  switch (type) {
    case "F64":
      return new Float64Array(bytes);
    case "F32":
      return new Float32Array(bytes);
    case "BF16": // the upper half of a float32
      return new Float32Array(Uint32Array.from(new Uint16Array(bytes), (word) => word << 16).buffer);
    case "F16":
      return Float32Array.from(new Uint16Array(bytes), fromFloat16);
  }
}

/** IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 bits of fraction. */
export function fromFloat16(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 0x1f;
  const fraction = word & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
