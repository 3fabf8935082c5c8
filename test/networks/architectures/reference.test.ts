// Every architecture and variant against transformers: states at every depth and tap, gradients, the passes behind cached
// keys and values, and narrow weights. The checkpoints and values are made by test/reference/architectures_reference.py.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import * as ort from "onnxruntime-node";
import type { Checkpoint } from "../../../src/checkpoints/checkpoint.ts";
import { quantise } from "../../../src/checkpoints/generated/reduced-precision.ts";
import { openCheckpoint } from "../../../src/checkpoints/open.ts";
import { type FloatArray, floats, type FloatType } from "../../../src/common/floats.ts";
import { inARow, Prefix, sideBySide } from "../../../src/experiments/exact/prefix.ts";
import { cacheOf } from "../../../src/networks/cached-pass.ts";
import { wholeOutput } from "../../../src/networks/distance.ts";
import { blocksAndNorm, readout, residualStream } from "../../../src/networks/subnetwork.ts";
import type { WeightFormat } from "../../../src/networks/weight-formats.ts";
import { compile } from "../../../src/runtime/compile.ts";
import { CachedPasses } from "../../../src/runtime/open-cached-pass.ts";
import { exportGraph } from "../../../src/runtime/graph-export.ts";
import { openSubnetwork } from "../../../src/runtime/open-network.ts";
import { input, type Tensor } from "../../../src/tensorgraph/tensor.ts";
import { embedTokens } from "../../../src/text/embedding.ts";
import { TEST_CACHE } from "../../support/folders.ts";
import { relativeError } from "../../support/numbers.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";
import { readTensors } from "../../support/safetensors.ts";

const FOLDER = path.join(import.meta.dirname, "..", "..", "reference", "architectures");
const NAMES = readdirSync(FOLDER).sort();

/** Of each position's own norm. */
const TOLERANCE = { float32: 1e-5, float64: 1e-11 } as const;
const ON_CPU = { device: "cpu", memory: "low" } as const;
const OPTIONS = { cacheFolder: TEST_CACHE, initSeed: 0 };

/** The largest error of a row, each against its own norm. */
function largestError(actual: FloatArray, expected: FloatArray, width: number): number {
  assert.equal(actual.length, expected.length);
  const rows = Array.from({ length: expected.length / width }, (_, row) => [row * width, (row + 1) * width] as const);
  return Math.max(...rows.map(([from, to]) => relativeError(actual.subarray(from, to), expected.subarray(from, to))));
}

for (const name of NAMES) {
  describe(`${name}, as transformers has it`, () => {
    const newFolder = temporaryFolders();
    let checkpoint: Checkpoint;
    let ids: number[];
    let expected: Record<string, Float64Array>;
    let [D, T, blocks] = [0, 0, 0];
    const embed = (type: FloatType) => embedTokens(checkpoint, ids, "sequential", type);
    before(async () => {
      const { token_ids, ...states } = await readTensors(path.join(FOLDER, name, "states.safetensors"));
      ids = Array.from(token_ids.values, Number);
      expected = Object.fromEntries(Object.entries(states).map(([key, { values }]) => [key, values as Float64Array]));
      blocks = Object.keys(expected).filter((key) => key.startsWith("block.")).length;
      checkpoint = await openCheckpoint(path.join(FOLDER, name), { blocks }, OPTIONS);
      [D, T] = [checkpoint.config.width, ids.length];
      assert.equal(checkpoint.config.blocks, blocks);
    });

    /** Every tap of the whole network. */
    async function statesOf(type: FloatType, weights = checkpoint, weightFormat: WeightFormat = "stored") {
      const { config } = checkpoint;
      const stream = residualStream(input("embedding", [1, T, D], type), { config, blocks, weightFormat });
      const taps: Record<string, Tensor> = {
        ...Object.fromEntries(stream.slice(1).map((x, i) => [`block.${i + 1}`, x])),
        finalNorm: readout(stream[blocks], config, "finalNorm"),
        logits: readout(stream[blocks], config, "head", weightFormat),
      };
      const graph = await compile(taps, { ...ON_CPU, weights });
      try {
        return await graph.run({ embedding: embed(type) }, Object.keys(taps));
      } finally {
        await graph.release();
      }
    }

    for (const type of ["float32", "float64"] as const) {
      it(`has its states at every tap in ${type}`, async () => {
        const found = await statesOf(type);
        for (const [tap, values] of Object.entries(found)) {
          const error = largestError(values, expected[tap], values.length / T);
          assert.ok(error < TOLERANCE[type], `${tap} is ${error} off`);
        }
      });

      it(`has its gradient in ${type}, each restart its own`, async () => {
        const network = await openSubnetwork({
          ...{ checkpoint, blocks, output: "head", batch: 2, length: T, type, device: "cpu", memory: "speed" },
          measure: wholeOutput("l2"),
        });
        const V = network.outputWidth;
        const own = embed(type);
        const [embedding, cotangent, target] = [D, V, V].map((width) => floats(type, 2 * T * width));
        // The other restart is another point: nothing of it may come over.
        embedding.set(own.map((x, i) => x * (1 + (i % 3))));
        embedding.set(own, own.length);
        cotangent.set(expected["logits"], expected["logits"].length);
        const { gradient } = await network.vjp(embedding, cotangent, target);
        await network.release();
        const error = largestError(gradient.subarray(own.length), expected["gradient"], D);
        assert.ok(error < 10 * TOLERANCE[type], `${error} off`);
        assert.ok(gradient.subarray(0, own.length).every((x) => x === 0));
      });

      it(`has its states behind cached keys and values in ${type}`, async () => {
        const taps = Array.from({ length: blocks }, (_, i) => ({ blocks: i + 1, finalNorm: i + 1 === blocks }));
        const passes = new CachedPasses({ ...ON_CPU, checkpoint, taps, type });
        const sizes = { type, width: D, blocks, ...cacheOf(checkpoint.config).shape(checkpoint.config) };
        const prefix = new Prefix({ ...sizes, capacity: 16 });
        const pass = await passes.open(8, 16);
        const all = embed(type);
        const found = taps.map(() => floats(type, T * D));
        // A part at once, then each token as one of two candidates side by side.
        const first = await prefix.pass(pass, all.subarray(0, 5 * D), inARow);
        prefix.settle(first, 0, 5);
        first.states.forEach((state, k) => found[k].set(state));
        for (let t = 5; t < T; t++) {
          const rows = floats(type, 2 * D);
          rows.set(all.subarray(0, D));
          rows.set(all.subarray(t * D, (t + 1) * D), D);
          const next = await prefix.pass(pass, rows, sideBySide);
          prefix.settle(next, 1, 1);
          next.states.forEach((state, k) => found[k].set(state.subarray(D), t * D));
        }
        await passes.release();
        taps.forEach(({ finalNorm }, k) => {
          const error = largestError(found[k], expected[finalNorm ? "finalNorm" : `block.${k + 1}`], D);
          assert.ok(error < TOLERANCE[type], `tap ${k} is ${error} off`);
        });
      });

      it(`goes on from the middle in ${type}`, async () => {
        const from = blocks - 1;
        const last = blocksAndNorm(input("states", [T, D], type), checkpoint.config, from);
        const graph = await compile({ last }, { ...ON_CPU, weights: checkpoint });
        const states = floats(type, T * D);
        states.set(from === 0 ? embed("float64") : expected[`block.${from}`]);
        const found = await graph.run({ states }, ["last"]);
        await graph.release();
        const error = largestError(found.last, expected["finalNorm"], D);
        assert.ok(error < TOLERANCE[type], `${error} off`);
      });
    }

    it("keeps float64's precision in an exported graph that a session opens which knows nothing of us", async () => {
      const measure = wholeOutput("l2");
      const network = { kind: "transformer", config: checkpoint.config, blocks, output: "head" } as const;
      const shape = { network, batch: 1, length: T, type: "float64", measure } as const;
      const { model } = await exportGraph(checkpoint, shape, await newFolder());
      const V = checkpoint.config.vocabulary;
      const session = await ort.InferenceSession.create(model);
      const results = await session.run({
        embedding: new ort.Tensor("float64", embed("float64") as Float64Array, [1, T, D]),
        target: new ort.Tensor("float64", new Float64Array(T * V), [1, T, V]),
      });
      await session.release();
      const logits = results["output"].data as Float64Array;
      const error = largestError(logits, expected["logits"], V);
      assert.ok(error < TOLERANCE.float64, `${error} off`);
      // ∇‖logits‖₂ is the gradient of half its square, divided by it.
      const norm = Math.hypot(...logits);
      const gradient = (results["gradient"].data as Float64Array).map((x) => x * norm);
      assert.ok(largestError(gradient, expected["gradient"], D) < 10 * TOLERANCE.float64);
    });

    it("has the gradient that finite differences give", async () => {
      const network = await openSubnetwork({
        ...{ checkpoint, blocks: 1, output: "finalNorm", batch: 1, length: T, type: "float64", device: "cpu" },
        ...{ memory: "low", measure: wholeOutput("l2") },
      });
      const [e, target] = [embed("float64"), floats("float64", T * D)];
      const at = async (i: number, x: number) => {
        const { distance } = await network.distanceAndGradient(Float64Array.from(e).with(i, x), target);
        return distance[0];
      };
      const { gradient } = await network.distanceAndGradient(e, target);
      const h = 1e-5;
      for (let i = 0; i < e.length; i += 7) {
        const difference = ((await at(i, e[i] + h)) - (await at(i, e[i] - h))) / (2 * h);
        assert.ok(Math.abs(gradient[i] - difference) < 1e-7, `${i}: ${gradient[i]} and ${difference}`);
      }
      await network.release();
    });

    for (const [format, tolerance] of [
      ["float16", 1e-5],
      ["int8", 0.05],
    ] as const) {
      it(`has nearly its states with ${format} weights`, async () => {
        const { checkpoint: reduced } = await quantise(checkpoint, blocks, format, OPTIONS);
        const found = await statesOf("float32", reduced, format);
        for (const [tap, values] of Object.entries(found)) {
          const error = relativeError(values, expected[tap]);
          assert.ok(error < tolerance, `${tap} is ${error} off`);
        }
      });
    }
  });
}
