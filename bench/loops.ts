// The two kinds of loops that the bench holds against each other: a method as the program runs it, and the barest one
// that computes the same graph. Both on the sizes of bench.ts.

import * as ort from "onnxruntime-node";
import type { Checkpoint } from "../src/checkpoints/checkpoint.ts";
import { randomStream } from "../src/common/random.ts";
import { median } from "../src/common/statistics.ts";
import { methodOf } from "../src/experiments/methods/table.ts";
import type { ExperimentSetting } from "../src/experiments/setting.ts";
import { parseSpec } from "../src/experiments/spec.ts";
import { wholeOutput } from "../src/networks/distance.ts";
import { objectiveGraph, type ObjectiveShape } from "../src/networks/objective.ts";
import { locateWeight } from "../src/runtime/compile.ts";
import { openSubnetwork } from "../src/runtime/open-network.ts";
import { toOnnx } from "../src/tensorgraph/onnx.ts";
import { sizeOf, type Tensor } from "../src/tensorgraph/tensor.ts";

/** T of everything where nothing else is said. */
export const LENGTH = 5;
/** With --quick everything is measured as briefly as possible: to see that it runs, not for figures. */
export const QUICK = process.argv.includes("--quick");

/** Runs so many iterations. */
export type Loop = (iterations: number) => Promise<void>;

export async function time(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Medians of two kinds of work that time themselves, done in turn, and of their ratio pair by pair. */
export async function inTurn(rounds: number, a: () => Promise<number>, b: () => Promise<number>) {
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

const shapeOf = (checkpoint: Checkpoint, blocks: number, batch: number): ObjectiveShape => ({
  network: { kind: "transformer", config: checkpoint.config, blocks, output: "block" },
  batch,
  length: LENGTH,
  type: "float32",
  measure: wholeOutput("l1"),
});

/**
 * Runs a graph in the barest way: one session, one `run` after the other, threads waiting as the program's own do. By
 * default the descent step.
 */
export async function bareLoop(
  checkpoint: Checkpoint,
  blocks: number,
  batch: number,
  graphOf: (shape: ObjectiveShape) => Readonly<Record<string, Tensor>> = objectiveGraph,
): Promise<Loop> {
  const graph = graphOf(shapeOf(checkpoint, blocks, batch));
  const outputs = Object.keys(graph).filter((name) => name !== "output");
  const model = toOnnx(graph, (name, tensor) => locateWeight(checkpoint, name, tensor));
  const session = await ort.InferenceSession.create(model, {
    extra: {
      session: {
        model_external_initializers_file_folder_path: checkpoint.folder,
        intra_op: { allow_spinning: "0" },
      },
    },
  });
  const dims = [batch, LENGTH, checkpoint.config.width];
  const feeds = Object.fromEntries(
    session.inputNames.map((name) => {
      const values = randomStream(0, name).normal(sizeOf(dims), 0, 0.02, "float32") as Float32Array;
      return [name, new ort.Tensor("float32", values, dims)];
    }),
  );
  return async (iterations) => {
    for (let n = 0; n < iterations; n++) await session.run(feeds, outputs);
  };
}

/** Runs a method as the program does, shown at its first and last iteration only. */
export async function methodLoop(
  checkpoint: Checkpoint,
  request: Readonly<Record<string, unknown>> & { readonly blocks: number; readonly restarts: number },
): Promise<Loop> {
  const { blocks, restarts: batch } = request;
  const { measure, type, length } = shapeOf(checkpoint, blocks, batch);
  const placement = { device: "cpu", memory: "speed" } as const;
  const network = await openSubnetwork({
    checkpoint,
    blocks,
    output: "block",
    batch,
    length,
    type,
    measure,
    ...placement,
  });
  const nothing = { tokenIds: [], topK: [], targetRanks: [] };
  const setting: ExperimentSetting = {
    open: async () => ({
      device: network.device,
      memory: network.memory,
      batch,
      length,
      type,
      width: network.width,
      outputWidth: network.outputWidth,
      forward: (embedding) => network.forward(embedding),
      distanceAndGradient: (embedding, target) => network.distanceAndGradient(embedding, target),
      vjp: (embedding, cotangent, target) => network.vjp(embedding, cotangent, target),
      normalProduct: (embedding, tangent) => network.normalProduct(embedding, tangent),
      // Read through the head, which would take longer than the iterations: not asked for.
      nextTokens: async () => undefined,
    }),
    decoder: { decode: async () => Array.from({ length: batch }, () => nothing) },
    targetIds: [],
    embed: () => randomStream(0, "target").normal(length * network.width, 0, 0.02, "float32"),
    moments: { mean: 0, std: 0.02 },
    text: { token: String, decode: String },
    provenance: { checkpoint, versions: {} },
    now: () => performance.now(),
  };
  return async (iterations) => {
    const spec = parseSpec({ ...request, prompt: "bench", iterations, every: iterations, shiftDraws: 1 });
    for await (const event of methodOf(spec).run(spec, setting, new AbortController().signal)) void event;
  };
}
