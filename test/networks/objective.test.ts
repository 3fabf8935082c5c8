// The graphs beside the descent step, on a GPT-2 against PyTorch's own Jacobian and gradients: backward for any
// cotangent, forward mode, and distances of a part of the output.

import assert from "node:assert/strict";
import { LabError } from "../../src/common/errors.ts";
import { randomStream } from "../../src/common/random.ts";
import { elementwiseGradient, ones } from "../../src/experiments/input-gradients.ts";
import { REDUCTIONS } from "../../src/networks/options.ts";
import { OUTPUTS } from "../../src/networks/outputs.ts";
import { relativeError } from "../support/numbers.ts";
import { METHODS_REFERENCE, tinyCheckpoint, tinySetting } from "../support/tiny-methods.ts";

const { jacobian, summedGradient, measures } = METHODS_REFERENCE;
const never = new AbortController().signal;

/** J x, J [rows, x.length]. */
function times(J: readonly number[], x: ArrayLike<number>): number[] {
  const D = x.length;
  return Array.from({ length: J.length / D }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < D; j++) sum += J[i * D + j] * x[j];
    return sum;
  });
}

function transposed(J: readonly number[], columns: number): number[] {
  const rows = J.length / columns;
  return Array.from({ length: J.length }, (_, i) => J[(i % rows) * columns + Math.floor(i / rows)]);
}

describe("derivatives of a GPT-2", () => {
  it("backward for a cotangent u are Jᵀu", async () => {
    const { network, embed, targetIds } = await tinySetting("block", 1);
    const e = embed(targetIds);
    const u = randomStream(2, "u").normal(e.length, 0, 1, "float64");
    const { gradient } = await network.vjp(e, u, await network.forward(e));
    assert.ok(relativeError(gradient, times(transposed(jacobian.jacobian, e.length), u)) < 1e-12);
    await network.release();
  });

  it("forward for a tangent v are J v, and JᵀJ v", async () => {
    const { network, embed, targetIds } = await tinySetting("block", 1);
    const e = embed(targetIds);
    const v = randomStream(2, "v").normal(e.length, 0, 1, "float64");
    const { image, product } = await network.normalProduct(e, v);
    const expected = times(jacobian.jacobian, v);
    assert.ok(relativeError(image, expected) < 1e-12);
    assert.ok(relativeError(product, times(transposed(jacobian.jacobian, e.length), expected)) < 1e-12);
    await network.release();
  });

  for (const output of OUTPUTS) {
    for (const type of ["float32", "float64"] as const) {
      it(`forward are those of central differences: ${output}, ${type}, a batch of 2`, async () => {
        // The differences are taken in float64, whatever is compared with them.
        const [opened, exact] = [await tinySetting(output, 2, { type }), await tinySetting(output, 2)];
        const length = 2 * 5 * tinyCheckpoint.config.width;
        const e = randomStream(3, "e").normal(length, 0, 1, type);
        const v = randomStream(3, "v").normal(length, 0, 1, type);
        const h = 1e-5;
        const moved = (step: number) => Float64Array.from(e, (value, i) => value + step * v[i]);
        const above = (await exact.network.forward(moved(h))).slice();
        const below = await exact.network.forward(moved(-h));
        const { image } = await opened.network.normalProduct(e, v);
        const expected = Float64Array.from(above, (value, i) => (value - below[i]) / (2 * h));
        assert.ok(relativeError(image, expected) < (type === "float64" ? 1e-8 : 1e-5));
        await opened.network.release();
        await exact.network.release();
      });
    }
  }

  it("of a summed output agree with PyTorch's, by one backward pass and by one for each element", async () => {
    const { network, embed, targetIds } = await tinySetting("head", 3);
    const one = embed(targetIds);
    const e = Float64Array.from({ length: 3 * one.length }, (_, i) => one[i % one.length]);
    const target = (await network.forward(e)).slice();
    const { gradient } = await network.vjp(e, ones(network), target);
    assert.ok(relativeError(gradient.slice(0, one.length), summedGradient) < 1e-12);
    assert.ok(relativeError(await elementwiseGradient(network, e, target, never), summedGradient) < 1e-12);
    await network.release();
  });
});

describe("distances", () => {
  for (const { metric, fromPosition, channels, ...expected } of measures) {
    const part = `[:, ${fromPosition}:, :${channels ?? ""}]`;
    it(`${metric} of ${part} is PyTorch's, summed and as a mean`, async () => {
      for (const reduction of REDUCTIONS) {
        const measure = { metric, reduction, fromPosition, ...(channels !== null && { channels }) };
        const { network, embed, targetIds } = await tinySetting("head", 1, { measure });
        const target = embed(targetIds);
        const half = target.map((value: number) => value / 2);
        const { distance, gradient } = await network.distanceAndGradient(half, await network.forward(target));
        assert.ok(relativeError(distance, [expected[reduction]]) < 1e-12, `${distance[0]} ${expected[reduction]}`);
        assert.ok(gradient.some((value: number) => value !== 0));
        await network.release();
      }
    });
  }

  it("see nothing of the positions and channels that are left out", async () => {
    const measure = { metric: "l1", reduction: "sum", fromPosition: 3, channels: 2 } as const;
    const { network, embed, targetIds } = await tinySetting("block", 1, { measure });
    const e = embed(targetIds);
    const target = (await network.forward(e)).slice();
    const D = network.outputWidth;
    target.forEach((_: number, i: number) => {
      if (Math.floor(i / D) < 3 || i % D >= 2) target[i] += 100;
    });
    assert.equal((await network.distanceAndGradient(e, target)).distance[0], 0);
    await network.release();
  });

  it("refuse a part that holds nothing, with the numbers", async () => {
    const refused = (measure: object, pattern: RegExp) =>
      assert.rejects(
        tinySetting("block", 1, { measure: { metric: "l1", reduction: "sum", fromPosition: 0, ...measure } }),
        (error) => error instanceof LabError && error.kind === "badInput" && pattern.test(error.message),
      );
    await refused({ fromPosition: 5 }, /fromPosition is 5 and the text has 5 tokens: it takes -5 to 4/);
    await refused({ fromPosition: -6 }, /fromPosition is -6/);
    await refused({ channels: 9 }, /channels is 9 and the output is 8 wide/);
  });
});
