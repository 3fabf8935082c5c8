// A record's embeddings, with everything real: they are those that the end event tells of.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import type { FloatArray } from "../../src/common/floats.ts";
import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
import type { RunEmbeddings } from "../../src/experiments/run-embeddings.ts";
import type { EndEvent } from "../../src/experiments/events.ts";
import { type ExperimentRequest, parseSpec } from "../../src/experiments/spec.ts";
import { EMBEDDINGS_FILE } from "../../src/records/record-files.ts";
import { readRun } from "../../src/records/read-record.ts";
import { RunRecord } from "../../src/records/record.ts";
import { openSubnetwork } from "../../src/runtime/open-network.ts";
import { openDecoder } from "../../src/text/decoders.ts";
import { embeddingStatistics } from "../../src/text/embedding-statistics.ts";
import { MODELS, TEST_CACHE } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";
import { endEvent, startEvent, stepEvent } from "../support/run-events.ts";
import { readTensors } from "../support/safetensors.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const lab = { cacheFolder: TEST_CACHE, modelsFolder: MODELS };
const NOTHING: RunEmbeddings = {
  ...{ restarts: 1, length: 1, width: 1 },
  ...{ target: new Float32Array(1), best: new Float32Array(1), last: new Float32Array(1) },
};
const runner = new ExperimentRunner(lab);

describe("the embeddings of a record", () => {
  const makeFolder = temporaryFolders();

  async function record(request: Partial<ExperimentRequest>, stopAtOnce = false) {
    const spec = parseSpec({
      prompt: "The sky is blue.",
      checkpoint: "mini",
      device: "cpu",
      restarts: 2,
      iterations: 12,
      every: 12,
      ...request,
    } as ExperimentRequest);
    const written = await RunRecord.createIn(path.join(await makeFolder(), "run"), spec);
    const stop = new AbortController();
    const options = {
      ...{ signal: stop.signal, onProgress: () => undefined, now: () => performance.now() },
      onEmbeddings: written.keep.bind(written),
    };
    for await (const event of runner.run(spec, options)) {
      await written.append(event);
      if (stopAtOnce) stop.abort();
    }
    await written.end();
    const { events, status } = await readRun(written.folder);
    const tensors = await readTensors(path.join(written.folder, EMBEDDINGS_FILE));
    return { spec, status, end: events.at(-1) as EndEvent, events, tensors };
  }

  const methods: Record<string, Partial<ExperimentRequest>> = {
    "an inversion": { learningRate: 0.1 },
    "an inversion in float64": { dtype: "float64" },
    "an orthogonal walk": { method: "orthogonalWalk" },
    "a clamped walk": { method: "clampedWalk", innerSteps: 2 },
  };
  for (const [name, request] of Object.entries(methods)) {
    it(`are those of the results of ${name}: same distances, same tokens`, async () => {
      const { spec, end, events, tensors } = await record(request);
      const {
        dtype: type,
        restarts: batch,
        positions,
        topK,
        blocks,
        output,
      } = spec as typeof spec & {
        network: "gpt2";
      };
      const checkpoint = await openCheckpoint("mini", { blocks }, { ...lab, initSeed: 0 });
      const targetIds = tensors["target_token_ids"].values as BigInt64Array;
      const [T, D] = tensors["target"].shape;
      assert.deepEqual([T, D], [5, checkpoint.config.width]);
      for (const each of ["best", "last"]) {
        assert.deepEqual(tensors[each].shape, [batch, T, D]);
        assert.equal(tensors[each].type, type === "float32" ? "F32" : "F64");
      }
      const [target, best, last] = ["target", "best", "last"].map((each) => tensors[each].values as FloatArray);

      const network = await openSubnetwork({
        ...{ checkpoint, blocks, output, batch, length: T, type },
        ...{ measure: spec, device: "cpu", memory: "speed" },
      });
      const repeated = best.slice();
      for (let restart = 0; restart < batch; restart++) repeated.set(target, restart * T * D);
      const targetOutput = (await network.forward(repeated)).slice();
      const { distance } = await network.distanceAndGradient(best, targetOutput);
      const distances = Array.from(distance);
      const latest = Array.from((await network.distanceAndGradient(last, targetOutput)).distance);
      await network.release();
      const tolerance = type === "float32" ? 1e-6 : 1e-14;
      assert.ok(
        relativeError(
          distances,
          end.restarts.map(({ outputDistance }) => outputDistance),
        ) < tolerance,
      );
      const steps = events.filter((event) => event.type === "step").slice(-batch);
      assert.ok(
        relativeError(
          latest,
          steps.map(({ outputDistance }) => outputDistance),
        ) < tolerance,
      );
      end.restarts.forEach(({ inputDistance }, restart) => {
        const own = best.subarray(restart * T * D, (restart + 1) * T * D);
        const sum = Array.from(own).reduce((sum, value, i) => sum + Math.abs(value - target[i]), 0);
        assert.ok(Math.abs(sum - inputDistance) <= 1e-6 * inputDistance);
      });

      const statistics = await embeddingStatistics(checkpoint, lab);
      const reading = { decoder: spec.decoder, positions, batch, targetIds: Array.from(targetIds, Number), topK };
      const decoder = await openDecoder(checkpoint, statistics, reading);
      const decoded = (await decoder.decode(best)).map(({ tokenIds }) => tokenIds);
      await decoder.release();
      assert.deepEqual(
        decoded,
        end.restarts.map(({ tokenIds }) => tokenIds),
      );
      assert.deepEqual(tensors["best_token_ids"].shape, [batch, T]);
      assert.deepEqual(Array.from(tensors["best_token_ids"].values, Number), decoded.flat());
    });
  }

  it("are there after a cancellation too, and not for a run that broke off", async () => {
    const cancelled = await record({ iterations: 1000 }, true);
    assert.equal(cancelled.status, "cancelled");
    assert.ok(cancelled.tensors["best"]);
    const broken = await RunRecord.createIn(path.join(await makeFolder(), "run"), parseSpec({ prompt: "The sky." }));
    broken.keep(NOTHING);
    await broken.append(startEvent());
    await broken.end({ kind: "engine", message: "The engine process ended." });
    await assert.rejects(readTensors(path.join(broken.folder, EMBEDDINGS_FILE)), /it is not there/);
  });

  it("that the folder does not take leave a summary that says so", async () => {
    const written = await RunRecord.createIn(path.join(await makeFolder(), "run"), parseSpec({ prompt: "The sky." }));
    const step = stepEvent(10, 3);
    for (const event of [startEvent(), step, endEvent([step])]) await written.append(event);
    written.keep(NOTHING);
    await mkdir(path.join(written.folder, EMBEDDINGS_FILE, "in the way"), { recursive: true });
    await assert.rejects(written.end(), /^LabError: Writing into .* failed/);
    const { status, error } = await readRun(written.folder);
    assert.equal(status, "completed");
    assert.equal(error?.kind, "storage");
  });
});
