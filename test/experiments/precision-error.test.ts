// What 8 bits change, on a network small enough to know by heart.

import assert from "node:assert/strict";
import { quantisationAt } from "../../src/experiments/precision-error.ts";
import { toy } from "./toy.ts";

describe("what weights in 8 bits change", () => {
  it("is the relative error of the target's output, and its distance in the network's own measure", async () => {
    for (const batch of [1, 3]) {
      const { network, embed, targetIds } = toy({ batch });
      const target = embed(targetIds);
      const output = (await toy().network.forward(target)) as Float64Array;
      const stored = output.map((value) => value / 1.01);
      const { outputError, outputDistance } = await quantisationAt(network, target, stored);
      assert.ok(Math.abs(outputError! - 0.01) < 1e-12, `${outputError}`);
      const expected = output.reduce((sum, value, i) => sum + Math.abs(value - stored[i]), 0);
      assert.ok(Math.abs(outputDistance! - expected) < 1e-12, `${outputDistance}`);
    }
  });

  it("stays open where the stored weights' output could not be had", async () => {
    const { network, embed, targetIds } = toy();
    const result = await quantisationAt(network, embed(targetIds), undefined);
    assert.deepEqual(result, { outputError: null, outputDistance: null });
  });
});
