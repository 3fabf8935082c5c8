// What opening a network will take, computed from its sizes before anything is allocated.

import os from "node:os";
import process from "node:process";
import { LabError } from "../common/errors.ts";
import type { StoredTensor } from "../checkpoints/checkpoint.ts";
import { isMatrix } from "../networks/architectures/architecture.ts";
import { activationsKept, type NetworkShape, parametersRead } from "../networks/network.ts";
import type { ObjectiveShape } from "../networks/objective.ts";
import { weightsRead } from "../networks/subnetwork.ts";
import type { WeightFormat } from "../networks/weight-formats.ts";
import { DIGITS } from "../tensorgraph/quantised-product.ts";
import type { MemoryMode } from "./compile.ts";
import { graphicsCards } from "./devices/graphics-cards.ts";
import { sizeOf } from "../tensorgraph/tensor.ts";

/** What decides how much memory a session takes. */
export interface SessionShape extends ObjectiveShape {
  /** Number format in which the checkpoint has its matrices; float32 where nothing is said. */
  readonly storedAs?: StoredTensor["type"];
}

const elementBytes = ({ type }: ObjectiveShape): number => (type === "float64" ? 8 : 4);

/**
 * Bytes of anonymous memory that the session will need, roughly: copies of the weights, and the activations that wait for
 * the backward pass. The weights' file is mapped, and its pages come and go as there is room.
 */
export function sessionBytes(shape: SessionShape, memory: MemoryMode): number {
  const { network, batch, length } = shape;
  const weights = parametersRead(network);
  const products = productBytes(shape) + widenedBytes(shape);
  const activations = batch * activationsKept(network, length) * elementBytes(shape) + products;
  // The weights of a fully connected net are made for the occasion and grow with the square of the text: its file must
  // fit as well, or it would be read from the disk at each step.
  const file = network.kind === "transformer" ? 0 : weights * elementBytes(shape);
  return file + weights * copiedBytes(shape, memory) + activations;
}

/** Bytes that are held in memory for each weight. */
function copiedBytes(shape: SessionShape, memory: MemoryMode): number {
  // Bytes are packed for the forward direction only, and never cast; 16 bits are widened where they are used.
  const format = formatOf(shape.network);
  if (format === "int8") return memory === "speed" ? 1 : 0;
  if (format === "float16") return 0;
  const own = shape.type === "float64" ? "F64" : "F32";
  const { storedAs = "F32" } = shape;
  // Packed once for the forward and once for the backward direction, or cast where the file has other numbers.
  return elementBytes(shape) * (memory === "speed" ? 2 : storedAs === own ? 0 : 1);
}

const formatOf = (network: NetworkShape): WeightFormat =>
  (network.kind === "transformer" && network.weightFormat) || "stored";

/** The largest matrix in full width, made of 16 bits: one in use, and one whose place is not free yet. */
function widenedBytes(shape: SessionShape): number {
  const { network } = shape;
  if (network.kind !== "transformer" || formatOf(network) !== "float16") return 0;
  const sizes = weightsRead(network)
    .filter(isMatrix)
    .map(({ shape }) => sizeOf(shape));
  return 2 * Math.max(...sizes) * elementBytes(shape);
}

/** The widest product with a matrix in 8 bits: sums of each digit as whole numbers, as reals, and weighted. */
function productBytes(shape: SessionShape): number {
  const { network, batch, length, type } = shape;
  if (network.kind !== "transformer" || formatOf(network) !== "int8") return 0;
  const widest = Math.max(...weightsRead(network).flatMap((weight) => (isMatrix(weight) ? weight.shape : [])));
  return batch * length * widest * DIGITS[type] * (4 + 2 * elementBytes(shape));
}

/** `process.availableMemory` looks through containers' limits; Node has it since 20.13. */
const availableBytes = (): number => process.availableMemory?.() ?? os.freemem();

/** Is there memory for a session in this mode? */
export const fits = (shape: SessionShape, memory: MemoryMode, available = availableBytes()): boolean =>
  sessionBytes(shape, memory) <= available;

/**
 * The memory mode to open the session in: the one that was asked for or, where that does not fit, "low". Throws a
 * LabError of kind "memory" that names the bytes needed, the bytes there, and what would fit.
 */
export function fittingMode(shape: SessionShape, memory: MemoryMode, available = availableBytes()): MemoryMode {
  if (fits(shape, memory, available)) return memory;
  if (fits(shape, "low", available)) return "low";
  const needed = sessionBytes(shape, "low");
  throw tooLarge(needed, available, 'memory, in memory mode "low" already,', eightBitAdvice(shape, available));
}

/**
 * Throws a LabError of kind "memory" when a card has not the room: it takes one copy of the weights, and the activations.
 * A card that shares the processor's memory, or does not tell, is measured by that.
 */
export async function checkCardMemory(
  shape: SessionShape,
  cards = graphicsCards(process.platform),
  shared = availableBytes(),
): Promise<void> {
  const free = Math.max(0, ...(await cards).map(({ memory }) => memory?.free ?? 0)) || shared;
  const copy = (formatOf(shape.network) === "float16" ? 2 : elementBytes(shape)) * parametersRead(shape.network);
  const needed = copy + sessionBytes({ ...shape, storedAs: undefined }, "low");
  if (needed > free) throw tooLarge(needed, free, "memory on the graphics card", eightBitAdvice(shape, shared));
}

const FEWER = "Fewer blocks, fewer restarts or a shorter text would take less.";

/** What 8-bit weights would take, where that is there. */
function eightBitAdvice(shape: SessionShape, available: number): string {
  const { network } = shape;
  if (network.kind !== "transformer" || formatOf(network) === "int8") return FEWER;
  const needed = sessionBytes({ ...shape, network: { ...network, weightFormat: "int8" } }, "low");
  if (needed > available) return FEWER;
  return `With 8-bit weights, on the processor, it would take about ${gigabytes(needed)}.`;
}

const tooLarge = (needed: number, available: number, memory: string, advice: string): LabError =>
  new LabError(
    "memory",
    `This needs about ${gigabytes(needed)} of ${memory} and ${gigabytes(available)} are free. ${advice}`,
  );

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`;
