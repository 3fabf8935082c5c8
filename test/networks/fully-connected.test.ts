// The fully connected nets against PyTorch's, weights included: each is drawn anew from its stream there.

import assert from "node:assert/strict";
import { openFullyConnected } from "../../src/checkpoints/generated/fully-connected-weights.ts";
import { LabError } from "../../src/common/errors.ts";
import { randomStream } from "../../src/common/random.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { fullyConnectedWeights } from "../../src/networks/fully-connected.ts";
import { fittingMode } from "../../src/runtime/memory.ts";
import { openNetwork } from "../../src/runtime/open-network.ts";
import { relativeError } from "../support/numbers.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";
import { METHODS_REFERENCE } from "../support/tiny-methods.ts";

describe("fully connected nets", () => {
  const newFolder = temporaryFolders();
  let cache: string;
  before(async () => (cache = await newFolder()));

  for (const { kind, length, width, batch, seed, output, gradient } of METHODS_REFERENCE.fullyConnected) {
    for (const { type, tolerance } of [
      { type: "float64", tolerance: 1e-12 },
      { type: "float32", tolerance: 1e-5 },
    ] as const) {
      it(`${kind}: PyTorch's output and gradient in ${type}`, async () => {
        const shape = { kind, length, width };
        const network = await openNetwork({
          network: shape,
          weights: () => openFullyConnected(shape, seed, cache, {}),
          batch,
          length,
          type,
          measure: wholeOutput("l1"),
          device: "cpu",
          memory: "speed",
        });
        const e = randomStream(1, "e").normal(batch * length * width, 0, 1, type);
        assert.ok(relativeError(await network.forward(e), output) < tolerance);
        const zero = e.slice().fill(0);
        const target = Array.from({ length: output.length }, () => 0);
        const result = await network.distanceAndGradient(
          e,
          type === "float64" ? Float64Array.from(target) : Float32Array.from(target),
        );
        assert.ok(relativeError(result.gradient, gradient) < tolerance);
        assert.equal(await network.nextTokens(zero), undefined);
        await network.release();
      });
    }
  }

  it("have the source's sizes: 295 million numbers for five tokens of GPT-2", () => {
    const weights = fullyConnectedWeights({ kind: "invertible", length: 5, width: 768 });
    const count = weights.reduce((sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1), 0);
    assert.equal(count, 3840 * 15360 + 15360 + 15360 * 15360 + 15360);
  });

  it("are refused with the bytes they would need before any is written", async () => {
    const network = { kind: "invertible", length: 20, width: 768 } as const;
    const shape = { network, batch: 1, length: 20, type: "float32", measure: wholeOutput("l1") } as const;
    assert.throws(
      () => fittingMode(shape, "speed", 16e9),
      (error) => error instanceof LabError && error.kind === "memory" && /needs about 18\.\d GB/.test(error.message),
    );
  });
});
