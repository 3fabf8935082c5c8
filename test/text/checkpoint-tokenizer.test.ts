// A checkpoint with a tokenizer of its own never gets GPT-2's.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Checkpoint } from "../../src/checkpoints/checkpoint.ts";
import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
import { parityReport } from "../../src/engine/parity.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { tokenizerOf } from "../../src/text/checkpoint-tokenizer.ts";
import { loadTokenizer, type Tokenizer } from "../../src/text/tokenizer.ts";
import { configJson, TINY, weightValues, writeCheckpoint } from "../support/checkpoint-folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

/** transformers' bytes_to_unicode, as it is written there. */
function letters(): string[] {
  const bytes = [...Array(256).keys()].filter((b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174);
  const others = [...Array(256).keys()].filter((b) => !bytes.includes(b));
  const table = Array<string>(256);
  for (const b of bytes) table[b] = String.fromCharCode(b);
  others.forEach((b, n) => (table[b] = String.fromCharCode(256 + n)));
  return table;
}

describe("the tokenizer of a checkpoint", () => {
  const newFolder = temporaryFolders();
  let gpt2: Tokenizer;
  let checkpoint: Checkpoint;
  let vocab: Record<string, number>;
  before(async () => {
    gpt2 = await loadTokenizer();
    const folder = await writeCheckpoint(await newFolder(), configJson(TINY), weightValues(TINY));
    checkpoint = await openCheckpoint(folder, { blocks: 1 }, { cacheFolder: await newFolder(), initSeed: 0 });
    const { default: table } = await import("gpt-tokenizer/bpeRanks/r50k_base");
    const named = letters();
    const tokens = table.map((entry) => [...Buffer.from(entry as string)].map((byte) => named[byte]).join(""));
    vocab = Object.fromEntries([...tokens, "<|endoftext|>"].map((token, id) => [token, id]));
  });
  const withFiles = async (files: Record<string, unknown>): Promise<Tokenizer> => {
    const home = await newFolder();
    for (const [name, json] of Object.entries(files)) {
      await writeFile(path.join(home, name), typeof json === "string" ? json : JSON.stringify(json));
    }
    return tokenizerOf({ ...checkpoint, home }, gpt2);
  };
  const whole = (changes: object = {}) => ({
    "tokenizer.json": {
      added_tokens: [{ id: 50256, content: "<|endoftext|>" }],
      normalizer: null,
      pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
      post_processor: { type: "ByteLevel" },
      model: { type: "BPE", vocab, merges: [] },
      ...changes,
    },
  });
  const TEXT = "The sky is blue.";

  it("is GPT-2's where its files say so, or nothing", async () => {
    for (const files of [whole(), { "vocab.json": vocab }, {}]) {
      assert.deepEqual((await withFiles(files)).encode(TEXT), gpt2.encode(TEXT));
    }
  });

  it("refuses texts with tokens that were added", async () => {
    const added_tokens = [{ id: 50257, content: "[PAD]" }];
    for (const files of [whole({ added_tokens }), { "vocab.json": { ...vocab, "[PAD]": 50257 } }]) {
      const tokenizer = await withFiles(files);
      assert.deepEqual(tokenizer.encode(TEXT), gpt2.encode(TEXT));
      assert.throws(() => tokenizer.encode("A [PAD]"), /"\[PAD\]" in it is a token that was added/);
    }
  });

  for (const [what, files] of [
    ["other tokens", () => whole({ model: { type: "BPE", vocab: { ...vocab, the: 5 } } })],
    ["another model", () => whole({ model: { type: "Unigram", vocab } })],
    ["a normalizer", () => whole({ normalizer: { type: "NFC" } })],
    ["a blank before the text", () => whole({ pre_tokenizer: { type: "ByteLevel", add_prefix_space: true } })],
    ["tokens put before the text", () => whole({ post_processor: { type: "TemplateProcessing" } })],
    ["nothing of sense", () => ({ "tokenizer.json": "{" })],
    ["a table of other tokens", () => ({ "vocab.json": { a: 0 } })],
    ["SentencePiece's", () => ({ "tokenizer.model": "x" })],
  ] as const) {
    it(`refuses all texts where it has ${what}, and shows ids`, async () => {
      const tokenizer = await withFiles(files());
      assert.throws(() => tokenizer.encode(TEXT), {
        kind: "badInput",
        message:
          /^No text can be given to .*: it has a tokenizer of its own \(.*\)\. Only GPT-2's tokenizer is known\.$/,
      });
      assert.equal(tokenizer.decode([5, 7]), "<|5|><|7|>");
    });
  }

  for (const [architecture, vocabulary, sentence] of [
    ["gpt2", 50, undefined],
    ["llama", 50257, undefined],
    ["gpt_neox", 50304, undefined],
    ["llama", 32000, /it has 32000 tokens, and no tokenizer\.json beside its config\.json/],
    ["qwen2", 151936, /it has 151936 tokens/],
  ] as const) {
    it(`is ${sentence ? "not " : ""}taken for GPT-2's where ${architecture} has ${vocabulary} tokens and no file`, async () => {
      const config = { ...checkpoint.config, architecture, vocabulary };
      const tokenizer = await tokenizerOf({ ...checkpoint, home: await newFolder(), config }, gpt2);
      if (sentence) assert.throws(() => tokenizer.encode(TEXT), sentence);
      else assert.equal(tokenizer, gpt2);
    });
  }

  it("is never needed for random weights", async () => {
    assert.equal(await tokenizerOf({ ...checkpoint, home: undefined }, gpt2), gpt2);
  });

  it("stops a run, and tells the parity report to show ids", async () => {
    const config = { ...TINY, vocabulary: 50257, positions: 16 };
    const folder = await writeCheckpoint(await newFolder(), configJson(config), weightValues(config));
    await writeFile(path.join(folder, "vocab.json"), '{"a":0}');
    const cacheFolder = await newFolder();
    const spec = parseSpec({ prompt: TEXT, checkpoint: folder, blocks: 1, device: "cpu", iterations: 1 });
    const setting = { signal: new AbortController().signal, onProgress: () => undefined, now: () => 0 };
    await assert.rejects(new ExperimentRunner({ cacheFolder }).run(spec, setting).next(), /No text can be given/);
    const { nextTokens } = await parityReport(folder, undefined, { cacheFolder, initSeed: 0 });
    assert.match(nextTokens[0].text, /^<\|\d+\|>$/);
  });
});
