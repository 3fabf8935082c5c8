// Opened sub-networks: memory modes and batches change nothing in the results, and what cannot be is said before it is tried.

import assert from "node:assert/strict";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { randomStream } from "../../src/common/random.ts";
import { LabError } from "../../src/common/errors.ts";
import { checkMemory, sessionBytes } from "../../src/runtime/memory.ts";
import { compile } from "../../src/runtime/compile.ts";
import { openSubnetwork, type SubnetworkOptions } from "../../src/runtime/subnetwork.ts";
import { gpt2Subnetwork } from "../../src/networks/gpt2.ts";
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
  metric: "l1",
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
      const next = await network.nextTokens(points("e"));
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
      () => gpt2Subnetwork(embedding(5), { config, blocks: 3, output: "block" }),
      /3 blocks were asked for; the network has 2/,
    );
    assert.throws(
      () => gpt2Subnetwork(embedding(7), { config, blocks: 1, output: "block" }),
      /7 tokens; the network takes up to 6/,
    );
  });

  it("refuses what cannot fit before anything is allocated, and says what would", () => {
    const shape = {
      ...options,
      config: { ...checkpoint.config, width: 1600, innerWidth: 6400, blocks: 48 },
      blocks: 48,
    };
    assert.ok(sessionBytes(shape, "speed") > 11e9, "48 blocks of gpt2-xl packed twice");
    assert.throws(
      () => checkMemory(shape, "speed", 4e9),
      (error) =>
        error instanceof LabError &&
        error.kind === "memory" &&
        /needs about 12\.0 GB of memory and 4\.0 GB are free\. Memory mode "low" would take/.test(error.message),
    );
    assert.throws(() => checkMemory(shape, "low", 1e6), /Fewer blocks, fewer restarts or a shorter text/);
    assert.doesNotThrow(() => checkMemory(shape, "speed", 20e9));
  });
});

describe("compiling", () => {
  it("names a weight that is missing or of another shape", async () => {
    const graph = (name: string, shape: number[]) =>
      compile({ w: weight(name, shape, "float32") }, { checkpoint, device: "cpu", memory: "speed" });
    await assert.rejects(graph("h.9.ln_1.bias", [width]), /weight h\.9\.ln_1\.bias is not in the checkpoint/);
    await assert.rejects(graph("ln_f.bias", [5]), /ln_f\.bias has the shape \[8\]; the network needs \[5\]/);
  });
});
