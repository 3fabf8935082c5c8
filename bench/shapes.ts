// What an iteration costs by size: restarts, length, depth, head, and the larger models, each on the processor and, where
// `auto` means a graphics card or one is asked for, on that in a column of its own.

import { openCheckpoint } from "../src/checkpoints/open.ts";
import { randomStream } from "../src/common/random.ts";
import { median } from "../src/common/statistics.ts";
import { wholeOutput } from "../src/networks/distance.ts";
import type { Output } from "../src/networks/outputs.ts";
import type { DeviceName } from "../src/runtime/devices/devices.ts";
import { loadedSoftwareDriver } from "../src/runtime/devices/software-drivers.ts";
import { openSubnetwork } from "../src/runtime/open-network.ts";
import { milliseconds, type Row } from "./table.ts";

export interface Shape {
  readonly model?: string;
  readonly blocks: number;
  readonly output?: Output;
  readonly batch?: number;
  readonly length?: number;
}

const SHAPES: readonly Shape[] = [
  ...[1, 2, 12].flatMap((blocks) => [{ blocks }, { blocks, output: "head" } as const]),
  ...[2, 4, 8, 16, 32].map((batch) => ({ blocks: 12, batch })),
  ...[20, 100, 500].map((length) => ({ blocks: 12, length })),
  ...["gpt2-medium", "gpt2-large", "gpt2-xl"].map((model) => ({ model, blocks: 1 })),
];

export const nameOf = ({ model = "gpt2", blocks, output = "block", batch = 1, length = 5 }: Shape): string =>
  `${model}, ${blocks} block${blocks > 1 ? "s" : ""}${output === "head" ? " + head" : ""}, B = ${batch}, T = ${length}`;

/** One iteration of a size, ready to be repeated. */
export interface OpenIteration {
  /** Milliseconds, the median of so many. */
  median(count: number): Promise<number>;
  release(): Promise<void>;
}

export async function openIteration(shape: Shape, device: DeviceName, cacheFolder: string): Promise<OpenIteration> {
  const { model = "gpt2", blocks, output = "block", batch = 1, length = 5 } = shape;
  const checkpoint = await openCheckpoint(`random:${model}`, { blocks }, { cacheFolder, initSeed: 0 });
  const network = await openSubnetwork({
    checkpoint,
    blocks,
    output,
    batch,
    length,
    type: "float32",
    measure: wholeOutput("l1"),
    device,
    memory: "speed",
  });
  const point = (of: string) => randomStream(0, of).normal(batch * length * network.width, 0, 0.02, "float32");
  const [embedding, target] = [point("embedding"), await network.forward(point("target"))];
  const copy = target.slice();
  await network.distanceAndGradient(embedding, copy);
  const once = async (): Promise<number> => {
    const began = performance.now();
    await network.distanceAndGradient(embedding, copy);
    return performance.now() - began;
  };
  return {
    async median(count) {
      const times: number[] = [];
      while (times.length < count) times.push(await once());
      return median(times);
    },
    release: () => network.release(),
  };
}

/** Milliseconds of one iteration: the median of as many as fit into the time, at least three. */
async function iteration(shape: Shape, device: DeviceName, cacheFolder: string, budgetMs: number): Promise<number> {
  const opened = await openIteration(shape, device, cacheFolder);
  const first = await opened.median(1);
  const ms = await opened.median(Math.max(3, Math.floor(budgetMs / first)));
  await opened.release();
  return ms;
}

/** A software adapter takes minutes for what is not small. */
const isSmall = ({ model, blocks, output, batch, length }: Shape): boolean =>
  !model && blocks === 1 && !output && !batch && !length;

/** One row a size. A size that does not fit says so. */
export async function shapeRows(cacheFolder: string, device: DeviceName, budgetMs: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const shape of SHAPES) {
    const values: Record<string, number> = {};
    const said: string[] = [];
    for (const place of new Set<DeviceName>(["cpu", device])) {
      const software = place === "cpu" ? undefined : await loadedSoftwareDriver();
      if (software && !isSmall(shape)) continue;
      try {
        values[place] = await iteration(shape, place, cacheFolder, budgetMs);
        const driver = place === "cpu" ? undefined : await loadedSoftwareDriver();
        said.push(`${place} ${milliseconds(values[place])}${driver ? ` on ${driver}, a software adapter` : ""}`);
      } catch (error) {
        said.push(`${place}: ${(error as Error).message}`);
      }
    }
    rows.push({ work: `iteration, ${nameOf(shape)}`, measured: said.join("; "), bar: "", values });
  }
  return rows;
}
