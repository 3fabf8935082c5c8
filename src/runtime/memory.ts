// What opening a sub-network will take, computed from its sizes before anything is allocated.

import os from "node:os";
import { LabError } from "../common/errors.ts";
import { blockWeights, hasHead } from "../networks/gpt2-config.ts";
import type { ObjectiveShape } from "../networks/objective.ts";
import { sizeOf } from "../tensorgraph/tensor.ts";
import type { MemoryMode } from "./compile.ts";

/**
 * Bytes of anonymous memory that the session will need, roughly: weights packed once for the forward and once for the
 * backward direction in speed mode (float64 keeps wide copies in either mode), and the activations that wait for the
 * backward pass.
 */
export function sessionBytes(shape: ObjectiveShape, memory: MemoryMode): number {
  const { config, blocks, output, batch: B, length: T, type } = shape;
  const { width: D, innerWidth: F, heads: H, vocabulary: V } = config;
  const element = type === "float64" ? 8 : 4;
  const block = blockWeights(config, 0).reduce((sum, weight) => sum + sizeOf(weight.shape), 0);
  const parameters = blocks * block + (hasHead(output) ? V * D : 0);
  const copies = memory === "speed" ? 2 : type === "float64" ? 1 : 0;
  const activations = B * T * (blocks * (12 * D + 6 * F + 4 * H * T) + (hasHead(output) ? 6 * V : 6 * D));
  return element * (copies * parameters + activations);
}

/** `process.availableMemory` looks through containers' limits; Node has it since 20.13. */
const availableBytes = (): number => process.availableMemory?.() ?? os.freemem();

/** Throws a LabError of kind "memory" that names the bytes needed, the bytes there, and what would fit. */
export function checkMemory(shape: ObjectiveShape, memory: MemoryMode, available = availableBytes()): void {
  const needed = sessionBytes(shape, memory);
  if (needed <= available) return;
  const low = sessionBytes(shape, "low");
  const advice =
    memory === "speed" && low <= available
      ? `Memory mode "low" would take ${gigabytes(low)}.`
      : "Fewer blocks, fewer restarts or a shorter text would take less.";
  throw new LabError(
    "memory",
    `This needs about ${gigabytes(needed)} of memory and ${gigabytes(available)} are free. ${advice}`,
  );
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`;
