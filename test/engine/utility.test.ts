// What protected states are still good for, against the whole network's own graph and against figures computed by hand.

import assert from "node:assert/strict";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { readRows } from "../../src/checkpoints/rows.ts";
import type { FloatArray } from "../../src/common/floats.ts";
import { randomStream } from "../../src/common/random.ts";
import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
import { openRest } from "../../src/engine/rest-of-network.ts";
import type { EndEvent, RunEvent } from "../../src/experiments/events.ts";
import { protect } from "../../src/experiments/exact/protection.ts";
import { type ExperimentRequest, parseSpec } from "../../src/experiments/spec.ts";
import type { Output } from "../../src/networks/outputs.ts";
import { storedOutput } from "../../src/runtime/stored-output.ts";
import { TokenProducts } from "../../src/text/token-products.ts";
import { embedTokens } from "../../src/text/embedding.ts";
import { loadTokenizer } from "../../src/text/tokenizer.ts";
import { MODELS, TEST_CACHE } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";

/** Heads of 16, four blocks, and a fit of a second or two. */
const SMALL = "random:mini?n_embd=48&n_head=3";
const PROMPT = "The old captain walked slowly along the harbour.";
const options = { cacheFolder: TEST_CACHE, modelsFolder: MODELS, initSeed: 0 };
const DEPTH = 4;

async function run(request: Partial<ExperimentRequest>): Promise<EndEvent> {
  const runner = new ExperimentRunner({ cacheFolder: TEST_CACHE, modelsFolder: MODELS });
  const spec = parseSpec({ method: "exact", prompt: PROMPT, checkpoint: SMALL, candidates: 8, ...request });
  const events: RunEvent[] = [];
  const asked = { signal: new AbortController().signal, onProgress: () => undefined, now: () => 0 };
  for await (const event of runner.run(spec, asked)) events.push(event);
  return events.at(-1) as EndEvent;
}

/** O(e) by the graph that inversions have, [T, D] → [T, K]. */
async function ordinary(source: string, e: FloatArray, blocks: number, output: Output): Promise<FloatArray> {
  const checkpoint = await openCheckpoint(source, { blocks: DEPTH }, options);
  const { config } = checkpoint;
  const spec = parseSpec({ prompt: PROMPT });
  const shape = { length: e.length / config.width, type: "float32", measure: spec } as const;
  return (await storedOutput({ config, blocks, output }, shape, checkpoint, e))!;
}

async function promptEmbedding(source: string): Promise<FloatArray> {
  const checkpoint = await openCheckpoint(source, { blocks: DEPTH }, options);
  return embedTokens(checkpoint, (await loadTokenizer()).encode(PROMPT), "sequential", "float32");
}

describe("the rest of a network", function () {
  this.timeout(120_000);

  for (const source of ["mini", SMALL]) {
    it(`makes of the states at every depth what the whole network makes of the input: ${source}`, async () => {
      const e = await promptEmbedding(source);
      // Off every text: what protection makes of states is no text's either.
      const noise = randomStream(1, "test").normal(e.length, 0, 0.05, "float32");
      const input = e.map((value, i) => value + noise[i]);
      const checkpoint = await openCheckpoint(source, { blocks: DEPTH }, options);
      const { width } = checkpoint.config;
      const wanted = await ordinary(source, input, DEPTH, "head");
      const head = new TokenProducts(checkpoint, "wte.weight");
      for (let from = 1; from <= DEPTH; from++) {
        const rest = await openRest(checkpoint, { from, length: e.length / width, type: "float32" });
        const { last } = await rest.run({ states: await ordinary(source, input, from, "block") }, ["last"]);
        assert.ok(relativeError(await head.products(last), wanted) < 1e-5, `from block ${from}`);
        await rest.release();
      }
      await head.release();
    });
  }
});

describe("the utility of protected states", function () {
  this.timeout(120_000);

  /** log softmax of logits x W, row by row. */
  const logShares = (logits: readonly number[]): number[] => {
    const most = Math.max(...logits);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
    return logits.map((logit) => logit - most - Math.log(sum));
  };

  /** As the definition has it, from logits of T positions. */
  function byHand(p: readonly number[][], q: readonly number[][]) {
    const largest = (row: readonly number[]) => row.indexOf(Math.max(...row));
    const kls = p.map((row, t) => {
      const [logP, logQ] = [logShares(row), logShares(q[t])];
      return logP.reduce((sum, log, v) => sum + Math.exp(log) * (log - logQ[v]), 0);
    });
    return { kls, agreements: p.map((row, t) => largest(row) === largest(q[t])) };
  }

  const rowsOf = (all: FloatArray, width: number): number[][] =>
    Array.from({ length: all.length / width }, (_, t) => Array.from(all.subarray(t * width, (t + 1) * width)));

  for (const output of ["finalNorm", "head", "blockHead"] as const) {
    it(`is what the definition says, output ${output}`, async () => {
      const noise = output === "finalNorm" ? 0.5 : 0.05;
      const spec = parseSpec({ method: "exact", prompt: PROMPT, checkpoint: "mini", noise });
      const checkpoint = await openCheckpoint("mini", { blocks: DEPTH }, options);
      const { width, vocabulary } = checkpoint.config;
      const given = await ordinary("mini", await promptEmbedding("mini"), 2, output);
      const isHead = output !== "finalNorm";
      const changed = protect(given, isHead ? vocabulary : width, { noise, round: "none" }, spec.seed, 0);
      const ids = Array.from({ length: vocabulary }, (_, id) => id);
      const W = isHead ? [] : rowsOf(readRows(checkpoint, "wte.weight", ids), width);
      const logits = (all: FloatArray) =>
        isHead
          ? rowsOf(all, vocabulary)
          : rowsOf(all, width).map((row) => W.map((w) => w.reduce((sum, value, i) => sum + value * row[i], 0)));
      const wanted = byHand(logits(given), logits(changed));
      const { utility } = (await run({ checkpoint: "mini", blocks: 2, output, noise })).best;
      assert.deepEqual(utility!.agreements, wanted.agreements);
      assert.ok(relativeError(utility!.kls as number[], wanted.kls) < 1e-3);
      assert.ok(wanted.agreements.includes(false), "noise that changes nothing tests nothing");
      assert.equal(utility!.agreement, wanted.agreements.filter(Boolean).length / wanted.agreements.length);
    });
  }

  for (const request of [
    { checkpoint: "mini", blocks: 1 },
    { checkpoint: "mini", blocks: 4 },
    { weights: "int8", blocks: 2 },
    { dtype: "float64", blocks: 3 },
  ] as const) {
    it(`is whole where noise is tiny, and falls as it grows: ${Object.values(request).join(", ")}`, async () => {
      const { utility: whole } = (await run({ ...request, noise: 1e-6 })).best;
      assert.equal(whole!.agreement, 1);
      assert.ok(whole!.kl! < 1e-9);
      const { restarts } = await run({ ...request, noise: 3, restarts: 2 });
      const [one, other] = restarts.map(({ utility }) => utility!);
      for (const { agreement, kl } of [one, other]) assert.ok(agreement < 1 && kl! > 100 * whole!.kl! && kl! > 1e-6);
      assert.notDeepEqual(one.kls, other.kls, "each restart has noise of its own");
    });
  }

  it("is not told of states that nothing protects", async () => {
    const { best, restarts } = await run({ blocks: 1 });
    assert.ok([best, ...restarts].every((result) => !("utility" in result)));
  });
});
