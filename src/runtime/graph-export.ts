// The graph of a sub-network as files that any ONNX runtime opens: network.onnx, and beside it one file with its weights.

import { createReadStream } from "node:fs";
import { type FileHandle, rm } from "node:fs/promises";
import path from "node:path";
import type { WeightStore } from "../checkpoints/checkpoint.ts";
import { LabError, messageOf } from "../common/errors.ts";
import { writeAtomically, writeFully } from "../common/files.ts";
import { objectiveGraph, type ObjectiveShape } from "../networks/objective.ts";
import { toOnnx, type WeightLocation } from "../tensorgraph/onnx.ts";
import { locateWeight } from "./compile.ts";

const WEIGHTS_FILE = "network.onnx.data";

/** Offsets are multiples of a page, so that readers can map them. */
const ALIGNMENT = 4096;

export interface ExportedGraph {
  readonly model: string;
  readonly weights: string;
  /** Bytes of the weights. */
  readonly weightBytes: number;
}

/**
 * Writes inputs `embedding` [B, T, D] and `target` [B, T, K] → `output` [B, T, K], `distance` [B], `gradient` [B, T, D].
 * The weights come first and the model last, so a folder with a model in it is complete. Throws a LabError of kind
 * "storage" when the folder cannot be written.
 */
export async function exportGraph(weights: WeightStore, shape: ObjectiveShape, folder: string): Promise<ExportedGraph> {
  const copies: { from: WeightLocation; to: number }[] = [];
  let weightBytes = 0;
  const bytes = toOnnx(objectiveGraph(shape), (name, tensor) => {
    const from = locateWeight(weights, name, tensor);
    const to = Math.ceil(weightBytes / ALIGNMENT) * ALIGNMENT;
    copies.push({ from, to });
    weightBytes = to + from.byteLength;
    return { ...from, file: WEIGHTS_FILE, byteOffset: to };
  });

  const model = path.join(folder, "network.onnx");
  const data = path.join(folder, WEIGHTS_FILE);
  try {
    await writeAtomically(model, async (file) => {
      await writeFully(file, bytes);
      await writeAtomically(data, async (file) => {
        for (const { from, to } of copies) await copyWeight(path.join(weights.folder, from.file), from, file, to);
        // An earlier model is not to be there with the weights of this one.
        await rm(model, { force: true });
      });
    });
  } catch (error) {
    throw new LabError("storage", `The graph could not be written to ${folder}: ${messageOf(error)}`, { cause: error });
  }
  return { model, weights: data, weightBytes };
}

async function copyWeight(source: string, from: WeightLocation, out: FileHandle, to: number): Promise<void> {
  const bytes = createReadStream(source, {
    start: from.byteOffset,
    end: from.byteOffset + from.byteLength - 1,
    highWaterMark: 1 << 22,
  });
  let at = to;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    await writeFully(out, chunk, at);
    at += chunk.length;
  }
  if (at - to !== from.byteLength) throw new LabError("checkpoint", `${source} was cut off while it was read.`);
}
