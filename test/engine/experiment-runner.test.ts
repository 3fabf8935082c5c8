// The runner with everything real: random GPT-2 weights, tokenizer, network, decoder.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import * as ort from "onnxruntime-node";
import { summary } from "../../src/cli/run-summary.ts";
import { LabError } from "../../src/common/errors.ts";
import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
import type { EndEvent, RunEvent, StartEvent, StepEvent } from "../../src/experiments/events.ts";
import { type ExperimentRequest, parseSpec } from "../../src/experiments/spec.ts";
import { configJson, TINY, weightValues, writeCheckpoint } from "../support/checkpoint-folders.ts";
import { MODELS, TEST_CACHE, TINY_GPT2 } from "../support/folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const PROMPT = "The sky is blue.";
const runner = new ExperimentRunner({ cacheFolder: TEST_CACHE, modelsFolder: MODELS });

async function run(request: Partial<ExperimentRequest>, signal = new AbortController().signal) {
  const spec = parseSpec({ prompt: PROMPT, ...request });
  const events: RunEvent[] = [];
  for await (const event of runner.run(spec, { signal, onProgress: () => undefined, now: () => performance.now() }))
    events.push(event);
  return {
    start: events[0] as StartEvent,
    steps: events.slice(1, -1) as StepEvent[],
    end: events.at(-1) as EndEvent,
  };
}

const refused = (message: RegExp) => (error: unknown) =>
  error instanceof LabError && error.kind === "badInput" && message.test(error.message);

describe("the runner", () => {
  const newFolder = temporaryFolders();

  it("gives the prompt back from one random block, with the defaults", async () => {
    const { start, end } = await run({});
    assert.deepEqual(start.target.tokens, ["The", " sky", " is", " blue", "."]);
    assert.equal(end.best.text, PROMPT);
    assert.equal(end.best.exact, true);
    assert.equal(end.best.discreteDistance, 0);
    assert.equal(end.best.sameNextToken, true);
    assert.equal(start.device, "cpu");
  });

  it("gives the prompt back from all twelve random blocks, with the defaults", async () => {
    const { end } = await run({ blocks: 12, iterations: 60, every: 60 });
    assert.equal(end.best.text, PROMPT);
  });

  it("gives the prompt back from one trained block and from all four, read as the nearest tokens", async () => {
    for (const blocks of [1, 4]) {
      const request = { checkpoint: "mini", blocks, decoder: "nearest", learningRate: 0.03, iterations: 400 } as const;
      const { start, end } = await run({ ...request, every: 400, restarts: 4 });
      assert.equal(start.checkpoint.source, "mini");
      assert.deepEqual(
        end.restarts.map(({ text }) => text),
        new Array<string>(4).fill(PROMPT),
      );
    }
  });

  it("gives the prompt back through the head, with the defaults", async () => {
    const { end } = await run({ blocks: 2, output: "head", iterations: 60, every: 60 });
    assert.equal(end.best.text, PROMPT);
  });

  it("has every decoder and number format agree on a prompt that came back", async () => {
    for (const decoder of ["pseudoinverse", "nearest", "cosine"] as const) {
      const { end } = await run({ checkpoint: "random:mini", decoder, dtype: "float64", iterations: 100 });
      assert.equal(end.best.text, PROMPT, decoder);
    }
  });

  it("gives the prompt back with 8-bit weights, and says how far they are from the stored ones", async () => {
    const request = { blocks: 2, iterations: 60, every: 60, restarts: 2 } as const;
    const { start, end } = await run({ ...request, weights: "int8" });
    assert.equal(end.best.text, PROMPT);
    const { weightError, outputError, outputDistance } = start.quantisation!;
    assert.ok(weightError > 0.005 && weightError < 0.01, `${weightError}`);
    assert.ok(outputError! > weightError && outputError! < 0.03, `${outputError}`);
    assert.ok(outputDistance! > 0 && outputDistance! < start.shiftDistance / 10, `${outputDistance}`);
    const { start: stored } = await run(request);
    assert.equal(stored.quantisation, undefined);
    assert.notEqual(stored.shiftDistance, start.shiftDistance);
    assert.equal(stored.checkpoint.fingerprint, start.checkpoint.fingerprint);
  });

  it("gives the prompt back with 16-bit weights, which are nearer to the stored ones", async () => {
    const { start, end } = await run({ blocks: 2, iterations: 60, every: 60, weights: "float16" });
    assert.equal(end.best.text, PROMPT);
    const { weightError, outputError, outputDistance } = start.quantisation!;
    assert.ok(weightError > 1e-4 && weightError < 3e-4, `${weightError}`);
    assert.ok(outputError! > 0 && outputError! < 1e-3, `${outputError}`);
    assert.ok(outputDistance! > 0 && outputDistance! < start.shiftDistance / 100, `${outputDistance}`);
  });

  it("refuses 8-bit weights on a card that was asked for by its name", async () => {
    await assert.rejects(
      run({ weights: "int8", device: "webgpu" }),
      refused(/webgpu does not compute with 8-bit weights: use the stored ones, or the device cpu/),
    );
  });

  it("ends a run whose device is lost with what it has told, and tries out anew what auto means", async () => {
    const kept = path.join(TEST_CACHE, "devices.json");
    await writeFile(kept, "{}");
    const { prototype } = ort.InferenceSession as unknown as { prototype: ort.InferenceSession };
    const runSession = Object.getOwnPropertyDescriptor(prototype, "run")!;
    const told: RunEvent[] = [];
    const spec = parseSpec({ prompt: PROMPT, checkpoint: "random:mini", iterations: 100, every: 1 });
    const options = { signal: new AbortController().signal, onProgress: () => undefined, now: () => 0 };
    try {
      await assert.rejects(
        async () => {
          for await (const event of runner.run(spec, options)) {
            told.push(event);
            if (told.length === 5) {
              prototype.run = () => Promise.reject(new Error("CUDA failure 719: unspecified launch failure ; GPU=0"));
            }
          }
        },
        (error) =>
          error instanceof LabError && error.kind === "device" && /was lost during the run/.test(error.message),
      );
    } finally {
      Object.defineProperty(prototype, "run", runSession);
    }
    assert.equal(told.length, 5);
    assert.equal(existsSync(kept), false);
  });

  it("does the same for the same spec, whatever ran in between", async () => {
    const request = { checkpoint: "random:mini", iterations: 30, restarts: 2 };
    const first = await run(request);
    await run({ ...request, initSeed: 5, restarts: 1 });
    const again = await run(request);
    assert.deepEqual(again.start, first.start);
    assert.deepEqual(again.steps, first.steps);
    assert.deepEqual({ ...again.end, elapsedMs: 0 }, { ...first.end, elapsedMs: 0 });
  });

  it("gives other weights for another init seed", async () => {
    const request = { checkpoint: "random:mini", iterations: 1 };
    const [zero, one] = [await run(request), await run({ ...request, initSeed: 1 })];
    assert.notEqual(zero.start.shiftDistance, one.start.shiftDistance);
    assert.notEqual(zero.start.checkpoint.fingerprint, one.start.checkpoint.fingerprint);
  });

  it("puts every token at position 0 when it is told to", async () => {
    const request = { checkpoint: "random:mini", iterations: 1, noiseShare: 0, targetShare: 1 };
    const { start } = await run({ ...request, positions: "first" });
    const { start: sequential } = await run(request);
    assert.notEqual(start.shiftDistance, sequential.shiftDistance);
  });

  it("says when it uses a head that config.json does not speak of", async () => {
    const config = { ...TINY, vocabulary: 50257, tiedHead: false };
    const json = configJson({ ...config, tiedHead: true });
    const checkpoint = await writeCheckpoint(await newFolder(), json, weightValues(config));
    const { start, end } = await run({ checkpoint, output: "head", iterations: 1 });
    assert.equal(start.checkpoint.ownHead, true);
    assert.ok(
      summary(end, start).some((line) => /^ {2}head +the checkpoint's own: it is not the embedding/.test(line)),
    );
    const { start: usual } = await run({ checkpoint: "mini", iterations: 1 });
    assert.ok(!("ownHead" in usual.checkpoint));
  });

  it("refuses a text that is longer than the network takes, with both numbers", async () => {
    const prompt = "word ".repeat(200);
    await assert.rejects(
      run({ checkpoint: "random:mini", prompt }),
      refused(/has 201 tokens and the network takes up to 128/),
    );
  });

  it("refuses a text whose tokens a foreign vocabulary does not have", async () => {
    await assert.rejects(run({ checkpoint: TINY_GPT2 }), refused(/needs token \d+, .* has 11 tokens only/));
  });

  it("refuses more blocks than there are, with both numbers", async () => {
    await assert.rejects(run({ checkpoint: "random:mini", blocks: 5 }), refused(/5.*4|4.*5/));
  });
});
