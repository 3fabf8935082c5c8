// `npm run bench -- sweep`: what a sweep costs beside the session time it cannot do without. 12 depths of random gpt2, ten
// restarts as a batch, 300 iterations each, against a session of the same graph that is opened and run 300 times; depth by
// depth in turn, so that a load on the machine meets both. With --quick, two depths and 30 iterations.

import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { openCheckpoint } from "../src/checkpoints/open.ts";
import { EngineClient } from "../src/engine/client.ts";
import { cellsOf } from "../src/sweeps/sweep-files.ts";
import { performSweep } from "../src/sweeps/perform-sweep.ts";
import { bareLoop, QUICK, time } from "./loops.ts";
import { printTable } from "./table.ts";

const CACHE = path.join(import.meta.dirname, "../.cache/tests");
const ENGINE = path.join(import.meta.dirname, "../dist/engine.cjs");
const [DEPTHS, RESTARTS, ITERATIONS] = QUICK ? [2, 10, 30] : [12, 10, 300];

const folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-bench-sweep-"));
const engine = new EngineClient({ modulePath: ENGINE, cacheFolder: CACHE });
const cells = cellsOf(
  {
    base: { prompt: "The sky is blue.", restarts: RESTARTS, iterations: ITERATIONS, device: "cpu" },
    axes: [{ field: "blocks", values: Array.from({ length: DEPTHS }, (_, i) => i + 1) }],
  },
  "bench.sweep.json",
);
const options = { folder, run: engine.run.bind(engine), now: () => performance.now() };

/** Opens the session, too: a sweep has to as well. */
const bare = (blocks: number) =>
  time(async () => {
    const checkpoint = await openCheckpoint("random:gpt2", { blocks }, { cacheFolder: CACHE, initSeed: 0 });
    await (
      await bareLoop(checkpoint, blocks, RESTARTS)
    )(ITERATIONS);
  });

try {
  // The weights, and the tables that every run reads, are made once and for good.
  const [warm] = cellsOf({ base: { ...cells.at(-1)!.spec, iterations: 1, every: 1 }, axes: [] }, "warm");
  await performSweep([warm], options);
  let [swept, needed] = [0, 0];
  for (const cell of cells) {
    const ms = await time(() => performSweep([cell], options));
    const least = await bare(cell.spec.blocks);
    console.error(`${cell.spec.blocks} blocks: ${(ms / 1000).toFixed(1)} s / ${(least / 1000).toFixed(1)} s`);
    swept += ms;
    needed += least;
  }
  printTable(
    `a sweep, float32, T = 5${QUICK ? ", as briefly as possible" : ""}`,
    [
      {
        work: `sweep of ${DEPTHS} depths of random gpt2, ${RESTARTS} restarts, ${ITERATIONS} iterations / the same sessions, opened and run`,
        measured: `${(swept / needed).toFixed(3)} (${(swept / 1000).toFixed(0)} s / ${(needed / 1000).toFixed(0)} s)`,
        bar: "≤ 1.1",
        values: { ratio: swept / needed, sweptMs: swept, neededMs: needed },
      },
    ],
    QUICK
      ? undefined
      : path.join(import.meta.dirname, "results", `sweep-${os.platform()}-${os.arch()}-${os.cpus().length}-cores`),
  );
} finally {
  await engine.dispose();
  await rm(folder, { recursive: true });
}
