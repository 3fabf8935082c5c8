// The exported graph, opened by nothing of ours.

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import * as ort from "onnxruntime-node";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { quantise } from "../../src/checkpoints/generated/reduced-precision.ts";
import { LabError } from "../../src/common/errors.ts";
import { randomStream } from "../../src/common/random.ts";
import { exportGraph } from "../../src/runtime/graph-export.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { WEIGHT_FORMATS, type WeightFormat } from "../../src/networks/weight-formats.ts";
import { openNetwork } from "../../src/runtime/open-network.ts";
import { TEST_CACHE, TINY_GPT2 } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";

const checkpoint = await openCheckpoint(TINY_GPT2, { blocks: 2 }, { cacheFolder: TEST_CACHE, initSeed: 0 });
const weightsIn = async (format: WeightFormat) =>
  format === "stored" ? checkpoint : (await quantise(checkpoint, 2, format, { cacheFolder: TEST_CACHE })).checkpoint;
const network = { kind: "transformer", config: checkpoint.config, blocks: 2, output: "head" } as const;
const stored = { network, batch: 2, length: 4, type: "float32", measure: wholeOutput("l1") } as const;

describe("an exported graph", () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-"))));
  afterEach(() => rm(folder, { recursive: true }));

  for (const weightFormat of WEIGHT_FORMATS) {
    it(`computes output, distance and gradient in a bare session as the lab does, weights ${weightFormat}`, async () => {
      const weights = await weightsIn(weightFormat);
      const shape = { ...stored, network: { ...network, weightFormat } };
      const { model } = await exportGraph(weights, shape, folder);
      const session = await ort.InferenceSession.create(model);
      assert.deepEqual([...session.inputNames].sort(), ["embedding", "target"]);
      assert.deepEqual([...session.outputNames].sort(), ["distance", "gradient", "output"]);

      const opened = await openNetwork({ ...shape, weights: async () => weights, device: "cpu", memory: "speed" });
      const { width, vocabulary } = checkpoint.config;
      const embedding = randomStream(0, "e").normal(2 * 4 * width, 0, 1, "float32") as Float32Array;
      const target = randomStream(0, "t").normal(2 * 4 * vocabulary, 0, 1, "float32") as Float32Array;
      const bare = await session.run({
        embedding: new ort.Tensor("float32", embedding, [2, 4, width]),
        target: new ort.Tensor("float32", target, [2, 4, vocabulary]),
      });
      const ours = await opened.distanceAndGradient(embedding, target);
      assert.ok(relativeError(bare.gradient.data as Float32Array, ours.gradient) < 1e-6);
      assert.ok(relativeError(bare.distance.data as Float32Array, ours.distance) < 1e-6);
      assert.ok(relativeError(bare.output.data as Float32Array, await opened.forward(embedding)) < 1e-6);
      assert.deepEqual(bare.distance.dims, [2]);
      await opened.release();
      await session.release();
    });
  }

  it("leaves an earlier one as it was, and nothing of itself, where its weights cannot be read to their end", async () => {
    await exportGraph(checkpoint, stored, folder);
    const state = async () =>
      Promise.all((await readdir(folder)).map(async (name) => [name, await readFile(path.join(folder, name))]));
    const before = await state();
    assert.deepEqual(
      before.map(([name]) => name),
      ["network.onnx", "network.onnx.data"],
    );
    const cut = path.join(await mkdtemp(path.join(folder, "..", "inversion-lab-cut-")));
    try {
      const [{ file }] = checkpoint.tensors.values();
      const bytes = await readFile(path.join(checkpoint.folder, file));
      await writeFile(path.join(cut, file), bytes.subarray(0, bytes.length >> 1));
      await assert.rejects(exportGraph({ ...checkpoint, folder: cut }, stored, folder), /was cut off/);
      assert.deepEqual(await state(), before);
    } finally {
      await rm(cut, { recursive: true });
    }
  });

  it("says which folder cannot be written", async () => {
    const file = path.join(folder, "a-file");
    await writeFile(file, "");
    await assert.rejects(
      exportGraph(checkpoint, stored, path.join(file, "inside")),
      (error) => error instanceof LabError && error.kind === "storage" && error.message.includes(file),
    );
  });
});
