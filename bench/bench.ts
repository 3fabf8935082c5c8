// `npm run bench`: what an iteration costs, as ratios measured in one run on one machine, in one Markdown table.
// Absolute times are given beside the ratios; they belong to the machine that is described above the table.

import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { openCheckpoint } from "../src/checkpoints/open.ts";
import { blockWeights } from "../src/networks/architectures/architectures.ts";
import { normalGraph, pullbackGraph } from "../src/networks/objective.ts";
import { SWIFT_SHADER } from "../scripts/programs.js";
import { automaticDevice } from "../src/runtime/devices/device-choice.ts";
import { DEVICE_NAMES, type DeviceName } from "../src/runtime/devices/devices.ts";
import { graphicsMark } from "../src/runtime/devices/graphics-cards.ts";
import { sizeOf } from "../src/tensorgraph/tensor.ts";
import { bareLoop, inTurn, LENGTH, type Loop, methodLoop, QUICK, time } from "./loops.ts";
import { firstIterationRows, packageRows, readyRow } from "./program.ts";
import { shapeRows } from "./shapes.ts";
import { milliseconds, printTable, type Row } from "./table.ts";
import { torchRows } from "./torch.ts";

const CACHE = path.join(import.meta.dirname, "../.cache/tests");
const RESULTS = path.join(import.meta.dirname, "results");

/** Reads memory with all cores at once, in a process of its own: each core looks for a byte that is not there. */
class MemoryReaders {
  static readonly #BYTES = 1 << 28;
  static readonly #ROUNDS = 4;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /** In pages as the system gives them, or of 2 MB where Linux gives those on request. */
  static async start(pages: "default" | "2 MB"): Promise<MemoryReaders> {
    const reader = `
      const { parentPort } = require("node:worker_threads");
      const buffer = Buffer.alloc(${MemoryReaders.#BYTES}, 1);
      parentPort.on("message", () => {
        for (let round = 0; round < ${MemoryReaders.#ROUNDS}; round++) buffer.indexOf(2);
        parentPort.postMessage("done");
      });
      parentPort.postMessage("ready");`;
    const code = `
      const { Worker } = require("node:worker_threads");
      const workers = require("node:os").cpus().map(() => new Worker(${JSON.stringify(reader)}, { eval: true }));
      const answers = () => Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
      process.on("message", async () => {
        const began = performance.now();
        const done = answers();
        for (const worker of workers) worker.postMessage("go");
        await done;
        process.send(performance.now() - began);
      });
      process.on("disconnect", () => process.exit());
      answers().then(() => process.send("ready"));`;
    const env = { ...process.env, GLIBC_TUNABLES: pages === "2 MB" ? "glibc.malloc.hugetlb=1" : "" };
    const child = spawn(process.execPath, ["-e", code], { env, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    await once(child, "message");
    return new MemoryReaders(child);
  }

  /** Milliseconds that reading so many bytes takes, at the rate of this moment. */
  async timeToRead(bytes: number): Promise<number> {
    const answer = once(this.#process, "message");
    this.#process.send("go");
    const [ms] = (await answer) as [number];
    return (ms * bytes) / (MemoryReaders.#BYTES * MemoryReaders.#ROUNDS * os.cpus().length);
  }

  end(): void {
    this.#process.kill();
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

/** The device beside the processor: the one after `--device`, or what `auto` means here. */
async function deviceToMeasure(): Promise<DeviceName> {
  const at = process.argv.indexOf("--device");
  if (at < 0) {
    const trialProgram = path.join(import.meta.dirname, "../dist/device-trial.cjs");
    return automaticDevice({ cacheFolder: CACHE, trialProgram });
  }
  const asked = process.argv[at + 1];
  const device = DEVICE_NAMES.find((name) => name === asked);
  if (!device) throw new Error(`--device is ${asked}: it takes ${DEVICE_NAMES.join(", ")}.`);
  // Without a card, the software adapter that the tests use.
  const bare = device === "webgpu" && (await graphicsMark(process.platform)) === "none";
  if (bare && existsSync(SWIFT_SHADER)) process.env.VK_DRIVER_FILES ??= SWIFT_SHADER;
  return device;
}

/** Measures everything and prints the table. */
async function main(): Promise<void> {
  const device = await deviceToMeasure();
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
  const block = blockWeights(checkpoint.config, 0).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const weightBytes = 2 * 4 * 12 * block;
  for (const [pages, bar] of [
    ["default", "≤ 1.6, 1.2 wanted"],
    ["2 MB", ""],
  ] as const) {
    const readers = await MemoryReaders.start(pages);
    const floor = await inTurn(9, tenIterations, () => readers.timeToRead(10 * weightBytes));
    readers.end();
    const [size, where] = [(weightBytes / 1e6).toFixed(0), pages === "default" ? "" : ", from pages of 2 MB"];
    rows.push({
      work: `iteration, 12 blocks / reading its weights twice, forward and backward (${size} MB${where})`,
      measured: `${floor.ratio.toFixed(2)} (${milliseconds(floor.a / 10)} / ${milliseconds(floor.b / 10)})`,
      bar,
      values: { ratio: floor.ratio },
    });
  }

  const wide = await bareLoop(checkpoint, 12, 8);
  const restarts = await inTurn(7, () => time(() => wide(10)), tenIterations);
  rows.push({
    work: "8 restarts / 1, 12 blocks",
    measured: `${restarts.ratio.toFixed(2)} (${milliseconds(restarts.a / 10)} / ${milliseconds(restarts.b / 10)})`,
    bar: "≤ 3.5",
    values: { ratio: restarts.ratio },
  });

  rows.push(...(await torchRows(CACHE)));
  for (const [memory, bar] of [
    ["speed", "≤ 900 MB"],
    ["low", "≤ 150 MB"],
  ] as const) {
    const measured = os.platform() === "linux" ? `${((await engineMemory(memory)) / 1e6).toFixed(0)} MB` : "Linux only";
    rows.push({ work: `anonymous memory, 12 blocks, ${memory}`, measured, bar });
  }

  rows.push(...(await shapeRows(CACHE, device, QUICK ? 0 : 3000)));
  rows.push(...(await firstIterationRows(CACHE)));
  rows.push({
    work: "extension activation; panel open to first drawn iteration, 1 block, warm",
    measured: "in the real VS Code: `npm run bench -- panel`",
    bar: "≤ 50 ms; ≤ 1 s",
  });
  rows.push(readyRow(), ...(await packageRows()));

  const name = `${os.platform()}-${os.arch()}-${os.cpus().length}-cores`;
  printTable(`T = ${LENGTH} and float32 where nothing else is said`, rows, path.join(RESULTS, name));
}

await main();
process.exit(0);
