// Opened sub-networks: memory modes and batches change nothing in the results, and what cannot be is said before it is tried.

import assert from "node:assert/strict";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { randomStream } from "../../src/common/random.ts";
import { LabError } from "../../src/common/errors.ts";
import { checkCardMemory, fittingMode, sessionBytes, type SessionShape } from "../../src/runtime/memory.ts";
import { compile } from "../../src/runtime/compile.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { openSubnetwork, type SubnetworkOptions } from "../../src/runtime/open-network.ts";
import { subnetwork } from "../../src/networks/subnetwork.ts";
import { WEIGHT_FORMATS, type WeightFormat } from "../../src/networks/weight-formats.ts";
import { input, weight } from "../../src/tensorgraph/tensor.ts";
import { TEST_CACHE, TINY_GPT2 } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";

const checkpoint = await openCheckpoint(TINY_GPT2, { blocks: 2 }, { cacheFolder: TEST_CACHE, initSeed: 0 });
const options: SubnetworkOptions = {
  checkpoint,
  blocks: 2,
  output: "block",
  batch: 3,
  length: 5,
  type: "float32",
  measure: wholeOutput("l1"),
  device: "cpu",
  memory: "speed",
};
const { width } = checkpoint.config;
const points = (name: string, batch = 3) => randomStream(0, name).normal(batch * 5 * width, 0, 1, "float32");

async function gradientWith(changes: Partial<SubnetworkOptions>, embedding = points("e"), target = points("target")) {
  const network = await openSubnetwork({ ...options, ...changes });
  const result = await network.distanceAndGradient(embedding, await network.forward(target));
  await network.release();
  return result;
}

describe("an opened sub-network", () => {
  it("computes the same with little memory as with much", async () => {
    const [speed, low] = [await gradientWith({}), await gradientWith({ memory: "low" })];
    assert.ok(relativeError(low.gradient, speed.gradient) < 1e-6);
    assert.ok(relativeError(low.distance, speed.distance) < 1e-6);
  });

  it("gives the same bytes every time", async () => {
    assert.deepEqual(await gradientWith({}), await gradientWith({}));
  });

  it("keeps restarts apart: each is as if alone", async () => {
    const all = await gradientWith({});
    const size = 5 * width;
    for (let restart = 0; restart < 3; restart++) {
      const own = (name: string) => points(name).slice(restart * size, (restart + 1) * size);
      const alone = await gradientWith({ batch: 1 }, own("e"), own("target"));
      assert.ok(relativeError(all.gradient.slice(restart * size, (restart + 1) * size), alone.gradient) < 1e-6);
      assert.ok(relativeError([all.distance[restart]], alone.distance) < 1e-6);
    }
  });

  it("reads the next token with ln_f and the head, whichever of them the output lacks", async () => {
    const tokens = async (output: SubnetworkOptions["output"]) => {
      const network = await openSubnetwork({ ...options, output });
      const next = (await network.nextTokens(points("e")))!;
      await network.release();
      return next;
    };
    const whole = await tokens("head");
    assert.deepEqual(await tokens("block"), whole);
    assert.deepEqual(await tokens("finalNorm"), whole);
    assert.equal(new Set([...whole, ...(await tokens("blockHead"))]).size > 1, true);
  });

  it("refuses depths and lengths that the network does not have", () => {
    const { config } = checkpoint;
    const embedding = (length: number) => input("embedding", [1, length, width], "float32");
    assert.throws(
      () => subnetwork(embedding(5), { config, blocks: 3, output: "block" }),
      /3 blocks were asked for; the network has 2/,
    );
    assert.throws(
      () => subnetwork(embedding(7), { config, blocks: 1, output: "block" }),
      /7 tokens; the network takes up to 6/,
    );
  });

  it("opens in low-memory mode what fits only there, and refuses with numbers what does not fit at all", async () => {
    const config = { ...checkpoint.config, width: 1600, innerWidth: 6400, blocks: 48 };
    const shape = { ...options, network: { kind: "transformer", config, blocks: 48, output: "block" } } as const;
    assert.ok(sessionBytes(shape, "speed") > 11e9, "48 blocks of gpt2-xl packed twice");
    assert.equal(fittingMode(shape, "speed", 20e9), "speed");
    assert.equal(fittingMode(shape, "speed", 4e9), "low");
    const refusal = (pattern: RegExp) => (error: unknown) =>
      error instanceof LabError && error.kind === "memory" && pattern.test(error.message);
    const numbers =
      /needs about 0\.\d\d GB of memory, in memory mode "low" already, and 0\.00 GB are free\. Fewer blocks/;
    assert.throws(() => fittingMode(shape, "speed", 1e6), refusal(numbers));

    const card = (free: number) => Promise.resolve([{ name: "card", memory: { total: 24e9, free } }]);
    await checkCardMemory(shape, card(8e9), 0);
    await assert.rejects(
      checkCardMemory(shape, card(4e9), 64e9),
      refusal(/memory on the graphics card and 4\.0 GB are/),
    );
    await assert.rejects(checkCardMemory(shape, Promise.resolve([]), 4e9), refusal(/and 4\.0 GB are free/));
  });
});

describe("the memory of a session", () => {
  const config = { ...checkpoint.config, width: 1600, innerWidth: 6400, blocks: 48, vocabulary: 50257 };
  const shapeOf = (weightFormat: WeightFormat, changes = {}): SessionShape => ({
    ...options,
    batch: 1,
    network: { kind: "transformer", config, blocks: 48, output: "head", weightFormat },
    ...changes,
  });

  it("is below a gigabyte for all of gpt2-xl in low-memory mode, in 8 bits and in 16", () => {
    for (const format of WEIGHT_FORMATS) assert.ok(sessionBytes(shapeOf(format), "low") < 1e9, format);
    const packed = sessionBytes(shapeOf("int8"), "speed");
    assert.ok(packed > 1.5e9 && packed < 2.5e9, `${packed}`);
  });

  it("holds a copy of weights in another number format than the network's, in low-memory mode too", () => {
    const low = (changes: Partial<SessionShape>) => sessionBytes(shapeOf("stored", changes), "low");
    assert.ok(low({ storedAs: "F16" }) > 6e9);
    assert.ok(low({ type: "float64" }) > 12e9);
    assert.ok(low({ type: "float64", storedAs: "F64" }) < 1e9);
  });

  it("is told with what 8-bit weights would take, where that would fit", () => {
    const shape = shapeOf("stored", { storedAs: "F16" });
    assert.throws(
      () => fittingMode(shape, "speed", 4e9),
      /With 8-bit weights, on the processor, it would take about 0\.\d+ GB/,
    );
    assert.throws(() => fittingMode(shape, "speed", 1e6), /Fewer blocks/);
    assert.throws(() => fittingMode(shapeOf("int8"), "speed", 1e6), /Fewer blocks/);
    assert.equal(fittingMode(shapeOf("int8"), "speed", 1.2e9), "low");
  });
});

describe("compiling", () => {
  it("names a weight that is missing or of another shape", async () => {
    const graph = (name: string, shape: number[]) =>
      compile({ w: weight(name, shape, "float32") }, { weights: checkpoint, device: "cpu", memory: "speed" });
    await assert.rejects(graph("h.9.ln_1.bias", [width]), /weight h\.9\.ln_1\.bias is not in the checkpoint/);
    await assert.rejects(graph("ln_f.bias", [5]), /ln_f\.bias has the shape \[8\]; the network needs \[5\]/);
  });
});
