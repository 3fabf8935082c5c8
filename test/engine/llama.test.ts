// A network of the Llama form does all that GPT-2 does, from a config.json and a seed to the end of a run.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
import { textStates } from "../../src/engine/text-states.ts";
import type { EndEvent, RunEvent, StartEvent } from "../../src/experiments/events.ts";
import { type ExperimentRequest, parseSpec } from "../../src/experiments/spec.ts";
import { randomStream } from "../../src/common/random.ts";
import { readRows } from "../../src/checkpoints/rows.ts";
import { weightsOf } from "../../src/networks/architectures/architectures.ts";
import { sessionBytes } from "../../src/runtime/memory.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { TEST_CACHE } from "../support/folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const CONFIG = {
  ...{ model_type: "llama", hidden_size: 48, intermediate_size: 96, num_hidden_layers: 3, num_attention_heads: 4 },
  ...{ num_key_value_heads: 2, max_position_embeddings: 64, vocab_size: 50257 },
};
const PROMPT = "The old captain walked slowly along the harbour.";

describe("a network of the Llama form", function () {
  this.timeout(120_000);
  const newFolder = temporaryFolders();
  let checkpoint: string;
  before(async () => {
    // The folder is part of the source's name, and that of a run's figures: one place for all runs of these tests.
    const folder = path.join(TEST_CACHE, "llama");
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "config.json"), JSON.stringify(CONFIG));
    checkpoint = `random:${path.join(folder, "config.json")}`;
  });

  async function run(request: Partial<ExperimentRequest>) {
    const runner = new ExperimentRunner({ cacheFolder: TEST_CACHE });
    const spec = parseSpec({ prompt: PROMPT, blocks: 3, device: "cpu", checkpoint, ...request });
    const events: RunEvent[] = [];
    const options = { signal: new AbortController().signal, onProgress: () => undefined, now: () => 0 };
    for await (const event of runner.run(spec, options)) events.push(event);
    return { start: events[0] as StartEvent, end: events.at(-1) as EndEvent };
  }

  it("is drawn from its config.json, each weight from the stream of its name", async () => {
    const options = { cacheFolder: TEST_CACHE, initSeed: 7 };
    const opened = await openCheckpoint(`${checkpoint}?num_hidden_layers=2`, { blocks: 2 }, options);
    assert.equal(opened.config.blocks, 2);
    const name = "layers.1.self_attn.k_proj.weight";
    const { shape } = weightsOf(opened.config).find((weight) => weight.name === name)!;
    assert.deepEqual(shape, [24, 48]);
    const expected = randomStream(7, name).normal(24 * 48, 0, 0.02, "float32");
    assert.deepEqual(readRows(opened, name, [...Array(24).keys()]), expected);
  });

  for (const request of [
    {},
    { output: "head", dtype: "float64" },
    { weights: "int8" },
    { weights: "float16", restarts: 2 },
  ] as const) {
    it(`is inverted to the exact prompt: ${Object.values(request).join(", ") || "block"}`, async () => {
      const search = {
        iterations: 300,
        every: 300,
        optimizer: "adam",
        learningRate: 0.01,
        decoder: "nearest",
      } as const;
      const { end } = await run({ method: "inversion", start: "matched", ...search, ...request });
      assert.equal(end.best.text, PROMPT);
      assert.equal(end.best.sameNextToken, true);
    });
  }

  for (const request of [
    {},
    { output: "finalNorm", blocks: 2 },
    { output: "head", blocks: 2 },
    { weights: "int8", blocks: 2 },
    { dtype: "float64", blocks: 1 },
  ] as const) {
    it(`gives every token back, proved: ${Object.values(request).join(", ") || "block"}`, async () => {
      const { end } = await run({ method: "exact", ...request });
      assert.ok(end.best.exact, end.best.text);
      assert.ok(end.best.proved!.every(Boolean), JSON.stringify(end.best.certainty));
    });
  }

  for (const method of ["orthogonalWalk", "clampedWalk"] as const) {
    it(`is walked through: ${method}`, async () => {
      const { end } = await run({ method, iterations: 5, every: 5 });
      assert.equal(end.status, "completed");
      assert.ok(end.best.outputDistance > 0 && Number.isFinite(end.best.outputDistance));
    });
  }

  it("says what the rest of the network makes of protected states", async () => {
    const { utility } = (await run({ method: "exact", blocks: 2, keepChannels: 24 })).end.best;
    assert.ok(utility!.kl! > 0 && utility!.kls.every((kl) => kl !== null && kl > 0), JSON.stringify(utility));
  });

  it("takes memory that grows with what it has", async () => {
    const { config } = await openCheckpoint(checkpoint, { blocks: 3 }, { cacheFolder: TEST_CACHE, initSeed: 0 });
    const bytes = (blocks: number, length: number): number =>
      sessionBytes(
        {
          ...{ network: { kind: "transformer", config, blocks, output: "block" }, batch: 1, length, type: "float32" },
          measure: wholeOutput("l1"),
        },
        "low",
      );
    const [first, second] = [1, 2].map((blocks) => bytes(blocks, 8) - bytes(blocks, 4));
    assert.ok(first > 0 && second > 1.5 * first);
  });

  it("has no tokens that all stand at position 0", async () => {
    const refused = {
      kind: "badInput",
      message: /^Positions are "first", and .* has none in its embedding: llama tells/,
    };
    await assert.rejects(run({ positions: "first" }), refused);
    const spec = parseSpec({ method: "exact", prompt: PROMPT, checkpoint, blocks: 1, positions: "first" });
    await assert.rejects(textStates(spec, [1], { cacheFolder: TEST_CACHE }), refused);
  });

  it("gets no text where it has neither a tokenizer nor GPT-2's vocabulary", async () => {
    const folder = path.join(import.meta.dirname, "..", "reference", "architectures", "llama-grouped");
    await assert.rejects(run({ checkpoint: folder, blocks: 1 }), {
      kind: "badInput",
      message: /^No text can be given to .*llama-grouped: it has 24 tokens, and no tokenizer\.json beside/,
    });
  });

  const REFUSED: [change: Record<string, unknown>, sentence: RegExp][] = [
    [{ hidden_size: 50 }, /hidden_size, 50, is not divisible by its num_attention_heads, 4/],
    [{ num_key_value_heads: 3 }, /num_attention_heads, 4, is not divisible by its num_key_value_heads, 3/],
    [{ head_dim: 5 }, /5 channels of a head of 5 are to be turned/],
    [{ hidden_act: "mish" }, /hidden_act is "mish"/],
    [{ attention_bias: "yes" }, /attention_bias is "yes"/],
    [
      { rope_scaling: { type: "dynamic", factor: 2 } },
      /rope_scaling has the type "dynamic", and only "default", "linear"/,
    ],
    [{ rope_parameters: { rope_type: "yarn", factor: 2 } }, /rope_parameters has the type "yarn"/],
    [{ rope_scaling: { type: "linear", factor: 2 }, partial_rotary_factor: 0.5 }, /partial_rotary_factor is 0\.5/],
    [{ rope_scaling: { type: "linear" } }, /its rope_scaling has no factor\.$/],
    [{ rope_parameters: { full_attention: { rope_theta: 5 } } }, /rope_parameters has a table for "full_attention"/],
    [{ rope_scaling: "linear" }, /rope_scaling is "linear"/],
    [{ rope_theta: -1 }, /rope_theta -1/],
    [
      { model_type: "qwen2", layer_types: ["full_attention", "x", "full_attention"] },
      /layer_types has "x" for block 2/,
    ],
    [{ model_type: "qwen2", layer_types: Array(3).fill("sliding_attention") }, /and sliding_window is null/],
    [{ model_type: "mistral", sliding_window: 0 }, /sliding_window is 0/],
  ];
  for (const [change, sentence] of REFUSED) {
    it(`is refused with ${JSON.stringify(change)}`, async () => {
      const file = path.join(await newFolder(), "config.json");
      await writeFile(file, JSON.stringify({ ...CONFIG, ...change }));
      await assert.rejects(openCheckpoint(`random:${file}`, { blocks: 1 }, { cacheFolder: TEST_CACHE, initSeed: 0 }), {
        kind: "checkpoint",
        message: sentence,
      });
    });
  }

  it("takes θ from either place, the one inside first, and rope_scaling before rope_parameters", async () => {
    const thetaOf = async (fields: object) => {
      const file = path.join(await newFolder(), "config.json");
      await writeFile(file, JSON.stringify({ ...CONFIG, ...fields }));
      const options = { cacheFolder: await newFolder(), initSeed: 0 };
      const { config } = await openCheckpoint(`random:${file}?vocab_size=8`, { blocks: 0 }, options);
      return (config as unknown as { rotary: { theta: number; scaling?: { kind: string } } }).rotary;
    };
    assert.equal((await thetaOf({})).theta, 10000);
    const llama3 = { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
    const lengths = [
      await thetaOf({ rope_scaling: llama3 }),
      await thetaOf({ rope_scaling: { ...llama3, original_max_position_embeddings: 32 } }),
      await thetaOf({ rope_scaling: { ...llama3, original_max_position_embeddings: 32 }, original_max_position_embeddings: 16 }), // prettier-ignore
    ];
    assert.deepEqual(
      lengths.map(({ scaling }) => (scaling as { originalPositions?: number }).originalPositions),
      [64, 32, 16],
    );
    assert.equal((await thetaOf({ rope_theta: 5e5, rope_scaling: null })).theta, 5e5);
    assert.equal((await thetaOf({ rope_theta: 9, rope_parameters: { rope_type: "default", rope_theta: 7 } })).theta, 7);
    const both = {
      rope_scaling: { type: "linear", factor: 2 },
      rope_parameters: { rope_type: "llama3", rope_theta: 7 },
    };
    assert.deepEqual(await thetaOf(both), { channels: 12, theta: 10000, scaling: { kind: "linear", factor: 2 } });
    assert.equal(
      (await thetaOf({ rope_scaling: { type: "linear", factor: 2, rope_theta: 4 }, rope_theta: 5 })).theta,
      4,
    );
  });
});
