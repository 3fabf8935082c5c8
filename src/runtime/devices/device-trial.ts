// Trying a device out: one block of GPT-2 in full width, forward and backward, on the device and on the CPU in turn. What
// comes of it says whether the device works, whether it computes right, and whether it is the faster of the two.

import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Checkpoint, StoredTensor } from "../../checkpoints/checkpoint.ts";
import { parseConfig, sizedConfig } from "../../checkpoints/config.ts";
import { writeWhole } from "../../common/files.ts";
import { randomStream } from "../../common/random.ts";
import { wholeOutput } from "../../networks/distance.ts";
import { blockWeights, parameterCount } from "../../networks/architectures/architectures.ts";
import { sizeOf } from "../../tensorgraph/tensor.ts";
import type { DeviceName } from "./devices.ts";
import { loadedSoftwareDriver } from "./software-drivers.ts";
import { openSubnetwork } from "../open-network.ts";

/** What became of a device that could be opened. */
export interface TrialResult {
  /** Milliseconds from nothing to the first gradient. */
  readonly openMs: number;
  /** Milliseconds of one iteration, the median. */
  readonly iterationMs: number;
  readonly cpuIterationMs: number;
  /** Largest difference from the CPU's gradient, as a share of its largest element. */
  readonly error: number;
  /** The driver that computes on the processor in a card's place, when there is one. */
  readonly softwareDriver?: string;
}

/** Eight tokens, four restarts: between the smallest run and the large ones that a card is for. */
const [BATCH, LENGTH] = [4, 8];
/** A median of this many iterations, or of as many as fit into the time. */
const ITERATIONS = 20;
const TIME_LIMIT_MS = 1000;

/** Throws a LabError (device) when no session can be made on the device or a run fails. */
export async function tryDevice(device: DeviceName): Promise<TrialResult> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-trial-"));
  try {
    const checkpoint = await oneBlock(folder);
    const trial = await measure(checkpoint, device);
    const cpu = await measure(checkpoint, "cpu");
    return {
      openMs: trial.openMs,
      iterationMs: trial.iterationMs,
      cpuIterationMs: cpu.iterationMs,
      error: largestDifference(trial.gradient, cpu.gradient),
      ...(trial.softwareDriver && { softwareDriver: trial.softwareDriver }),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(checkpoint: Checkpoint, device: DeviceName) {
  const { width } = checkpoint.config;
  const point = (name: string) => randomStream(0, name).normal(BATCH * LENGTH * width, 0, 0.03, "float32");
  const [embedding, target] = [point("embedding"), point("target")];
  const began = performance.now();
  const network = await openSubnetwork({
    checkpoint,
    blocks: 1,
    output: "block",
    batch: BATCH,
    length: LENGTH,
    type: "float32",
    measure: wholeOutput("l1"),
    device,
    memory: "speed",
  });
  const first = await network.distanceAndGradient(embedding, target);
  const gradient = first.gradient.slice();
  const openMs = performance.now() - began;
  const softwareDriver = device === "cpu" ? undefined : await loadedSoftwareDriver();
  const times: number[] = [];
  const start = performance.now();
  const limit = softwareDriver ? 0 : TIME_LIMIT_MS;
  while (times.length < ITERATIONS && (times.length === 0 || performance.now() - start < limit)) {
    const before = performance.now();
    await network.distanceAndGradient(embedding, target);
    times.push(performance.now() - before);
  }
  await network.release();
  times.sort((a, b) => a - b);
  return { openMs, iterationMs: times[times.length >> 1], gradient, softwareDriver };
}

/** One block of GPT-2 with weights that are quickly made: a short stream of normal numbers over and over. */
async function oneBlock(folder: string): Promise<Checkpoint> {
  const { config } = parseConfig(JSON.stringify(sizedConfig("gpt2")), "gpt2");
  const file = "trial.bin";
  const weights = blockWeights(config, 0);
  const noise = randomStream(0, "trial").normal(1 << 14, 0, 0.02, "float32");
  const values = new Float32Array(parameterCount(weights));
  const tensors = new Map<string, StoredTensor>();
  let at = 0;
  for (const { name, shape, initial } of weights) {
    const own = values.subarray(at, at + sizeOf(shape));
    if (initial.mean !== 0) own.fill(initial.mean);
    else for (let i = 0; i < own.length; i += noise.length) own.set(noise.subarray(0, own.length - i), i);
    tensors.set(name, { shape, type: "F32", file, byteOffset: 4 * at, byteLength: 4 * own.length });
    at += own.length;
  }
  await writeWhole(path.join(folder, file), new Uint8Array(values.buffer));
  return { source: "trial", folder, config, tensors, fingerprint: "trial" };
}

function largestDifference(values: ArrayLike<number>, reference: ArrayLike<number>): number {
  let [difference, largest] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    difference = Math.max(difference, Math.abs(values[i] - reference[i]));
    largest = Math.max(largest, Math.abs(reference[i]));
    if (Number.isNaN(values[i])) return Infinity;
  }
  return difference / largest;
}
