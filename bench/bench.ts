// `npm run bench`: what an iteration costs, as ratios measured in one run on one machine, in one Markdown table.
// Absolute times are given beside the ratios; they belong to the machine that is described above the table.

import { execFileSync, fork } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import * as ort from "onnxruntime-node";
import type { Checkpoint } from "../src/checkpoints/checkpoint.ts";
import { openCheckpoint } from "../src/checkpoints/open.ts";
import { randomStream } from "../src/common/random.ts";
import { invert } from "../src/experiments/inversion.ts";
import type { ExperimentSetting } from "../src/experiments/setting.ts";
import { median } from "../src/experiments/shift-test.ts";
import { parseSpec } from "../src/experiments/spec.ts";
import { blockWeights } from "../src/networks/gpt2-config.ts";
import { objectiveGraph } from "../src/networks/objective.ts";
import { locateWeight } from "../src/runtime/compile.ts";
import { wholeOutput } from "../src/networks/distance.ts";
import { openSubnetwork } from "../src/runtime/network.ts";
import { toOnnx } from "../src/tensorgraph/onnx.ts";
import { sizeOf } from "../src/tensorgraph/tensor.ts";
import { automaticDevice } from "../src/runtime/device-choice.ts";
import { firstIterationRows, packageRows } from "./program.ts";
import { shapeRows } from "./shapes.ts";
import { milliseconds, printTable, type Row } from "./table.ts";

const CACHE = path.join(import.meta.dirname, "../.cache/tests");
const RESULTS = path.join(import.meta.dirname, "results");
const LENGTH = 5;
/** With --quick everything is measured as briefly as possible: to see that it runs, not for figures. */
const QUICK = process.argv.includes("--quick");

async function time(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Medians of two kinds of work that time themselves, done in turn, and of their ratio pair by pair. */
async function inTurn(rounds: number, a: () => Promise<number>, b: () => Promise<number>) {
  const pairs: [number, number][] = [];
  await a();
  await b();
  for (let round = 0; round < (QUICK ? 1 : rounds); round++) pairs.push([await a(), await b()]);
  return {
    a: median(pairs.map(([x]) => x)),
    b: median(pairs.map(([, y]) => y)),
    ratio: median(pairs.map(([x, y]) => x / y)),
  };
}

const shapeOf = (blocks: number, batch: number) =>
  ({ blocks, output: "block", batch, length: LENGTH, type: "float32", measure: wholeOutput("l1") }) as const;

/** Runs N gradients of a sub-network in the barest way: one session, one `run` after the other. */
async function bareLoop(checkpoint: Checkpoint, blocks: number, batch: number) {
  const graph = objectiveGraph({
    network: { kind: "gpt2", config: checkpoint.config, blocks, output: "block" },
    batch,
    length: LENGTH,
    type: "float32",
    measure: wholeOutput("l1"),
  });
  const session = await ort.InferenceSession.create(
    toOnnx(graph, (name, tensor) => locateWeight(checkpoint, name, tensor)),
    { extra: { session: { model_external_initializers_file_folder_path: checkpoint.folder } } },
  );
  const dims = [batch, LENGTH, checkpoint.config.width];
  const point = (name: string) =>
    new ort.Tensor("float32", randomStream(0, name).normal(sizeOf(dims), 0, 0.02, "float32") as Float32Array, dims);
  const feeds = { embedding: point("embedding"), target: point("target") };
  return async (iterations: number): Promise<void> => {
    for (let n = 0; n < iterations; n++) await session.run(feeds, ["distance", "gradient"]);
  };
}

/** Runs N iterations of the inversion method, shown at its first and last iteration only. */
async function ourLoop(checkpoint: Checkpoint, blocks: number, batch: number) {
  const network = await openSubnetwork({ ...shapeOf(blocks, batch), checkpoint, device: "cpu", memory: "speed" });
  const size = LENGTH * checkpoint.config.width;
  const nothing = { tokenIds: [], topK: [], targetRanks: [] };
  const setting: ExperimentSetting = {
    network: { ...bound(network), nextTokens: async () => new Array<number>(batch).fill(0) },
    decoder: { decode: async () => Array.from({ length: batch }, () => nothing) },
    targetIds: [],
    embed: () => randomStream(0, "target").normal(size, 0, 0.02, "float32"),
    moments: { mean: 0, std: 0.02 },
    text: { token: String, decode: String },
    provenance: { device: "cpu", checkpoint, versions: {} },
    now: () => performance.now(),
  };
  return async (iterations: number): Promise<void> => {
    const spec = parseSpec({ prompt: "bench", blocks, restarts: batch, iterations, every: iterations, shiftDraws: 1 });
    for await (const event of invert(spec, setting, new AbortController().signal)) void event;
  };
}

/** The network's functions as a plain object. */
const bound = (network: ExperimentSetting["network"]): ExperimentSetting["network"] => ({
  batch: network.batch,
  length: network.length,
  width: network.width,
  outputWidth: network.outputWidth,
  type: network.type,
  forward: (embedding) => network.forward(embedding),
  distanceAndGradient: (embedding, target) => network.distanceAndGradient(embedding, target),
  vjp: (embedding, cotangent, target) => network.vjp(embedding, cotangent, target),
  normalProduct: (embedding, tangent) => network.normalProduct(embedding, tangent),
  nextTokens: (embedding) => network.nextTokens(embedding),
});

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

  const overhead = async (blocks: number, iterations: number): Promise<void> => {
    const [ours, bare] = [await ourLoop(checkpoint, blocks, 1), await bareLoop(checkpoint, blocks, 1)];
    const { a, b, ratio } = await inTurn(
      9,
      async () => {
        // The method's own frame (shift draw, judging) is what a run of one iteration costs.
        const frame = await time(() => ours(1));
        return (await time(() => ours(iterations + 1))) - frame;
      },
      () => time(() => bare(iterations)),
    );
    rows.push({
      work: `iteration, ${blocks} block${blocks > 1 ? "s" : ""}: our loop / bare \`session.run\``,
      measured: `${ratio.toFixed(3)} (${milliseconds(a / iterations)} / ${milliseconds(b / iterations)})`,
      bar: "≤ 1.05",
      values: { ratio },
    });
  };
  await overhead(1, 300);
  await overhead(12, 25);

  const deep = await bareLoop(checkpoint, 12, 1);
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
