// Opens a sub-network's graph on WebGPU, for every output and metric, with ONNX Runtime's own account of where each node
// goes on stderr.

import * as ort from "onnxruntime-node";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { METRICS, wholeOutput } from "../../src/networks/distance.ts";
import { OUTPUTS } from "../../src/networks/gpt2-config.ts";
import { objectiveGraph } from "../../src/networks/objective.ts";
import { locateWeight } from "../../src/runtime/compile.ts";
import { toOnnx } from "../../src/tensorgraph/onnx.ts";
import { TEST_CACHE, TINY_GPT2 } from "../support/folders.ts";

const checkpoint = await openCheckpoint(TINY_GPT2, { blocks: 2 }, { cacheFolder: TEST_CACHE, initSeed: 0 });
for (const metric of METRICS) {
  for (const output of OUTPUTS) {
    const shape = {
      network: { kind: "gpt2", config: checkpoint.config, blocks: 2, output },
      batch: 2,
      length: 5,
      type: "float32",
      measure: wholeOutput(metric),
    } as const;
    const model = toOnnx(objectiveGraph(shape), (name, tensor) => locateWeight(checkpoint, name, tensor));
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ["webgpu", "cpu"],
      logSeverityLevel: 0,
      extra: { session: { model_external_initializers_file_folder_path: checkpoint.folder } },
    });
    await session.release();
  }
}
process.exit(0);
