// GPT-2 sub-networks against PyTorch: a tiny checkpoint with no trivial weight, every output, metric and depth.
// The values are made by test/reference/gpt2_reference.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { type FloatArray, floats, type FloatType } from "../../src/common/floats.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import type { MetricName } from "../../src/networks/options.ts";
import type { Output } from "../../src/networks/outputs.ts";
import { openSubnetwork } from "../../src/runtime/open-network.ts";
import { TEST_CACHE, TINY_GPT2 } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";

interface Reference {
  readonly shape: [number, number, number];
  readonly embedding: number[];
  readonly target: number[];
  readonly cases: {
    readonly blocks: number;
    readonly output: Output;
    readonly metric: MetricName;
    readonly distance: number[];
    readonly gradient: number[];
    /** O(e), given once for the three metrics. */
    readonly value?: number[];
  }[];
}

const reference = JSON.parse(readFileSync(path.join(TINY_GPT2, "gradients.json"), "utf8")) as Reference;
const [batch, length] = reference.shape;

const array = (type: FloatType, values: readonly number[]): FloatArray => {
  const result = floats(type, values.length);
  result.set(values);
  return result;
};

describe("GPT-2 sub-networks", () => {
  for (const { type, tolerance } of [
    { type: "float64", tolerance: 1e-12 },
    { type: "float32", tolerance: 1e-5 },
  ] as const) {
    for (const { blocks, output, metric, distance, gradient, value } of reference.cases) {
      it(`${blocks} blocks, ${output}, ${metric}: PyTorch's gradient in ${type}`, async () => {
        const checkpoint = await openCheckpoint(TINY_GPT2, { blocks }, { cacheFolder: TEST_CACHE, initSeed: 0 });
        const network = await openSubnetwork({
          checkpoint,
          blocks,
          output,
          batch,
          length,
          type,
          measure: wholeOutput(metric),
          device: "cpu",
          memory: "speed",
        });
        const target = await network.forward(array(type, reference.target));
        const embedding = array(type, reference.embedding);
        const actual = await network.distanceAndGradient(embedding, target);
        assert.ok(relativeError(actual.distance, distance) < tolerance, "distance");
        assert.ok(relativeError(actual.gradient, gradient) < tolerance, "gradient");
        if (value) assert.ok(relativeError(await network.forward(embedding), value) < tolerance, "output");
        await network.release();
      });
    }
  }

  it("look at no later token", async () => {
    const shape = { blocks: 2, output: "block" } as const;
    const checkpoint = await openCheckpoint(TINY_GPT2, shape, { cacheFolder: TEST_CACHE, initSeed: 0 });
    const network = await openSubnetwork({
      ...shape,
      checkpoint,
      batch,
      length,
      type: "float64",
      measure: wholeOutput("l1"),
      device: "cpu",
      memory: "speed",
    });
    const embedding = array("float64", reference.embedding);
    const before = await network.forward(embedding);
    const D = network.width;
    embedding.fill(9, (length - 1) * D, length * D);
    const after = await network.forward(embedding);
    assert.deepEqual(after.slice(0, (length - 1) * D), before.slice(0, (length - 1) * D));
    assert.notDeepEqual(after.slice((length - 1) * D, length * D), before.slice((length - 1) * D, length * D));
    await network.release();
  });
});
