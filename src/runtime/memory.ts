// What opening a network will take, computed from its sizes before anything is allocated.

import os from "node:os";
import process from "node:process";
import { LabError } from "../common/errors.ts";
import { activationsKept, parametersRead } from "../networks/network.ts";
import type { ObjectiveShape } from "../networks/objective.ts";
import type { MemoryMode } from "./compile.ts";
import { graphicsCards } from "./graphics-cards.ts";

/**
 * Bytes of anonymous memory that the session will need, roughly: weights packed once for the forward and once for the
 * backward direction in speed mode (float64 keeps wide copies in either mode), and the activations that wait for the
 * backward pass.
 */
export function sessionBytes({ network, batch, length, type }: ObjectiveShape, memory: MemoryMode): number {
  const element = type === "float64" ? 8 : 4;
  // The weights of a fully connected net are made for the occasion and grow with the square of the text: its file must
  // fit as well, or it would be read from the disk at each step.
  const copies = (memory === "speed" ? 2 : type === "float64" ? 1 : 0) + (network.kind === "gpt2" ? 0 : 1);
  return element * (copies * parametersRead(network) + batch * activationsKept(network, length));
}

/** `process.availableMemory` looks through containers' limits; Node has it since 20.13. */
const availableBytes = (): number => process.availableMemory?.() ?? os.freemem();

/**
 * The memory mode to open the session in: the one that was asked for or, where that does not fit, "low". Throws a
 * LabError of kind "memory" that names the bytes needed, the bytes there, and what would fit.
 */
export function fittingMode(shape: ObjectiveShape, memory: MemoryMode, available = availableBytes()): MemoryMode {
  if (sessionBytes(shape, memory) <= available) return memory;
  const needed = sessionBytes(shape, "low");
  if (needed <= available) return "low";
  throw tooLarge(needed, available, 'memory, in memory mode "low" already,');
}

/**
 * Throws a LabError of kind "memory" when a card has not the room: it takes one copy of the weights, and the activations.
 * A card that shares the processor's memory, or does not tell, is measured by that.
 */
export async function checkCardMemory(
  shape: ObjectiveShape,
  cards = graphicsCards(process.platform),
  shared = availableBytes(),
): Promise<void> {
  const free = Math.max(0, ...(await cards).map(({ memory }) => memory?.free ?? 0)) || shared;
  const [speed, low] = [sessionBytes(shape, "speed"), sessionBytes(shape, "low")];
  const needed = low + (speed - low) / 2;
  if (needed > free) throw tooLarge(needed, free, "memory on the graphics card");
}

function tooLarge(needed: number, available: number, memory: string): LabError {
  return new LabError(
    "memory",
    `This needs about ${gigabytes(needed)} of ${memory} and ${gigabytes(available)} are free. ` +
      "Fewer blocks, fewer restarts or a shorter text would take less.",
  );
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`;
