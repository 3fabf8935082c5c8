// PyTorch on the processor beside ours, size by size, where Debian's python3-torch is installed.

import { execFileSync } from "node:child_process";
import path from "node:path";
import { openCheckpoint } from "../src/checkpoints/open.ts";
import { inTurn } from "./loops.ts";
import { nameOf, openIteration, type Shape } from "./shapes.ts";
import { milliseconds, type Row } from "./table.ts";

const SHAPES: readonly Shape[] = [
  ...[1, 2, 12].flatMap((blocks) => [{ blocks }, { blocks, output: "head" } as const]),
  { blocks: 12, batch: 8 },
];

/** Milliseconds of one iteration in PyTorch, weights frozen; undefined where there is none. */
function torchIteration(folder: string, shape: Shape): { readonly ms: number; readonly build: string } | undefined {
  const { blocks, batch = 1, length = 5, output = "block" } = shape;
  try {
    const script = path.join(import.meta.dirname, "torch_iteration.py");
    const parameters = [script, folder, ...[blocks, batch, length].map(String), output];
    const told = execFileSync("/usr/bin/python3", parameters, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return JSON.parse(told) as { ms: number; build: string };
  } catch {
    return undefined;
  }
}

/** One row a size; the bar is for twelve blocks without a head. */
export async function torchRows(cacheFolder: string): Promise<Row[]> {
  const { folder } = await openCheckpoint("random:gpt2", { blocks: 12 }, { cacheFolder, initSeed: 0 });
  const build = torchIteration(folder, { blocks: 1 })?.build;
  const rows: Row[] = [];
  for (const shape of SHAPES) {
    const work = `PyTorch on the CPU / ours, ${nameOf(shape)}`;
    const bar = shape.blocks === 12 && !shape.output && !shape.batch ? "≥ 6" : "";
    if (build === undefined) {
      rows.push({ work, measured: "not run: no python3-torch here", bar });
      continue;
    }
    const ours = await openIteration(shape, "cpu", cacheFolder);
    // As many of ours as PyTorch's process does, so that neither is the one whose caches are warm.
    const { a, b, ratio } = await inTurn(
      3,
      async () => torchIteration(folder, shape)!.ms,
      () => ours.median(15),
    );
    await ours.release();
    const measured = `${ratio.toFixed(1)} (${milliseconds(a)} / ${milliseconds(b)}; ${build})`;
    rows.push({ work, measured, bar, values: { ratio } });
  }
  return rows;
}
