// GPT-2 sub-networks with weights in 8 or 16 bits: forward and backward use the very numbers that are stored.

import assert from "node:assert/strict";
import type { Checkpoint } from "../../src/checkpoints/checkpoint.ts";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { quantise } from "../../src/checkpoints/generated/reduced-precision.ts";
import { randomStream } from "../../src/common/random.ts";
import type { FloatType } from "../../src/common/floats.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { OUTPUTS, type Output } from "../../src/networks/outputs.ts";
import { openSubnetwork, type SubnetworkOptions } from "../../src/runtime/open-network.ts";
import { configJson, TINY, weightValues, writeCheckpoint } from "../support/checkpoint-folders.ts";
import { TEST_CACHE } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";
import { dequantisedWeight } from "../support/quantised.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const [batch, length] = [2, 5];

/** Bounds for one block of full width: of the weights' error, the output's and the gradient's. */
const BOUNDS = { int8: [0.009, 0.02, 0.03], float16: [2.5e-4, 5e-4, 1e-3] } as const;

for (const format of ["int8", "float16"] as const)
  describe(`GPT-2 sub-networks with weights in ${format}`, () => {
    const newFolder = temporaryFolders();
    const config = { ...TINY, tiedHead: false };
    let [stored, quantised, expanded]: Checkpoint[] = [];
    before(async () => {
      const cacheFolder = await newFolder();
      const open = (source: string) => openCheckpoint(source, { blocks: 2 }, { cacheFolder, initSeed: 0 });
      const weights = weightValues(config);
      stored = await open(await writeCheckpoint(await newFolder(), configJson(config), weights));
      ({ checkpoint: quantised } = await quantise(stored, 2, format, { cacheFolder }));
      const values = weights.map((tensor) => {
        const name = tensor.name.replace(/^transformer\./, "");
        return quantised.tensors.has(name)
          ? { ...tensor, type: "F64" as const, values: dequantisedWeight(quantised, name) }
          : tensor;
      });
      expanded = await open(await writeCheckpoint(await newFolder(), configJson(config), values));
    });

    async function opened(
      checkpoint: Checkpoint,
      output: Output,
      type: FloatType,
      more: Partial<SubnetworkOptions> = {},
    ) {
      const weightFormat = checkpoint === quantised ? format : "stored";
      const shape = { blocks: 2, output, batch, length, type, measure: wholeOutput("l1"), weightFormat } as const;
      return openSubnetwork({ ...shape, checkpoint, device: "cpu", memory: "low", ...more });
    }
    const point = (name: string, type: FloatType) =>
      randomStream(0, name).normal(batch * length * config.width, 0, 1, type);

    for (const output of OUTPUTS) {
      it(`${output}: the gradient is that of finite differences of the same network`, async () => {
        const network = await opened(quantised, output, "float64", { measure: wholeOutput("l2") });
        const target = await network.forward(point("target", "float64"));
        const e = point("e", "float64");
        const { gradient } = await network.distanceAndGradient(e, target);
        const exact = gradient.slice();
        const h = 1e-5;
        const at = async (i: number, x: number) => {
          const { distance } = await network.distanceAndGradient(e.with(i, x), target);
          return distance[Math.floor(i / (length * config.width))];
        };
        for (let i = 0; i < e.length; i += 7) {
          const slope = ((await at(i, e[i] + h)) - (await at(i, e[i] - h))) / (2 * h);
          assert.ok(Math.abs(slope - exact[i]) < 1e-6, `element ${i}: ${exact[i]} and ${slope}`);
        }
        await network.release();
      });

      it(`${output}: output, gradient and next token are those of the numbers that are stored`, async () => {
        for (const [type, tolerance] of [
          ["float32", 2e-5],
          ["float64", 1e-12],
        ] as const) {
          const results = [];
          for (const checkpoint of [quantised, expanded]) {
            const network = await opened(checkpoint, output, type);
            const value = (await network.forward(point("e", type))).slice();
            const target = (await network.forward(point("target", type))).slice();
            const { gradient } = await network.distanceAndGradient(point("e", type), target);
            results.push({ value, gradient: gradient.slice(), next: await network.nextTokens(point("e", type)) });
            await network.release();
          }
          const [ours, reference] = results;
          assert.ok(relativeError(ours.value, reference.value) < tolerance, `output in ${type}`);
          assert.ok(relativeError(ours.gradient, reference.gradient) < tolerance, `gradient in ${type}`);
          assert.deepEqual(ours.next, reference.next);
        }
      });
    }

    it("compute the same in both memory modes", async () => {
      const results = [];
      for (const memory of ["speed", "low"] as const) {
        const network = await opened(quantised, "head", "float32", { memory });
        const { gradient } = await network.distanceAndGradient(
          point("e", "float32"),
          await network.forward(point("target", "float32")),
        );
        results.push(gradient.slice());
        await network.release();
      }
      assert.deepEqual(results[0], results[1]);
    });

    it("of full width stay near the stored weights' output and gradient", async () => {
      const options = { cacheFolder: TEST_CACHE, initSeed: 0 };
      const random = await openCheckpoint("random:gpt2", { blocks: 1 }, options);
      const { checkpoint, error } = await quantise(random, 1, format, options);
      const [ofWeights, ofOutput, ofGradient] = BOUNDS[format];
      assert.ok(error < ofWeights && error > ofWeights / 3, `${error}`);
      const shape = {
        blocks: 1,
        output: "block",
        batch: 1,
        length,
        type: "float32",
        measure: wholeOutput("l2"),
      } as const;
      const e = randomStream(0, "e").normal(length * 768, 0, 0.03, "float32");
      const targetPoint = randomStream(0, "target").normal(length * 768, 0, 0.03, "float32");
      const results = [];
      for (const [source, weightFormat] of [
        [checkpoint, format],
        [random, "stored"],
      ] as const) {
        const network = await openSubnetwork({
          ...shape,
          weightFormat,
          checkpoint: source,
          device: "cpu",
          memory: "low",
        });
        const target = (await network.forward(targetPoint)).slice();
        results.push({ target, gradient: (await network.distanceAndGradient(e, target)).gradient.slice() });
        await network.release();
      }
      assert.ok(relativeError(results[0].target, results[1].target) < ofOutput);
      assert.ok(relativeError(results[0].gradient, results[1].gradient) < ofGradient);
    });
  });
