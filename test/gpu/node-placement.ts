// Opens every graph of every network on WebGPU, with ONNX Runtime's own account of where each node goes on stderr, each
// after a line "graph NAME". All weights are zeros of one file: where a node goes depends on shapes and types only.

import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import * as ort from "onnxruntime-node";
import { wholeOutput } from "../../src/networks/distance.ts";
import { FULLY_CONNECTED_KINDS, METRICS } from "../../src/networks/options.ts";
import { OUTPUTS } from "../../src/networks/outputs.ts";
import type { NetworkShape } from "../../src/networks/network.ts";
import { normalGraph, objectiveGraph, type ObjectiveShape, pullbackGraph } from "../../src/networks/objective.ts";
import { graphOptions } from "../../src/runtime/compile.ts";
import { toOnnx } from "../../src/tensorgraph/onnx.ts";
import { sizeOf, type Tensor } from "../../src/tensorgraph/tensor.ts";
import { TINY } from "../support/checkpoint-folders.ts";

const [LENGTH, ZEROS] = [5, "zeros.bin"];
const networks: Record<string, NetworkShape> = {
  ...Object.fromEntries(
    OUTPUTS.map((output) => [
      output,
      { kind: "transformer", config: TINY, blocks: 2, output, weightFormat: "stored" } as const,
    ]),
  ),
  "head in 16 bits": { kind: "transformer", config: TINY, blocks: 2, output: "head", weightFormat: "float16" },
  ...Object.fromEntries(FULLY_CONNECTED_KINDS.map((kind) => [kind, { kind, length: LENGTH, width: TINY.width }])),
};

const graphs: Record<string, Record<string, Tensor>> = {};
for (const [name, network] of Object.entries(networks)) {
  const base = { network, batch: 2, length: LENGTH, type: "float32" } as const;
  for (const metric of METRICS) graphs[`${name} ${metric}`] = objectiveGraph({ ...base, measure: wholeOutput(metric) });
  const part: ObjectiveShape = { ...base, measure: { metric: "l1", reduction: "mean", fromPosition: -1, channels: 4 } };
  graphs[`${name} in part`] = objectiveGraph(part);
  graphs[`${name} pullback`] = pullbackGraph({ ...base, measure: wholeOutput("l1") });
  graphs[`${name} normal`] = normalGraph({ ...base, measure: wholeOutput("l1") });
}

const folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-placement-"));
await writeFile(path.join(folder, ZEROS), "");
await truncate(path.join(folder, ZEROS), 1 << 20);
for (const [name, graph] of Object.entries(graphs)) {
  const model = toOnnx(graph, (_, { shape, type }) => ({
    file: ZEROS,
    byteOffset: 0,
    byteLength: (type === "float16" ? 2 : 4) * sizeOf(shape),
    type,
  }));
  process.stderr.write(`\ngraph ${name}\n`);
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ["webgpu", "cpu"],
    logSeverityLevel: 0,
    extra: { session: { model_external_initializers_file_folder_path: folder }, ...graphOptions(graph) },
  });
  await session.release();
}
await rm(folder, { recursive: true });
process.exit(0);
