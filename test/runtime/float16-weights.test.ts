// Weights in 16 bits stay in 16 bits: what ONNX Runtime makes of a graph that widens them at every use.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import * as ort from "onnxruntime-node";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { quantise } from "../../src/checkpoints/generated/reduced-precision.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { objectiveGraph } from "../../src/networks/objective.ts";
import { graphOptions, locateWeight } from "../../src/runtime/compile.ts";
import { toOnnx } from "../../src/tensorgraph/onnx.ts";
import { TEST_CACHE, TINY_GPT2 } from "../support/folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const [BLOCKS, MATRICES] = [2, 4];

describe("weights in 16 bits", () => {
  const newFolder = temporaryFolders();

  it("are widened just before each product, in the forward pass and in the backward pass", async () => {
    const stored = await openCheckpoint(TINY_GPT2, { blocks: BLOCKS }, { cacheFolder: TEST_CACHE, initSeed: 0 });
    const { checkpoint } = await quantise(stored, BLOCKS, "float16", { cacheFolder: TEST_CACHE });
    const { config, folder } = checkpoint;
    const network = { kind: "transformer", config, blocks: BLOCKS, output: "block", weightFormat: "float16" } as const;
    const graph = objectiveGraph({ network, batch: 1, length: 5, type: "float32", measure: wholeOutput("l1") });
    const optimised = path.join(await newFolder(), "optimised.onnx");
    const session = await ort.InferenceSession.create(
      toOnnx(graph, (name, tensor) => locateWeight(checkpoint, name, tensor)),
      {
        graphOptimizationLevel: "extended",
        optimizedModelFilePath: optimised,
        extra: { session: { model_external_initializers_file_folder_path: folder }, ...graphOptions(graph) },
      },
    );
    await session.release();
    const { node: nodes } = fromBinary(ModelProtoSchema, await readFile(optimised)).graph!;
    const casts = nodes.filter(({ opType, input }) => opType === "Cast" && input[0].endsWith(".weight"));
    assert.equal(casts.length, 2 * MATRICES * BLOCKS);
    for (const { output } of casts) {
      const users = nodes.filter(({ input }) => input.includes(output[0]));
      assert.equal(users.length, 1, "one cast for each use, so that no matrix is held in between");
    }
  });
});
