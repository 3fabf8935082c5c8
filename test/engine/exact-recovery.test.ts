// Exact recovery from the spec to the end event, on networks of every output and of 8-bit weights.

import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
import type { EndEvent, RunEvent, StartEvent, StepEvent } from "../../src/experiments/events.ts";
import { type ExperimentRequest, parseSpec } from "../../src/experiments/spec.ts";
import { MODELS, TEST_CACHE } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

/** Heads of 16, and a fit of a second or two. */
const SMALL = "random:mini?n_embd=48&n_head=3";
const PROMPT = "The old captain walked slowly along the harbour.";

async function run(request: Partial<ExperimentRequest>, cacheFolder = TEST_CACHE) {
  const runner = new ExperimentRunner({ cacheFolder, modelsFolder: MODELS });
  const spec = parseSpec({ method: "exact", prompt: PROMPT, checkpoint: SMALL, ...request });
  const events: RunEvent[] = [];
  const options = { signal: new AbortController().signal, onProgress: () => undefined, now: () => 0 };
  for await (const event of runner.run(spec, options)) events.push(event);
  const steps = events.filter((event): event is StepEvent => event.type === "step");
  return { start: events[0] as StartEvent, steps, end: events.at(-1) as EndEvent };
}

describe("exact recovery, whole", function () {
  this.timeout(120_000);
  const newFolder = temporaryFolders();

  it("proves every token behind four trained blocks", async () => {
    const { start, steps, end } = await run({ checkpoint: "mini", blocks: 4 });
    assert.ok(start.fit!.hitRate > 0.95);
    assert.equal(end.status, "completed");
    assert.equal(end.best.text, PROMPT);
    assert.ok(end.best.exact);
    assert.ok(end.best.proved!.every(Boolean));
    assert.ok(end.tokenForwards! >= end.best.tokenIds.length);
    assert.deepEqual(
      steps.map(({ round }) => round),
      [...steps.keys()],
    );
    assert.equal(steps.at(-1)!.position, end.best.tokenIds.length);
  });

  for (const request of [
    { output: "block", blocks: 1 },
    { output: "finalNorm", blocks: 2 },
    { output: "head", blocks: 2 },
    { output: "blockHead", blocks: 1 },
    { weights: "int8", blocks: 2 },
    { dtype: "float64", blocks: 1 },
    { positions: "first", blocks: 1 },
  ] as const) {
    it(`proves every token of a random network: ${Object.values(request).join(", ")}`, async () => {
      const { end } = await run(request);
      assert.ok(end.best.exact);
      assert.ok(end.best.proved!.every(Boolean), JSON.stringify(end.best.certainty));
    });
  }

  for (const measure of [
    { metric: "l1", reduction: "sum" },
    { metric: "l1", reduction: "mean", fromPosition: -4, channels: 7 },
    { metric: "l2", reduction: "mean" },
    { metric: "cosine", reduction: "sum", fromPosition: 2 },
  ] as const) {
    it(`measures as the graphs of the other methods do: ${Object.values(measure).join(", ")}`, async () => {
      const request = { ...measure, blocks: 2, shiftDraws: 3, seed: 5 };
      const { start } = await run(request);
      const { start: searched } = await run({ ...request, method: "inversion", iterations: 1 });
      assert.ok(relativeError(start.shiftDistances, searched.shiftDistances) < 1e-5);
    });
  }

  it("finds every token behind states in bfloat16, and calls none of them proved", async () => {
    const { steps, end } = await run({ round: "bfloat16", blocks: 2 });
    assert.ok(end.best.exact);
    const trying = steps.filter(({ candidates }) => candidates!.length > 0);
    assert.ok(trying.length >= end.best.tokenIds.length);
    for (const { triedAt, candidates, topK, tokenIds } of trying) {
      assert.equal(topK[triedAt!][0].id, candidates![0].id);
      assert.deepEqual(
        topK.map(([first]) => first.id),
        tokenIds,
        "the first of each list stands there",
      );
    }
    assert.ok(end.best.certainty!.every((certainty) => certainty !== "proved"));
  });

  it("finds nothing behind noise as large as the states, and says so", async () => {
    const { end } = await run({ noise: 1, blocks: 1 });
    assert.deepEqual(new Set(end.best.certainty), new Set(["unknown"]));
  });

  it("refuses networks without causal attention", () => {
    assert.throws(
      () => parseSpec({ method: "exact", prompt: PROMPT, network: "invertible" }),
      /network must be gpt2 for exact recovery/,
    );
  });

  it("makes the fit once, and again when its file is broken", async () => {
    const cacheFolder = await newFolder();
    const request = { checkpoint: "random:mini?n_embd=32&n_head=2&n_layer=1", blocks: 1 };
    const first = await run(request, cacheFolder);
    assert.ok(!first.start.fit!.cached);
    const second = await run(request, cacheFolder);
    assert.ok(second.start.fit!.cached);
    assert.deepEqual(second.steps, first.steps);
    assert.deepEqual(second.end, first.end);

    const folder = path.join(cacheFolder, "state-fits");
    const [name] = await readdir(folder);
    const bytes = await readFile(path.join(folder, name));
    bytes[bytes.length - 100] ^= 1;
    await writeFile(path.join(folder, name), bytes);
    const third = await run(request, cacheFolder);
    assert.ok(!third.start.fit!.cached);
    assert.deepEqual(third.end, first.end);
  });
});
