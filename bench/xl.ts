// `npm run bench -- xl`: all 48 blocks of gpt2-xl on a small machine, in low-memory mode with the weights as they are
// (6.2 GB) and in 8 bits. Each is one inversion of 20 iterations by the program itself, with the engine watched from
// outside. The first time writes 7.8 GB to the cache.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { openCheckpoint } from "../src/checkpoints/open.ts";
import { quantise } from "../src/checkpoints/generated/reduced-precision.ts";
import { randomStream } from "../src/common/random.ts";
import type { RunEvent, StartEvent } from "../src/experiments/events.ts";
import { wholeOutput } from "../src/networks/distance.ts";
import { openSubnetwork } from "../src/runtime/open-network.ts";
import { milliseconds, printTable, type Row } from "./table.ts";

const CACHE = path.join(import.meta.dirname, "../.cache/tests");
const PROGRAM = path.join(import.meta.dirname, "../dist/cli.cjs");
const SOURCE = "random:gpt2-xl";
const [BLOCKS, ITERATIONS, LENGTH] = [48, 20, 5];
const WATCH_MS = 50;

interface Inversion {
  readonly start: StartEvent;
  /** From the step event of iteration 0 to that of the last, which has been decoded. */
  readonly iterationMs: number;
  /** Of the engine, in the same time: what a machine with other work says more by. */
  readonly processorMs: number;
  readonly wholeMs: number;
  /** Largest amount of anonymous memory that the engine held, in bytes. */
  readonly anonymous: number;
}

async function inversion(flags: readonly string[], iterations: number): Promise<Inversion> {
  const size = ["--checkpoint", SOURCE, "--blocks", `${BLOCKS}`];
  const length = ["--iterations", `${iterations}`, "--every", `${iterations}`];
  const argv = [PROGRAM, "invert", "The sky is blue.", ...size, ...length, ...flags, "--json", "--cache", CACHE];
  const began = performance.now();
  const program = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  let anonymous = 0;
  const watch = setInterval(() => {
    for (const child of childrenOf(program.pid!)) anonymous = Math.max(anonymous, anonymousOf(child));
  }, WATCH_MS);
  const times: number[] = [];
  const processor: number[] = [];
  let start: StartEvent | undefined;
  for await (const line of createInterface({ input: program.stdout })) {
    const event = JSON.parse(line) as RunEvent;
    if (event.type === "start") start = event;
    if (event.type !== "step") continue;
    times.push(performance.now());
    processor.push(childrenOf(program.pid!).reduce((sum, child) => sum + processorMsOf(child), 0));
  }
  clearInterval(watch);
  if (!start) throw new Error("The run did not start.");
  const perIteration = (counts: readonly number[]): number => (counts[counts.length - 1] - counts[0]) / iterations;
  const [iterationMs, processorMs] = [times, processor].map(perIteration);
  return { start, iterationMs, processorMs, wholeMs: performance.now() - began, anonymous };
}

function childrenOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  } catch {
    return [];
  }
}

/** Bytes; 0 for a process that is gone. Counted by the kernel: to add up smaps takes a walk through 6 GB of pages. */
function anonymousOf(pid: string): number {
  try {
    const [, kilobytes] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
    return Number(kilobytes) * 1024;
  } catch {
    return 0;
  }
}

/** User and system time so far, which Linux gives in hundredths of a second; 0 for a process that is gone. */
function processorMsOf(pid: string): number {
  try {
    const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")
      .slice(11, 13);
    return 10 * (Number(user) + Number(system));
  } catch {
    return 0;
  }
}

/** ‖∇̂ − ∇‖₂ / ‖∇‖₂ at a start point, ∇̂ being the gradient of the network with 8-bit weights to its own target. */
async function gradientError(): Promise<number> {
  const options = { cacheFolder: CACHE, initSeed: 0 };
  const stored = await openCheckpoint(SOURCE, { blocks: BLOCKS }, options);
  const { checkpoint: quantised } = await quantise(stored, BLOCKS, "int8", options);
  const shape = { blocks: BLOCKS, output: "block", batch: 1, length: LENGTH, type: "float32" } as const;
  const point = (name: string) => randomStream(0, name).normal(LENGTH * stored.config.width, 0, 0.028, "float32");
  const gradients = [];
  for (const [checkpoint, weightFormat] of [
    [stored, "stored"],
    [quantised, "int8"],
  ] as const) {
    const placement = { device: "cpu", memory: "low", measure: wholeOutput("l1") } as const;
    const network = await openSubnetwork({ ...shape, ...placement, checkpoint, weightFormat });
    const target = (await network.forward(point("target"))).slice();
    gradients.push((await network.distanceAndGradient(point("e"), target)).gradient.slice());
    await network.release();
  }
  const [exact, ours] = gradients;
  const norm = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((sum, value) => sum + value * value, 0));
  return norm(exact.map((value, i) => ours[i] - value)) / norm(exact);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

async function main(): Promise<void> {
  const rows: Row[] = [];
  for (const [name, flags] of [
    ["float32, low-memory mode", ["--memory", "low"]],
    ["8-bit weights, low-memory mode", ["--weights", "int8", "--memory", "low"]],
  ] as const) {
    const work = (what: string) => `gpt2-xl, ${BLOCKS} blocks, ${name}: ${what}`;
    await inversion([...flags, "--shift-draws", "1"], 1); // What is made once is made here, and files are in the page cache.
    const { start, iterationMs, processorMs, wholeMs, anonymous } = await inversion(flags, ITERATIONS);
    rows.push(
      {
        work: work("anonymous memory of the engine, peak"),
        measured: anonymous > 0 ? `${(anonymous / 1e6).toFixed(0)} MB` : "Linux only",
        bar: "≤ 1 GB",
      },
      {
        work: work("one iteration"),
        measured: `${milliseconds(iterationMs)}, ${milliseconds(processorMs)} of processor time`,
        bar: "–",
      },
      {
        work: work(`an inversion of ${ITERATIONS} iterations, all in all`),
        measured: `${(wholeMs / 1000).toFixed(0)} s`,
        bar: "–",
      },
    );
    if (start.quantisation) {
      const { weightError, outputError } = start.quantisation;
      const measured = `${percent(weightError)} / ${percent(outputError!)} / ${percent(await gradientError())}`;
      rows.push({ work: work("relative error of weights / the target's output / a gradient"), measured, bar: "–" });
    }
  }
  printTable(`T = ${LENGTH}`, rows);
}

await main();
process.exit(0);
