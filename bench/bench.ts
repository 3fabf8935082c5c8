// `npm run bench`: what an iteration costs, as ratios measured in one run on one machine, in one Markdown table.
// Absolute times are given beside the ratios; they belong to the machine that is described above the table.

import { execFileSync, fork } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { openCheckpoint } from "../src/checkpoints/open.ts";
import { blockWeights } from "../src/networks/gpt2-config.ts";
import { normalGraph, pullbackGraph } from "../src/networks/objective.ts";
import { automaticDevice } from "../src/runtime/device-choice.ts";
import { sizeOf } from "../src/tensorgraph/tensor.ts";
import { bareLoop, inTurn, LENGTH, type Loop, methodLoop, QUICK, time } from "./loops.ts";
import { firstIterationRows, packageRows } from "./program.ts";
import { shapeRows } from "./shapes.ts";
import { milliseconds, printTable, type Row } from "./table.ts";

const CACHE = path.join(import.meta.dirname, "../.cache/tests");
const RESULTS = path.join(import.meta.dirname, "results");

/** Reads memory with all cores at once: each looks for a byte that is not there. */
class MemoryReaders {
  static readonly #BYTES = 1 << 28;
  static readonly #ROUNDS = 4;
  readonly #workers: Worker[];

  private constructor(workers: Worker[]) {
    this.#workers = workers;
  }

  static async start(): Promise<MemoryReaders> {
    const code = `
      const { parentPort } = require("node:worker_threads");
      const buffer = Buffer.alloc(${MemoryReaders.#BYTES}, 1);
      parentPort.on("message", () => {
        for (let round = 0; round < ${MemoryReaders.#ROUNDS}; round++) buffer.indexOf(2);
        parentPort.postMessage("done");
      });
      parentPort.postMessage("ready");`;
    const readers = new MemoryReaders(os.cpus().map(() => new Worker(code, { eval: true })));
    await readers.#answers();
    return readers;
  }

  /** Milliseconds that reading so many bytes takes, at the rate of this moment. */
  async timeToRead(bytes: number): Promise<number> {
    const answers = this.#answers();
    for (const worker of this.#workers) worker.postMessage("go");
    return (
      ((await time(() => answers)) * bytes) / (MemoryReaders.#BYTES * MemoryReaders.#ROUNDS * this.#workers.length)
    );
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #answers(): Promise<unknown> {
    return Promise.all(this.#workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
  }
}

/** Anonymous memory of a process that holds 12 blocks open and has run them, in bytes (Linux). */
async function engineMemory(memory: "speed" | "low"): Promise<number> {
  const child = fork(path.join(import.meta.dirname, "memory.ts"), [CACHE, memory], { execArgv: ["--import=tsx"] });
  return new Promise((resolve, reject) => {
    child.once("message", (bytes) => resolve(bytes as number));
    child.once("exit", (code) => reject(new Error(`The memory measurement ended with code ${code}.`)));
  });
}

/** Milliseconds of one iteration in PyTorch, or undefined where there is none. */
function torchIteration(folder: string, blocks: number, batch: number): { ms: number; build: string } | undefined {
  try {
    const script = path.join(import.meta.dirname, "torch_iteration.py");
    const args = [script, folder, String(blocks), String(batch), String(LENGTH)];
    return JSON.parse(
      execFileSync("/usr/bin/python3", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    ) as {
      ms: number;
      build: string;
    };
  } catch {
    return undefined;
  }
}

/** Measures everything and prints the table. */
async function main(): Promise<void> {
  const checkpoint = await openCheckpoint("random:gpt2", { blocks: 12 }, { cacheFolder: CACHE, initSeed: 0 });
  const rows: Row[] = [];

  /** A method's iterations against the sessions that they need, run barely; `bare` runs those of N iterations. */
  const overhead = async (work: string, iterations: number, method: Loop, bare: Loop): Promise<void> => {
    const { a, b, ratio } = await inTurn(
      9,
      async () => {
        // The method's own frame (shift draw, judging) is what a run of one iteration costs.
        const frame = await time(() => method(1));
        return (await time(() => method(iterations + 1))) - frame;
      },
      () => time(() => bare(iterations)),
    );
    rows.push({
      work,
      measured: `${ratio.toFixed(3)} (${milliseconds(a / iterations)} / ${milliseconds(b / iterations)})`,
      bar: work.startsWith("iteration") ? "≤ 1.05" : "≤ 1.1",
      values: { ratio },
    });
  };
  for (const [blocks, iterations] of [
    [1, 300],
    [12, 25],
  ] as const) {
    await overhead(
      `iteration, ${blocks} block${blocks > 1 ? "s" : ""}: our loop / bare \`session.run\``,
      iterations,
      await methodLoop(checkpoint, { blocks, restarts: 1 }),
      await bareLoop(checkpoint, blocks, 1),
    );
  }
  const [lanczosSteps, innerSteps] = [10, 10];
  const pullback = await bareLoop(checkpoint, 12, 1, pullbackGraph);
  await overhead(
    "orthogonal walk, 12 blocks, a step: ours / one bare backward pass",
    25,
    await methodLoop(checkpoint, { method: "orthogonalWalk", blocks: 12, restarts: 1 }),
    pullback,
  );
  const normal = await bareLoop(checkpoint, 12, 1, normalGraph);
  await overhead(
    `walk along the Jacobian, 12 blocks, a step: ours / ${lanczosSteps} bare products JᵀJ v and one backward pass`,
    3,
    await methodLoop(checkpoint, {
      method: "orthogonalWalk",
      direction: "jacobian",
      lanczosSteps,
      blocks: 12,
      restarts: 1,
    }),
    async (steps) => {
      await normal(lanczosSteps * steps);
      await pullback(steps);
    },
  );
  const objective = await bareLoop(checkpoint, 12, 1);
  await overhead(
    `clamped walk, 12 blocks, a step: ours / ${innerSteps + 1} bare gradients`,
    3,
    await methodLoop(checkpoint, { method: "clampedWalk", innerSteps, blocks: 12, restarts: 1 }),
    (steps) => objective((innerSteps + 1) * steps),
  );

  const deep = objective;
  const tenIterations = (): Promise<number> => time(() => deep(10));
  const readers = await MemoryReaders.start();
  const block = blockWeights(checkpoint.config, 0).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const weightBytes = 2 * 4 * 12 * block;
  const floor = await inTurn(9, tenIterations, () => readers.timeToRead(10 * weightBytes));
  await readers.end();
  rows.push({
    work: `iteration, 12 blocks / reading its weights twice, forward and backward (${(weightBytes / 1e6).toFixed(0)} MB)`,
    measured: `${floor.ratio.toFixed(2)} (${milliseconds(floor.a / 10)} / ${milliseconds(floor.b / 10)})`,
    bar: "≤ 1.6, 1.2 wanted",
    values: { ratio: floor.ratio },
  });

  const wide = await bareLoop(checkpoint, 12, 8);
  const restarts = await inTurn(7, () => time(() => wide(10)), tenIterations);
  rows.push({
    work: "8 restarts / 1, 12 blocks",
    measured: `${restarts.ratio.toFixed(2)} (${milliseconds(restarts.a / 10)} / ${milliseconds(restarts.b / 10)})`,
    bar: "≤ 3.5",
    values: { ratio: restarts.ratio },
  });

  const { build } = torchIteration(checkpoint.folder, 12, 1) ?? {};
  const torch =
    build && (await inTurn(3, async () => torchIteration(checkpoint.folder, 12, 1)!.ms * 10, tenIterations));
  rows.push({
    work: `PyTorch on the CPU / ours, 12 blocks${build ? ` (${build})` : ""}`,
    measured: torch
      ? `${torch.ratio.toFixed(1)} (${milliseconds(torch.a / 10)} / ${milliseconds(torch.b / 10)})`
      : "not run: no python3-torch here",
    bar: "≥ 6",
    ...(torch && { values: { ratio: torch.ratio } }),
  });
  for (const [memory, bar] of [
    ["speed", "≤ 900 MB"],
    ["low", "≤ 150 MB"],
  ] as const) {
    const measured = os.platform() === "linux" ? `${((await engineMemory(memory)) / 1e6).toFixed(0)} MB` : "Linux only";
    rows.push({ work: `anonymous memory, 12 blocks, ${memory}`, measured, bar });
  }

  const trialProgram = path.join(import.meta.dirname, "../dist/device-trial.cjs");
  const device = await automaticDevice({ cacheFolder: CACHE, trialProgram });
  rows.push(...(await shapeRows(CACHE, device, QUICK ? 0 : 3000)));
  rows.push(...(await firstIterationRows(CACHE)));
  rows.push(...(await packageRows()));

  const name = `${os.platform()}-${os.arch()}-${os.cpus().length}-cores`;
  printTable(`T = ${LENGTH} and float32 where nothing else is said`, rows, path.join(RESULTS, name));
}

await main();
process.exit(0);
