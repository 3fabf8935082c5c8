// Random weights of the fully connected nets, as PyTorch's nn.Linear draws them: U(−1/√n, 1/√n) for weights and biases
// of a layer that n numbers enter. One safetensors file a network in the cache, each tensor from its own stream.

import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import path from "node:path";
import { GENERATOR_VERSION } from "../../common/random.ts";
import { type FullyConnectedShape, fullyConnectedWeights } from "../../networks/fully-connected.ts";
import type { WeightStore } from "../checkpoint.ts";
import { requireSpace, sweepTemporaryFiles } from "../../common/files.ts";
import { WEIGHTS_FILE } from "../hugging-face.ts";
import { makeTrusted } from "./written-files.ts";
import {
  planFile,
  type PlannedFile,
  storedTensors,
  type PlannedWeight,
  writeFiles,
  type WritingOptions,
} from "./random-files.ts";

/** Folder of all fully connected nets in the cache. */
const FOLDER = "fully-connected";

/** Weights with what tells them from others. */
export interface FullyConnectedWeights extends WeightStore {
  readonly fingerprint: string;
}

/**
 * Opens the net of a seed, after writing it where it is not in the cache yet. Throws a LabError: storage (full or
 * read-only disk), cancelled.
 */
export async function openFullyConnected(
  shape: FullyConnectedShape,
  seed: number,
  cacheFolder: string,
  options: WritingOptions,
): Promise<FullyConnectedWeights> {
  const source = `${shape.kind} net, ${shape.length} × ${shape.width}`;
  const fingerprint = createHash("sha256")
    .update(JSON.stringify({ generator: GENERATOR_VERSION, seed, ...shape }))
    .digest("hex");
  const name = `${shape.kind}-${shape.length}x${shape.width}-seed-${seed}`;
  const folder = path.join(cacheFolder, FOLDER, name);
  const file = planFile(WEIGHTS_FILE, plannedWeights(shape));
  await sweepTemporaryFiles(folder, Date.now());
  const write = async (missing: readonly PlannedFile[]) => {
    await requireSpace(folder, file.layout.fileBytes, `The ${source}`);
    await writeFiles(folder, missing, seed, { ...options, withDigests: true });
  };
  await makeTrusted(folder, [file], write, options);
  return { source, folder: await realpath(folder), tensors: new Map(storedTensors(file)), fingerprint };
}

function plannedWeights(shape: FullyConnectedShape): PlannedWeight[] {
  const weights = fullyConnectedWeights(shape);
  return weights.map(({ name, shape }) => {
    const [, enter] = weights.find((weight) => weight.name === name.replace(/bias$/, "weight"))!.shape;
    const high = 1 / Math.sqrt(enter);
    return { name, shape, storedName: name, distribution: { kind: "uniform", low: -high, high } };
  });
}
