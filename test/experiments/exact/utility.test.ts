// What protected states are still good for, by hand.

import assert from "node:assert/strict";
import { klDivergence, utilityOf } from "../../../src/experiments/exact/utility.ts";
import type { StatesSetting } from "../../../src/experiments/setting.ts";

describe("the KL divergence of logits", () => {
  it("is Σ p (log p − log q) in nats, whatever is added to the logits", () => {
    const p = [0.5, 0.25, 0.25];
    const q = [0.25, 0.5, 0.25];
    const wanted = p.reduce((sum, share, i) => sum + share * Math.log(share / q[i]), 0);
    for (const shift of [0, 1000, -1000]) {
      const logits = (shares: number[]) => Float64Array.from(shares, (share) => Math.log(share) + shift);
      assert.ok(Math.abs(klDivergence(logits(p), logits(q))! - wanted) < 1e-12);
    }
  });

  it("is 0 of the same logits, and known where softmax would be 0 in floats", () => {
    const logits = Float32Array.from([3, -2000, 0]);
    assert.equal(klDivergence(logits, logits), 0);
    const far = klDivergence(Float32Array.from([1000, 0]), Float32Array.from([0, 1000]))!;
    assert.ok(Math.abs(far - 1000) < 1e-9);
  });

  it("is unknown where a logit is no finite number", () => {
    for (const wrong of [NaN, Infinity, -Infinity]) {
      assert.equal(klDivergence(Float32Array.from([1, 2]), Float32Array.from([1, wrong])), null);
    }
  });
});

describe("the utility of changed outputs", () => {
  /** Logits are the states, twice as large. */
  const rest: StatesSetting["rest"] = {
    through: async (output) => output.map((value) => 2 * value),
    logits: async (rows) => rows,
  };

  it("is told of each position and as a mean, over more positions than are held at a time", async () => {
    const T = 130;
    const states = Float32Array.from({ length: 3 * T }, (_, i) => (i % 3 === 0 ? 1 : 0));
    const changed = states.slice();
    const at = [0, 64, 129];
    for (const t of at) changed.set([0, 1, 0], 3 * t);
    const { agreement, agreements, kl, kls } = await utilityOf(rest, 1, states, changed, T);
    assert.deepEqual(
      agreements.flatMap((same, t) => (same ? [] : [t])),
      at,
    );
    assert.equal(agreement, 127 / 130);
    // p = softmax(2, 0, 0) and q = softmax(0, 2, 0): log p − log q is 2, −2 and 0.
    const wanted = (2 * (Math.exp(2) - 1)) / (Math.exp(2) + 2);
    for (const t of at) assert.ok(Math.abs(kls[t]! - wanted) < 1e-6);
    assert.equal(kls.filter((each) => each === 0).length, 127);
    assert.ok(Math.abs(kl! - (3 * wanted) / 130) < 1e-6);
  });

  it("is unknown as a mean where it is at a position, which then does not agree", async () => {
    const states = Float32Array.from([1, 0, 1, 0]);
    const { agreements, kls, kl, agreement } = await utilityOf(
      rest,
      1,
      states,
      Float32Array.from([1, 0, Infinity, 0]),
      2,
    );
    assert.deepEqual([agreements, kls, kl, agreement], [[true, false], [0, null], null, 0.5]);
  });
});
