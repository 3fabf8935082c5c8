// The whole loop on a real network against PyTorch: every iterate's distance, in plain descent and with Adam.
// The values are made by test/reference/gpt2_reference.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { openCheckpoint } from "../../../src/checkpoints/open.ts";
import { readRows } from "../../../src/checkpoints/rows.ts";
import { type FloatArray } from "../../../src/common/floats.ts";
import { invert } from "../../../src/experiments/methods/inversion.ts";
import { parseSpec } from "../../../src/experiments/spec.ts";
import { type InversionRequest } from "../../../src/experiments/methods/inversion.ts";
import { wholeOutput } from "../../../src/networks/distance.ts";
import { openSubnetwork } from "../../../src/runtime/open-network.ts";
import { TEST_CACHE, TINY_GPT2 } from "../../support/folders.ts";
import { relativeError } from "../../support/numbers.ts";

const reference = JSON.parse(readFileSync(path.join(TINY_GPT2, "descents.json"), "utf8")) as {
  readonly target: number[];
  readonly descents: {
    readonly optimizer: InversionRequest["optimizer"];
    readonly learningRate: number;
    readonly distances: number[];
  }[];
};

describe("inversion of a GPT-2", () => {
  for (const { optimizer, learningRate, distances } of reference.descents) {
    it(`takes PyTorch's course with ${optimizer}`, async () => {
      const shape = { blocks: 2, output: "block" } as const;
      const checkpoint = await openCheckpoint(TINY_GPT2, shape, { cacheFolder: TEST_CACHE, initSeed: 0 });
      const length = reference.target.length;
      const network = await openSubnetwork({
        ...shape,
        checkpoint,
        batch: 1,
        length,
        type: "float64",
        measure: wholeOutput("l1"),
        device: "cpu",
        memory: "speed",
      });
      const positions = readRows(checkpoint, "wpe.weight", [...reference.target.keys()]);
      const tokens = readRows(checkpoint, "wte.weight", reference.target);
      const target: FloatArray = Float64Array.from(tokens, (value, i) => value + positions[i]);
      const spec = parseSpec({
        prompt: "tiny",
        blocks: 2,
        optimizer,
        learningRate,
        iterations: distances.length - 1,
        every: 1,
        dtype: "float64",
        noiseShare: 0,
        targetShare: 0.5,
      });
      const nothing = { tokenIds: reference.target, topK: [], targetRanks: [] };
      const setting = {
        open: async () => network,
        decoder: { decode: async () => [nothing] },
        targetIds: reference.target,
        embed: () => target,
        moments: { mean: 0, std: 1 },
        text: { token: String, decode: String },
        provenance: { checkpoint, versions: {} },
        now: () => 0,
      };
      const course: number[] = [];
      for await (const event of invert(spec, setting, new AbortController().signal)) {
        if (event.type === "step") course.push(event.outputDistance);
      }
      assert.ok(relativeError(course, distances) < 1e-10, `${course.join(" ")}\n${distances.join(" ")}`);
      await network.release();
    });
  }
});
