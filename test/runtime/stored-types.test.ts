// Weights are read as they are stored: numbers that every format holds exactly give the same output from each.

import assert from "node:assert/strict";
import type { StoredType } from "../../src/checkpoints/checkpoint.ts";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { openSubnetwork } from "../../src/runtime/open-network.ts";
import { configJson, TINY, weightValues, writeCheckpoint } from "../support/checkpoint-folders.ts";
import { relativeError } from "../support/numbers.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

describe("weights stored as", () => {
  const newFolder = temporaryFolders();
  const config = { ...TINY, tiedHead: false };
  // Multiples of 1/64 below 2: seven bits, as many as BF16 has.
  const weights = weightValues(config).map((tensor) => ({
    ...tensor,
    values: Array.from(tensor.values, (value) => Math.max(-1.98, Math.min(1.98, Math.round(64 * 4 * value) / 64))),
  }));

  async function outputOf(type: StoredType, memory: "speed" | "low"): Promise<ArrayLike<number>> {
    const folder = await writeCheckpoint(
      await newFolder(),
      configJson(config),
      weights.map((tensor) => ({ ...tensor, type })),
    );
    const checkpoint = await openCheckpoint(folder, { blocks: 2 }, { cacheFolder: folder, initSeed: 0 });
    const shape = {
      blocks: 2,
      output: "head",
      batch: 1,
      length: 3,
      type: "float32",
      measure: wholeOutput("l1"),
    } as const;
    const network = await openSubnetwork({ ...shape, checkpoint, device: "cpu", memory });
    const embedding = Float32Array.from({ length: 3 * config.width }, (_, i) => Math.sin(i));
    try {
      return await network.forward(embedding);
    } finally {
      await network.release();
    }
  }

  for (const type of ["F64", "F16", "BF16"] as const) {
    for (const memory of ["speed", "low"] as const) {
      it(`${type} compute as those stored as F32, memory ${memory}`, async () => {
        const [expected, actual] = [await outputOf("F32", memory), await outputOf(type, memory)];
        assert.ok(relativeError(actual, expected) < 1e-6);
      });
    }
  }
});
