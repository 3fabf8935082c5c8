// Update rules against PyTorch's.

import assert from "node:assert/strict";
import { learningRateAt, OPTIMIZER_RULES } from "../../src/experiments/optimizers.ts";

describe("optimisers", () => {
  it("take Adam's steps as torch.optim.Adam does", () => {
    // Three steps at rate 0.1 down Σ x³ from (1, −2, 0.5), in float64.
    const expected = [0.7041537958715121, -2.3004937905256657, 0.21322035758517427];
    const x = Float64Array.of(1, -2, 0.5);
    const update = OPTIMIZER_RULES.adam(x.length, "float64");
    for (let step = 0; step < 3; step++)
      update(
        x,
        x.map((value) => 3 * value * value),
        0.1,
      );
    x.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-14, `${value} ${expected[i]}`));
  });

  it("take plain steps against the gradient", () => {
    const x = Float32Array.of(1, 2);
    OPTIMIZER_RULES.gd()(x, Float32Array.of(4, -4), 0.5);
    assert.deepEqual([...x], [-1, 4]);
  });

  it("start at η and end at η/10", () => {
    assert.equal(learningRateAt(1, 0, 50), 1);
    assert.ok(Math.abs(learningRateAt(1, 50, 50) - 0.1) < 1e-15);
  });
});
