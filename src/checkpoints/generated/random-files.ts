// Safetensors files of random numbers: planned from names and shapes, written whole or not at all, by as many threads as
// there are processors.

import os from "node:os";
import path from "node:path";
import { throwIfCancelled } from "../../common/errors.ts";
import type { WeightShape } from "../../networks/architectures/architecture.ts";
import type { StoredTensor } from "../checkpoint.ts";
import { writeAtomically, writeFully } from "../../common/files.ts";
import { isWholeFile, layOutSafetensors, type SafetensorsLayout } from "../safetensors.ts";
import { type TrustOptions, writeDigests } from "./written-files.ts";
import { type Distribution, PIECE, weightsWriter, type Piece, type WeightsWriter } from "./random-weights.ts";

const STAGE = "Writing random weights";
/** Files in the making at a time: enough that flushing one overlaps with filling the next. */
const OPEN_FILES = 3;

export interface WritingOptions extends TrustOptions {
  /** Where the bundled `weights-worker.ts` lies; without it the calling thread makes the numbers. */
  readonly workerPath?: string;
}

/** A weight in a file, drawn from the stream of its name. */
export interface PlannedWeight extends WeightShape {
  /** Its name in the file. */
  readonly storedName: string;
  readonly distribution: Distribution;
}

/** A weights file, planned. */
export interface PlannedFile {
  readonly file: string;
  readonly weights: readonly PlannedWeight[];
  readonly layout: SafetensorsLayout;
}

export function planFile(file: string, weights: readonly PlannedWeight[]): PlannedFile {
  const tensors = weights.map(({ storedName: name, shape }) => ({ name, shape, type: "F32" as const }));
  return { file, weights, layout: layOutSafetensors(tensors, { format: "pt" }) };
}

export function storedTensors({ file, weights, layout }: PlannedFile): [string, StoredTensor][] {
  return weights.map(({ name, storedName, shape }) => {
    const { byteOffset, byteLength } = layout.tensors.get(storedName)!;
    return [name, { shape, type: "F32", file, byteOffset, byteLength }];
  });
}

/** Those files that are not in the folder with exactly the right header and size. */
export async function absent(folder: string, files: readonly PlannedFile[]): Promise<PlannedFile[]> {
  const whole = await Promise.all(files.map(({ file, layout }) => isWholeFile(path.join(folder, file), layout)));
  return files.filter((_, i) => !whole[i]);
}

/** Writes files of a seed, and their digests where they are to be trusted later. Throws a LabError: storage, cancelled. */
export async function writeFiles(
  folder: string,
  files: readonly PlannedFile[],
  seed: number,
  { workerPath, onProgress, signal, withDigests }: WritingOptions & { readonly withDigests: boolean },
): Promise<void> {
  throwIfCancelled(signal);
  const total = files.reduce((sum, { layout }) => sum + layout.fileBytes - layout.header.length, 0);
  let done = 0;
  onProgress?.({ stage: STAGE, done, total });
  const writer = weightsWriter({
    workerPath,
    signal,
    parallelism: os.availableParallelism(),
    onWritten: (count) => onProgress?.({ stage: STAGE, done: (done += 4 * count), total }),
  });
  try {
    const waiting = [...files];
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        try {
          await writeOne(path.join(folder, next.file), next, seed, writer, withDigests);
        } catch (error) {
          waiting.length = 0;
          throw error;
        }
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: OPEN_FILES }, lane));
    for (const lane of lanes) if (lane.status === "rejected") throw lane.reason;
  } finally {
    await writer.close();
  }
}

async function writeOne(
  file: string,
  plan: PlannedFile,
  seed: number,
  writer: WeightsWriter,
  withDigests: boolean,
): Promise<void> {
  const { header, fileBytes } = plan.layout;
  try {
    await writeAtomically(file, async (handle, temporaryPath) => {
      await writeFully(handle, header, 0);
      await handle.truncate(fileBytes);
      const pieces = piecesOf(plan, seed, temporaryPath);
      const digests = await writer.write(pieces);
      if (!withDigests) return;
      const written = pieces.map(({ byteOffset, count }, i) => ({
        byteOffset,
        byteLength: 4 * count,
        sha256: digests[i],
      }));
      await writeDigests(file, written);
    });
  } catch (error) {
    // Windows does not let a file be replaced that another process reads: then that process has written it.
    if (!(await isWholeFile(file, plan.layout))) throw error;
  }
}

function piecesOf({ weights, layout }: PlannedFile, seed: number, file: string) {
  return weights.flatMap(({ name, storedName, distribution }) => {
    const { byteOffset, byteLength } = layout.tensors.get(storedName)!;
    const pieces: Piece[] = [];
    for (let from = 0; from < byteLength / 4; from += PIECE) {
      const count = Math.min(PIECE, byteLength / 4 - from);
      const place = { file, byteOffset: byteOffset + 4 * from, from, count };
      pieces.push({ ...place, seed, stream: name, distribution });
    }
    return pieces;
  });
}
