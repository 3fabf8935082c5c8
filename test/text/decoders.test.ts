import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import type { Checkpoint } from "../../src/checkpoints/checkpoint.ts";
import { LabError } from "../../src/common/errors.ts";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { readRows } from "../../src/checkpoints/rows.ts";
import { randomStream } from "../../src/common/random.ts";
import { rankOf, topScores } from "../../src/common/top-scores.ts";
import { type DecoderName, openDecoder } from "../../src/text/decoders.ts";
import { embedTokens, positionEmbedding } from "../../src/text/embedding.ts";
import {
  embeddingMoments,
  type EmbeddingStatistics,
  embeddingStatistics,
} from "../../src/text/embedding-statistics.ts";
import { configJson, TINY, weightValues, writeCheckpoint } from "../support/checkpoint-folders.ts";
import { TEST_CACHE } from "../support/folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const DECODERS: DecoderName[] = ["pseudoinverse", "nearest", "cosine"];

describe("decoders", () => {
  const newFolder = temporaryFolders();
  let cacheFolder: string;
  let tiny: Checkpoint;
  let statistics: EmbeddingStatistics;
  before(async () => {
    cacheFolder = await newFolder();
    const folder = await writeCheckpoint(await newFolder(), configJson(TINY), weightValues(TINY));
    tiny = await openCheckpoint(folder, { blocks: 1 }, { cacheFolder, initSeed: 0 });
    statistics = await embeddingStatistics(tiny, { cacheFolder });
  });

  const range = (length: number) => Array.from({ length }, (_, index) => index);
  const { vocabulary: V, width: D, positions: T } = TINY;
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => range(D).reduce((sum, i) => sum + a[i] * b[i], 0);

  /** Scores of one x [D] by the definitions, in float64. */
  const definitions: Record<DecoderName, (x: number[], W: number[][]) => number[]> = {
    pseudoinverse(x, W) {
      const inverse = range(D).map((i) => statistics.gramInverse.subarray(i * D, (i + 1) * D));
      const y = inverse.map((row) => dot(row, x));
      return W.map((w) => dot(w, y));
    },
    nearest: (x, W) => W.map((w) => dot(x, x) - range(D).reduce((sum, i) => sum + (x[i] - w[i]) ** 2, 0)),
    cosine: (x, W) => W.map((w) => dot(x, w) / Math.sqrt(dot(x, x) * dot(w, w))),
  };

  for (const decoder of DECODERS) {
    for (const positions of ["sequential", "first"] as const) {
      it(`${decoder}: scores, order and ranks are those of the definition, positions ${positions}`, async () => {
        const batch = 3;
        const targetIds = [3, 49, 0, 7];
        const length = targetIds.length;
        const embedding = randomStream(2, "e").normal(batch * length * D, 0.1, 0.3, "float32");
        const opened = await openDecoder(tiny, statistics, { decoder, positions, batch, targetIds, topK: 6 });
        const decodings = await opened.decode(embedding);
        await opened.release();

        const wte = readRows(tiny, "wte.weight", range(V));
        const W = range(V).map((id) => [...wte.subarray(id * D, (id + 1) * D)]);
        const P = positionEmbedding(tiny, positions, length);
        decodings.forEach(({ tokenIds, topK, targetRanks }, b) => {
          targetIds.forEach((target, t) => {
            const x = range(D).map((i) => embedding[(b * length + t) * D + i] - P[t * D + i]);
            const scores = definitions[decoder](x, W);
            const order = range(V).sort((i, j) => scores[j] - scores[i]);
            assert.deepEqual(
              topK[t].map(({ id }) => id),
              order.slice(0, 6),
            );
            topK[t].forEach(({ id, score }) =>
              assert.ok(Math.abs(score - scores[id]) < 1e-5 * (1 + Math.abs(scores[id]))),
            );
            assert.equal(tokenIds[t], order[0]);
            assert.equal(targetRanks[t], 1 + order.indexOf(target));
          });
        });
        assert.equal(decodings.length, batch);
      });
    }
  }

  for (const decoder of DECODERS) {
    it(`${decoder}: of a restricted vocabulary only the allowed win, fill lists and count in ranks`, async () => {
      const targetIds = [3, 49, 0];
      const allowed = [0, 3, 17, 30];
      const embedding = randomStream(4, "e").normal(targetIds.length * D, 0.1, 0.3, "float32");
      const options = { decoder, positions: "sequential", batch: 1, targetIds } as const;
      const free = await openDecoder(tiny, statistics, { ...options, topK: V });
      const bound = await openDecoder(tiny, statistics, { ...options, topK: 6, allowed });
      const [[all], [restricted]] = [await free.decode(embedding), await bound.decode(embedding)];
      await free.release();
      await bound.release();
      targetIds.forEach((target, t) => {
        // What is left of the free order, scores and all, also where every allowed score is negative.
        const left = all.topK[t].filter(({ id }) => allowed.includes(id));
        assert.deepEqual(restricted.topK[t], left);
        assert.equal(restricted.tokenIds[t], left[0].id);
        const place = left.findIndex(({ id }) => id === target);
        assert.equal(restricted.targetRanks[t], place < 0 ? allowed.length + 1 : place + 1);
      });
    });
  }

  it("nearest and cosine give back the tokens of any embedded text", async () => {
    const text = fc.array(fc.nat(V - 1), { minLength: 1, maxLength: T });
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.constantFrom("nearest" as const, "cosine" as const),
        fc.constantFrom("sequential" as const, "first" as const),
        fc.constantFrom("float32" as const, "float64" as const),
        async (targetIds, decoder, positions, type) => {
          const opened = await openDecoder(tiny, statistics, { decoder, positions, batch: 1, targetIds, topK: 1 });
          const [{ tokenIds, targetRanks }] = await opened.decode(embedTokens(tiny, targetIds, positions, type));
          await opened.release();
          assert.deepEqual(tokenIds, targetIds);
          assert.deepEqual(
            targetRanks,
            targetIds.map(() => 1),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it("the pseudo-inverse gives back the tokens of any text where the rows are independent (V < D)", async () => {
    const config = { ...TINY, vocabulary: 7, width: 16 };
    const folder = await writeCheckpoint(await newFolder(), configJson(config), weightValues(config));
    const checkpoint = await openCheckpoint(folder, { blocks: 1 }, { cacheFolder, initSeed: 0 });
    const singular = await embeddingStatistics(checkpoint, { cacheFolder });
    const targetIds = [6, 2, 2, 0, 5];
    const options = { decoder: "pseudoinverse", positions: "sequential", batch: 1, targetIds, topK: 7 } as const;
    const opened = await openDecoder(checkpoint, singular, options);
    const [{ tokenIds, topK }] = await opened.decode(embedTokens(checkpoint, targetIds, "sequential", "float64"));
    await opened.release();
    assert.deepEqual(tokenIds, targetIds);
    await assert.rejects(
      openDecoder(checkpoint, singular, { ...options, topK: 8 }),
      (error) => error instanceof LabError && /^topK is 8, and .* has 7 tokens only\.$/.test(error.message),
    );
    topK[0].forEach(({ score }, place) => assert.ok(Math.abs(score - (place === 0 ? 1 : 0)) < 1e-5));
  });

  for (const type of ["F64", "F16", "BF16"] as const) {
    it(`reads an embedding stored as ${type}`, async () => {
      const weights = weightValues(TINY).map((tensor) => ({ ...tensor, type }));
      const folder = await writeCheckpoint(await newFolder(), configJson(TINY), weights);
      const checkpoint = await openCheckpoint(folder, { blocks: 1 }, { cacheFolder, initSeed: 0 });
      const own = await embeddingStatistics(checkpoint, { cacheFolder });
      const targetIds = [1, 48, 30];
      for (const decoder of ["nearest", "cosine"] as const) {
        const options = { decoder, positions: "sequential", batch: 1, targetIds, topK: 1 } as const;
        const opened = await openDecoder(checkpoint, own, options);
        const [{ tokenIds }] = await opened.decode(embedTokens(checkpoint, targetIds, "sequential", "float32"));
        await opened.release();
        assert.deepEqual(tokenIds, targetIds);
      }
    });
  }

  it("decode a batch of any size, each restart as if it were alone", async () => {
    const targetIds = range(T);
    const batch = 50; // 300 rows: more than are decoded at a time
    const e = randomStream(5, "e").normal(batch * T * D, 0, 0.2, "float32");
    const options = { decoder: "nearest", positions: "sequential", targetIds, topK: 2 } as const;
    const many = await openDecoder(tiny, statistics, { ...options, batch });
    const one = await openDecoder(tiny, statistics, { ...options, batch: 1 });
    const decodings = await many.decode(e);
    assert.equal(decodings.length, batch);
    for (const restart of [0, 41, 42, 43, 49]) {
      const [alone] = await one.decode(e.slice(restart * T * D, (restart + 1) * T * D));
      assert.deepEqual(decodings[restart].tokenIds, alone.tokenIds);
      assert.deepEqual(decodings[restart].targetRanks, alone.targetRanks);
    }
    await Promise.all([many.release(), one.release()]);
  });

  it("cosine gives zeros a score of 0, not NaN", async () => {
    const options = { decoder: "cosine", positions: "sequential", batch: 1, targetIds: [9], topK: 3 } as const;
    const opened = await openDecoder(tiny, statistics, options);
    const [{ topK, targetRanks }] = await opened.decode(positionEmbedding(tiny, "sequential", 1));
    await opened.release();
    assert.deepEqual(
      topK[0],
      [0, 1, 2].map((id) => ({ id, score: 0 })),
    );
    assert.deepEqual(targetRanks, [1]);
  });

  describe("the best scores", () => {
    const scores = fc.array(fc.constantFrom(-1, 0, 0.5, 2, NaN, -Infinity), { minLength: 1, maxLength: 30 });
    it("are those of a sort, of equals the lower id first", () => {
      fc.assert(
        fc.property(scores, fc.integer({ min: 1, max: 40 }), (values, k) => {
          const value = (id: number) => (Number.isNaN(values[id]) ? -Infinity : values[id]);
          const sorted = [...values.keys()].sort((a, b) => (value(b) === value(a) ? a - b : value(b) - value(a)));
          assert.deepEqual(
            topScores(Float64Array.from(values), k).map(({ id }) => id),
            sorted.slice(0, k),
          );
        }),
      );
    });

    it("have ranks: 1 + how many are better", () => {
      const values = Float32Array.from([3, 1, 2, 3]);
      assert.deepEqual(
        [0, 1, 2, 3].map((id) => rankOf(values, id)),
        [1, 4, 3, 1],
      );
    });
  });

  describe("embeddings", () => {
    it("are the sum of a token's row and a position's", () => {
      const ids = [4, 4, 17];
      for (const positions of ["sequential", "first"] as const) {
        const tokens = readRows(tiny, "wte.weight", ids);
        const places = readRows(tiny, "wpe.weight", positions === "first" ? [0, 0, 0] : [0, 1, 2]);
        const expected = tokens.map((value, i) => value + places[i]);
        assert.deepEqual(embedTokens(tiny, ids, positions, "float32"), expected);
      }
    });

    it("have no more positions or tokens than the checkpoint", () => {
      assert.throws(() => positionEmbedding(tiny, "sequential", 7), { kind: "badInput", message: /no row 6 in wpe/ });
      assert.throws(() => embedTokens(tiny, [50], "first", "float32"), {
        kind: "badInput",
        message: /no row 50 in wte/,
      });
    });
  });

  describe("what is known of an embedding", () => {
    const close = (actual: number, expected: number) =>
      assert.ok(Math.abs(actual - expected) <= 1e-12 * Math.abs(expected) + 1e-15, `${actual} for ${expected}`);
    const momentsOf = (values: ArrayLike<number>) => {
      const list = Array.from(values);
      const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
      return { mean, variance: list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length };
    };

    it("are the moments and squared norms of its rows, over several chunks", async () => {
      const config = { ...TINY, vocabulary: 5000, width: 200, heads: 1, innerWidth: 1 };
      const folder = await writeCheckpoint(await newFolder(), configJson(config), weightValues(config));
      const checkpoint = await openCheckpoint(folder, { blocks: 1 }, { cacheFolder, initSeed: 0 });
      const found = await embeddingStatistics(checkpoint, { cacheFolder });
      const wte = readRows(checkpoint, "wte.weight", range(5000));
      const { mean, variance } = momentsOf(wte);
      close(found.moments.mean, mean);
      close(found.moments.std, Math.sqrt(variance));
      for (const id of [0, 1023, 1024, 4999]) {
        const row = Array.from(wte.subarray(id * 200, (id + 1) * 200));
        close(
          found.squaredNorms[id],
          row.reduce((sum, value) => sum + value ** 2, 0),
        );
      }
      // G⁻¹G = 1, for some entries; they lie in different panels of G.
      for (const j of [0, 127, 128, 199]) {
        const gramColumn = new Float64Array(200);
        for (let id = 0; id < 5000; id++) {
          for (let k = 0; k < 200; k++) gramColumn[k] += wte[id * 200 + k] * wte[id * 200 + j];
        }
        for (const i of [0, 100, 128, 199]) {
          const product = gramColumn.reduce((sum, value, k) => sum + found.gramInverse[i * 200 + k] * value, 0);
          assert.ok(Math.abs(product - (i === j ? 1 : 0)) < 1e-12);
        }
      }
    });

    it("adds up over tokens and positions", () => {
      for (const [positions, length, rows] of [
        ["sequential", 4, [0, 1, 2, 3]],
        ["first", 4, [0]],
      ] as const) {
        const tokens = momentsOf(readRows(tiny, "wte.weight", range(V)));
        const places = momentsOf(readRows(tiny, "wpe.weight", rows));
        const { mean, std } = embeddingMoments(tiny, statistics, positions, length);
        close(mean, tokens.mean + places.mean);
        close(std, Math.sqrt(tokens.variance + places.variance));
      }
    });

    it("is remembered, and a damaged memory is not believed", async () => {
      const own = await newFolder();
      const first = await embeddingStatistics(tiny, { cacheFolder: own });
      let measured = 0;
      const again = () => embeddingStatistics(tiny, { cacheFolder: own, onProgress: () => measured++ });
      assert.deepEqual(await again(), first);
      assert.equal(measured, 0);
      const [name] = await readdir(path.join(own, "embeddings"));
      const file = path.join(own, "embeddings", name);
      const right = await readFile(file);
      for (const damaged of [right.subarray(8), Buffer.from(right).fill(1, 100, 108), Buffer.alloc(0)]) {
        await writeFile(file, damaged);
        measured = 0;
        assert.deepEqual(await again(), first);
        assert.ok(measured > 0);
        assert.deepEqual(await readFile(file), right);
      }
    });

    it("is found although the cache cannot be written, and can be stopped", async () => {
      const blocked = path.join(await newFolder(), "file");
      await writeFile(blocked, "");
      assert.deepEqual(await embeddingStatistics(tiny, { cacheFolder: blocked }), statistics);
      const stopped = embeddingStatistics(tiny, { cacheFolder: blocked, signal: AbortSignal.abort() });
      await assert.rejects(stopped, { kind: "cancelled" });
    });
  });

  describe("at the size of GPT-2, randomly initialised", () => {
    for (const decoder of DECODERS) {
      it(`${decoder} gives back 256 tokens from all over the vocabulary`, async () => {
        const checkpoint = await openCheckpoint("random:gpt2", { blocks: 1 }, { cacheFolder: TEST_CACHE, initSeed: 0 });
        const known = await embeddingStatistics(checkpoint, { cacheFolder: TEST_CACHE });
        const targetIds = range(256).map((i) => Math.floor((i * 50256) / 255));
        const options = { decoder, positions: "sequential", batch: 1, targetIds, topK: 5 } as const;
        const opened = await openDecoder(checkpoint, known, options);
        const [{ tokenIds, targetRanks }] = await opened.decode(
          embedTokens(checkpoint, targetIds, "sequential", "float32"),
        );
        await opened.release();
        assert.deepEqual(tokenIds, targetIds);
        assert.equal(
          targetRanks.every((rank) => rank === 1),
          true,
        );
      });
    }
  });
});
