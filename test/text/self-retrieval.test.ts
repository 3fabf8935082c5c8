// Which tokens a decoder gives back from their own rows.

import assert from "node:assert/strict";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { embeddingStatistics } from "../../src/text/embedding-statistics.ts";
import { selfRetrieval } from "../../src/text/self-retrieval.ts";
import { configJson, TINY, weightValues, writeCheckpoint } from "../support/checkpoint-folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

describe("self-retrieval", () => {
  const newFolder = temporaryFolders();

  it("is complete for nearest and cosine, and counts the rows that the pseudo-inverse loses", async () => {
    const cacheFolder = await newFolder();
    const weights = weightValues(TINY);
    const folder = await writeCheckpoint(await newFolder(), configJson(TINY), weights);
    const checkpoint = await openCheckpoint(folder, { blocks: 0 }, { cacheFolder, initSeed: 0 });
    const statistics = await embeddingStatistics(checkpoint, { cacheFolder });
    const { rows, vocabulary, retrieved } = await selfRetrieval(checkpoint, statistics);
    assert.deepEqual([rows, vocabulary], [TINY.vocabulary, TINY.vocabulary]);
    assert.deepEqual([retrieved.nearest, retrieved.cosine], [rows, rows]);
    // More rows than dimensions: leverages differ, and short rows lose to long ones.
    assert.ok(retrieved.pseudoinverse > 0 && retrieved.pseudoinverse < rows, `${retrieved.pseudoinverse} of ${rows}`);
  });
});
