// Fits in the cache: which are made, which are read, and the table of first tokens that comes later.

import assert from "node:assert/strict";
import { NetworkFits, type FitsRequest } from "../../src/engine/network-fits.ts";
import { deleteFits, listFits } from "../../src/engine/state-fits.ts";
import { onlyFit, toy } from "../experiments/toy.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const { states: network } = toy();
const sizes = { random: 60, sampled: 0, single: 5, length: 3 };

describe("the fits of a network", () => {
  const newFolder = temporaryFolders();
  const requestIn = (cacheFolder: string): FitsRequest => ({
    cacheFolder,
    network,
    taps: [{ blocks: 1, finalNorm: false }],
    of: { source: "toy", fingerprint: "0", weights: "stored", dtype: "float64", device: "toy", positions: "first" },
    sizes,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    now: () => 0,
  });

  it("rank first tokens by a few of them until the table of all is there, which goes on where it was stopped", async () => {
    const request = requestIn(await newFolder());
    const fits = new NetworkFits();
    const before = await fits.of(request)(0);
    assert.deepEqual([before.isCached, before.fit.firstTokens], [false, undefined]);

    const stop = new AbortController();
    stop.abort();
    await assert.rejects(fits.completeFirstTokens(request, stop.signal), { kind: "cancelled" });
    assert.equal((await fits.of(request)(0)).fit.firstTokens, undefined);

    await fits.completeFirstTokens(request, new AbortController().signal);
    const after = await fits.of(request)(0);
    const { firstTokens } = await onlyFit(network, { ...sizes, single: "all" });
    assert.deepEqual(after.fit.firstTokens, firstTokens);
    assert.deepEqual({ ...after.fit, firstTokens: undefined }, { ...before.fit, firstTokens: undefined });
    // Another program finds it on the disk.
    const found = await new NetworkFits().of(request)(0);
    assert.deepEqual([found.isCached, found.fit.firstTokens], [true, firstTokens]);
  });

  it("are not brought back by a table when they were deleted", async () => {
    const request = requestIn(await newFolder());
    const fits = new NetworkFits();
    await fits.of(request)(0);
    await deleteFits((await listFits(request.cacheFolder))[0]);
    await fits.completeFirstTokens(request, new AbortController().signal);
    assert.deepEqual(await listFits(request.cacheFolder), []);
  });
});
