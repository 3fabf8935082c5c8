// Text from states that another program has saved. The file of the four depths of mini is transformers' own work.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { layOutSafetensors } from "../../src/checkpoints/safetensors.ts";
import { describeStates, readStates } from "../../src/checkpoints/states-file.ts";
import { LabError } from "../../src/common/errors.ts";
import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
import { requestFromStates } from "../../src/engine/given-states.ts";
import { textStates } from "../../src/engine/text-states.ts";
import { verdictOf } from "../../src/describe/run-verdict.ts";
import type { EndEvent, RunEvent, StartEvent, StepEvent } from "../../src/experiments/events.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { flagOf } from "../../src/experiments/spec-flags.ts";
import { loadTokenizer } from "../../src/text/tokenizer.ts";
import { MODELS, TEST_CACHE } from "../support/folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const SAVED = path.join(import.meta.dirname, "../reference/states/mini-blocks.safetensors");
const TEXT = "She sells sea shells by the shore.";

const runner = new ExperimentRunner({ cacheFolder: TEST_CACHE, modelsFolder: MODELS });

async function recover(flags: Readonly<Record<string, unknown>>) {
  const { request } = await requestFromStates({ method: "exact", ...flags }, loadTokenizer, flagOf);
  const spec = parseSpec(request, flagOf);
  const { signal } = new AbortController();
  const events: RunEvent[] = [];
  for await (const event of runner.run(spec, { signal, onProgress: () => undefined, now: () => 0 })) events.push(event);
  return { start: events[0] as StartEvent, steps: events.slice(1, -1) as StepEvent[], end: events.at(-1) as EndEvent };
}

const refused = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LabError && error.kind === "badInput", String(error));
  assert.match(error.message, pattern);
  return true;
};

describe("given states", () => {
  const newFolder = temporaryFolders();
  let folder: string;
  before(async function () {
    this.timeout(600_000);
    folder = await newFolder();
    // Made here once where the cache has none: fits are what takes long.
    for (const blocks of [1, 4]) await recover({ states: SAVED, checkpoint: "mini", blocks });
  });

  async function saved(
    values: Float32Array,
    width: number,
    metadata: Record<string, string> = {},
    name = "x.safetensors",
  ): Promise<string> {
    const file = path.join(folder, name);
    const shape = [values.length / width, width];
    const { header } = layOutSafetensors([{ name: "hidden_states", type: "F32", shape }], metadata);
    await writeFile(file, Buffer.concat([header, new Uint8Array(values.buffer)]));
    return file;
  }
  const savedByTransformers = async (blocks: number) =>
    (await readStates(await describeStates(SAVED, { blocks }), "float32")).values as Float32Array;

  it("of transformers are proved at the first and the last depth of mini, with nothing to compare with", async () => {
    for (const blocks of [1, 4]) {
      const { start, end } = await recover({ states: SAVED, checkpoint: "mini", blocks });
      assert.equal(start.spec.prompt, "");
      assert.equal(start.target.known, false);
      assert.equal(start.target.tokenIds.length, 8);
      assert.equal(end.best.text, TEXT);
      assert.equal(end.best.exact, true);
      assert.ok(
        end.best.distances!.every((distance) => distance! < 1e-6),
        String(end.best.distances),
      );
      assert.equal(verdictOf(start.spec, end.best).title, "All 8 tokens proved");
    }
  });

  it("in bfloat16 are most likely, which is not proved and so not exact", async () => {
    const values = await savedByTransformers(4);
    const words = new Uint32Array(values.buffer);
    words.forEach((word, i) => (words[i] = (word + 0x8000) & 0xffff0000));
    const { start, end } = await recover({ states: await saved(values, 128), checkpoint: "mini", blocks: 4 });
    assert.equal(end.best.text, TEXT);
    assert.deepEqual(new Set(end.best.certainty), new Set(["likely"]));
    assert.equal(end.best.exact, false);
    assert.equal(verdictOf(start.spec, end.best).title, "Of 8 tokens: 8 most likely");
  });

  it("with the tokens of their text are compared with it", async () => {
    const tokenIds = (await loadTokenizer()).encode(TEXT);
    const metadata = { checkpoint: "mini", blocks: "4", token_ids: JSON.stringify(tokenIds) };
    const values = await savedByTransformers(4);
    const { start, end } = await recover({ states: await saved(values, 128, metadata) });
    assert.equal(start.spec.prompt, TEXT);
    assert.equal(start.target.known, undefined);
    assert.deepEqual(start.target.tokenIds, tokenIds);
    assert.equal(end.best.exact, true);

    const other = JSON.stringify([...tokenIds.slice(0, 7), 0]);
    const wrong = await recover({ states: await saved(values, 128, { ...metadata, token_ids: other }) });
    assert.equal(wrong.end.best.text, TEXT);
    assert.deepEqual(wrong.end.best.proved, new Array(8).fill(true));
    assert.equal(wrong.end.best.exact, false);
  });

  it("of no token leave their position unknown, with the nearest one and its distance", async () => {
    const values = await savedByTransformers(1);
    for (let i = 0; i < 128; i++) values[3 * 128 + i] *= i % 2 === 0 ? 1.5 : 1;
    const request = { states: await saved(values, 128), checkpoint: "mini", blocks: 1, candidates: 100 };
    const { start, end } = await recover(request);
    assert.deepEqual(end.best.proved!.slice(0, 4), [true, true, true, false]);
    assert.equal(end.best.certainty![3], "unknown");
    assert.equal(end.best.exact, false);
    assert.ok(end.best.distances![3]! > 0.01);
    assert.equal(verdictOf(start.spec, end.best).reached, false);
  });

  it("are refused where they cannot be the network's", async () => {
    const ask = async (values: Float32Array, width: number, more: object = {}) =>
      recover({ states: await saved(values, width), checkpoint: "mini", blocks: 1, ...more });
    const some = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
    await assert.rejects(
      ask(some(2 * 64), 64),
      refused(/64 numbers a position, and the output block of mini has 128\.$/),
    );
    await assert.rejects(
      ask(some(2 * 128), 128, { output: "head" }),
      refused(/128 numbers a position, and the output head of mini has 50257\.$/),
    );
    await assert.rejects(ask(some(129 * 128), 128), refused(/129 positions, and mini takes up to 128\.$/));
    await assert.rejects(
      ask(some(2 * 128), 128, { prompt: "One two three" }),
      refused(/^The text has 3 tokens, and .* has the states of 2\.$/),
    );
  });

  it("are where the file says, and nowhere else", async () => {
    const values = await savedByTransformers(4);
    const ask = async (metadata: Record<string, string>, flags: object) => {
      const states = await saved(values, 128, metadata);
      return (await requestFromStates({ method: "exact", states, ...flags }, loadTokenizer, flagOf)).request;
    };
    const { blocks, output } = await ask({ checkpoint: "mini", blocks: "4", output: "finalNorm" }, {});
    assert.deepEqual([blocks, output], [4, "finalNorm"]);
    await assert.rejects(ask({ blocks: "4" }, {}), refused(/does not say its checkpoint: give --checkpoint\.$/));
    await assert.rejects(ask({ checkpoint: "mini" }, {}), refused(/does not say its blocks: give --blocks\.$/));
    await assert.rejects(
      ask({ checkpoint: "mini", blocks: "4" }, { blocks: 3 }),
      refused(/^--blocks is 3, and .*x\.safetensors says that it is 4\.$/),
    );
    await assert.rejects(
      ask({ checkpoint: "mini", blocks: "4" }, { checkpoint: "random:mini" }),
      refused(/^--checkpoint is "random:mini", and .* says that it is "mini"\.$/),
    );
    const renamed = { checkpoint: "mini", fingerprint: "ab", blocks: "4" };
    assert.equal((await ask(renamed, { checkpoint: "my/copy" })).checkpoint, "my/copy");
  });

  it("of a text are the same at each depth, alone or with the others", async () => {
    const spec = parseSpec({ prompt: TEXT, checkpoint: "mini", blocks: 1 });
    const { layers, tokenIds } = await textStates(spec, "all", { cacheFolder: TEST_CACHE, modelsFolder: MODELS });
    assert.equal(tokenIds.length, 8);
    for (const { blocks, values } of layers) {
      const reference = await savedByTransformers(blocks);
      const size = Math.hypot(...reference);
      assert.ok(Math.hypot(...values.map((value, i) => value - reference[i])) / size < 1e-6);
    }
    assert.deepEqual(
      layers.map(({ blocks }) => blocks),
      [1, 2, 3, 4],
    );
    const [third] = (await textStates(spec, [3], { cacheFolder: TEST_CACHE, modelsFolder: MODELS })).layers;
    assert.deepEqual(third, layers[2]);
  });
});
