// Exact recovery from the spec to the end event, on networks of every output and of 8-bit weights.

import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { deleteFits, listFits, readFit } from "../../src/engine/state-fits.ts";
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

  it("proves at every depth what runs of that depth prove, with fits from one pass that are theirs", async () => {
    const cacheFolder = await newFolder();
    const request = { checkpoint: "random:mini?n_embd=32&n_head=2&n_layer=3", prompt: "So it goes." };
    const { start, steps, end } = await run({ ...request, blocks: 3, everyDepth: true }, cacheFolder);
    const { depths } = end.best;
    assert.deepEqual(
      depths!.map(({ blocks }) => blocks),
      [1, 2, 3],
    );
    assert.deepEqual([...new Set(steps.map(({ blocks }) => blocks))], [1, 2, 3]);
    assert.ok(!start.fit!.cached);
    const [fits, ...others] = await listFits(cacheFolder);
    assert.deepEqual([fits.source, fits.files.length, others], [request.checkpoint, 3, []]);
    let tokenForwards = 0;
    for (const { blocks, ...depth } of depths!) {
      const single = await run({ ...request, blocks }, cacheFolder);
      assert.ok(single.start.fit!.cached, "the fit of this depth is there");
      assert.equal(depth.hitRate, single.start.fit!.hitRate);
      assert.deepEqual(depth.certainty, single.end.best.certainty);
      assert.deepEqual(depth.tokenIds, single.end.best.tokenIds);
      assert.deepEqual(depth.tried, single.end.best.tried);
      assert.equal(depth.tokenForwards, single.end.tokenForwards);
      assert.ok(depth.exact);
      tokenForwards += depth.tokenForwards;
    }
    assert.equal(end.tokenForwards, tokenForwards);
    await deleteFits(fits);
    assert.deepEqual(await listFits(cacheFolder), []);
  });

  it("tells of every depth what its protected states are worth, as runs of that depth do", async () => {
    const request = {
      checkpoint: "random:mini?n_embd=32&n_head=2&n_layer=3",
      prompt: "So it goes.",
      noise: 0.5,
      seed: 3,
    };
    const { end } = await run({ ...request, blocks: 3, everyDepth: true });
    const alone = await run({ ...request, blocks: 2 });
    const { depths, utility } = end.best;
    assert.deepEqual(depths![1].utility!.agreements, alone.end.best.utility!.agreements);
    assert.ok(Math.abs(depths![1].utility!.kl! - alone.end.best.utility!.kl!) < 1e-4);
    assert.deepEqual(depths![2].utility, utility);
    assert.notEqual(depths![0].utility!.kl, utility!.kl);
  });

  it("makes the fits of a depth alone as it makes them together with others", async () => {
    const request = { checkpoint: "random:mini?n_embd=32&n_head=2&n_layer=2", prompt: "So it goes." };
    const [together, alone] = [await newFolder(), await newFolder()];
    await run({ ...request, blocks: 2, everyDepth: true }, together);
    await run({ ...request, blocks: 1 }, alone);
    const [name] = await readdir(path.join(alone, "state-fits"));
    const [one, other] = await Promise.all(
      [together, alone].map((folder) => readFit(path.join(folder, "state-fits", name))),
    );
    const { first, experts, hitRate, tokens } = one!.fit;
    assert.deepEqual({ hitRate, tokens }, { hitRate: other!.fit.hitRate, tokens: other!.fit.tokens });
    for (const [i, each] of [first, ...experts].entries()) {
      const same = [other!.fit.first, ...other!.fit.experts][i];
      assert.ok(relativeError(each.token, same.token) < 1e-4);
      assert.ok(relativeError(each.tokenTerms, same.tokenTerms) < 1e-3);
    }
  });

  it("fits on a person's own texts, and keeps that fit apart", async () => {
    const cacheFolder = await newFolder();
    const file = path.join(cacheFolder, "own.txt");
    const words = "The tide came in over the stones, and the lamp was lit again before the boats were home.";
    await writeFile(file, Array.from({ length: 140 }, (_, i) => `${i} ${words}`).join("\n"));
    const request = { checkpoint: "random:mini?n_embd=32&n_head=2&n_layer=1", blocks: 1 };
    const plain = await run(request, cacheFolder);
    const own = await run({ ...request, fitText: file }, cacheFolder);
    assert.ok(!own.start.fit!.cached);
    assert.ok(own.start.fit!.tokens > plain.start.fit!.tokens);
    assert.ok(own.end.best.exact);
    assert.ok((await run({ ...request, fitText: file }, cacheFolder)).start.fit!.cached);
    await writeFile(file, words);
    await assert.rejects(run({ ...request, fitText: file }, cacheFolder), /too little text to fit on: 0 pieces of 20/);
    await assert.rejects(run({ ...request, fitText: `${file}.no` }, cacheFolder), /own\.txt\.no cannot be read/);
  });

  it("refuses every depth of a file's states", () => {
    assert.throws(
      () => parseSpec({ method: "exact", prompt: "", states: "a.npy", everyDepth: true }),
      /everyDepth and states exclude each other/,
    );
  });

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
