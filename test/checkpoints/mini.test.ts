// The bundled trained model: its shape, what it has learnt, and that its float16 weights are taken at their values.

import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { parseConfig, sizedConfig } from "../../src/checkpoints/config.ts";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { fromFloat16 } from "../../src/checkpoints/rows.ts";
import { readSafetensorsHeader } from "../../src/checkpoints/safetensors.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { openSubnetwork, type SubnetworkOptions } from "../../src/runtime/open-network.ts";
import { openDecoder } from "../../src/text/decoders.ts";
import { embedTokens } from "../../src/text/embedding.ts";
import { embeddingStatistics } from "../../src/text/embedding-statistics.ts";
import { loadTokenizer } from "../../src/text/tokenizer.ts";
import { type TensorValues, writeCheckpoint } from "../support/checkpoint-folders.ts";
import { MODELS, TEST_CACHE } from "../support/folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const FOLDER = path.join(MODELS, "mini");
const WEIGHTS = path.join(FOLDER, "model.safetensors");

/** The beginning of a book that none of the training texts holds: G. K. Chesterton, The Man Who Was Thursday (1908). */
const UNSEEN =
  "The suburb of Saffron Park lay on the sunset side of London, as red and ragged as a cloud of sunset. It was built " +
  "of a bright brick throughout; its sky-line was fantastic, and even its ground plan was wild.";

describe("mini", () => {
  const newFolder = temporaryFolders();
  const options = { cacheFolder: TEST_CACHE, modelsFolder: MODELS, initSeed: 0 };
  const open = (source: string) => openCheckpoint(source, { blocks: 4 }, options);
  const shape = {
    blocks: 4,
    output: "head",
    batch: 1,
    type: "float32",
    measure: wholeOutput("l1"),
    device: "cpu",
  } as const;
  const opened = (changes: Pick<SubnetworkOptions, "checkpoint" | "length" | "memory">) =>
    openSubnetwork({ ...shape, ...changes });

  it("has the sizes of random:mini and GPT-2's whole vocabulary, in at most 16 MB of float16", async () => {
    const { config } = parseConfig(await readFile(path.join(FOLDER, "config.json"), "utf8"), "config.json");
    assert.deepEqual(config, parseConfig(JSON.stringify(sizedConfig("mini")), "config.json").config);
    const { tensors } = await readSafetensorsHeader(WEIGHTS);
    assert.deepEqual([...new Set([...tensors.values()].map(({ type }) => type))], ["F16"]);
    assert.ok((await stat(WEIGHTS)).size <= 16e6);
  });

  it("predicts a text that it has never seen; random:mini knows nothing", async () => {
    const ids = (await loadTokenizer()).encode(UNSEEN);
    /** Mean −log p of every token but the first, in nats. */
    const loss = async (source: string) => {
      const checkpoint = await open(source);
      const V = checkpoint.config.vocabulary;
      const network = await opened({ checkpoint, length: ids.length, memory: "low" });
      const logits = await network.forward(embedTokens(checkpoint, ids, "sequential", "float32"));
      await network.release();
      const losses = ids.slice(1).map((id, position) => {
        const row = logits.subarray(position * V, (position + 1) * V);
        return Math.log(Array.from(row, Math.exp).reduce((sum, p) => sum + p)) - row[id];
      });
      return losses.reduce((sum, value) => sum + value, 0) / losses.length;
    };
    assert.ok((await loss("mini")) < 6);
    assert.ok(Math.abs((await loss("random:mini")) - Math.log(50257)) < 0.5);
  });

  it("computes with its float16 weights as with the same numbers in float32, to the last bit", async () => {
    const ids = (await loadTokenizer()).encode("The sky is blue.");
    const [length, results] = [ids.length, [] as unknown[]];
    for (const checkpoint of [await open("mini"), await open(await asFloat32(await newFolder()))]) {
      const target = embedTokens(checkpoint, ids, "sequential", "float32");
      const statistics = await embeddingStatistics(checkpoint, { cacheFolder: await newFolder() });
      for (const memory of ["speed", "low"] as const) {
        const network = await opened({ checkpoint, length, memory });
        results.push(
          await network.distanceAndGradient(
            target.map((x) => x / 2),
            await network.forward(target),
          ),
        );
        await network.release();
      }
      for (const decoder of ["pseudoinverse", "nearest", "cosine"] as const) {
        const reading = { decoder, positions: "sequential", batch: 1, targetIds: ids, topK: 5 } as const;
        const reader = await openDecoder(checkpoint, statistics, reading);
        results.push(await reader.decode(target));
        await reader.release();
      }
      results.push(statistics);
    }
    assert.deepEqual(results.slice(0, results.length / 2), results.slice(results.length / 2));
  });

  it("tells its tokens apart: nearest and cosine read every embedding as its own token", async () => {
    const checkpoint = await open("mini");
    const statistics = await embeddingStatistics(checkpoint, options);
    // From all over the vocabulary, as many at a time as there are positions.
    const texts = [0, 131, 262].map((first) => Array.from({ length: 128 }, (_, i) => (first + 393 * i) % 50257));
    for (const decoder of ["nearest", "cosine"] as const) {
      for (const targetIds of texts) {
        const reading = { decoder, positions: "sequential", batch: 1, targetIds, topK: 1 } as const;
        const reader = await openDecoder(checkpoint, statistics, reading);
        const [{ tokenIds }] = await reader.decode(embedTokens(checkpoint, targetIds, "sequential", "float32"));
        await reader.release();
        assert.deepEqual(tokenIds, targetIds, decoder);
      }
    }
  });

  /** The same numbers in a folder of float32. */
  async function asFloat32(folder: string): Promise<string> {
    const { tensors } = await readSafetensorsHeader(WEIGHTS);
    const bytes = await readFile(WEIGHTS);
    const values = [...tensors].map(([name, { shape, byteOffset, byteLength }]): TensorValues => {
      const values = new Uint16Array(Uint8Array.from(bytes.subarray(byteOffset, byteOffset + byteLength)).buffer);
      return { name, shape, type: "F32", values: Float32Array.from(values, fromFloat16) };
    });
    const config = JSON.parse(await readFile(path.join(FOLDER, "config.json"), "utf8")) as object;
    return writeCheckpoint(folder, config, values);
  }
});
