// Weights whose writing is stopped in the middle.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { openCheckpoint } from "../../src/checkpoints/open.ts";

/** Stops the writing of random weights, and checks that nothing of it is trusted; `workerPath` as of `openCheckpoint`. */
export async function stopWriting(cacheFolder: string, workerPath?: string): Promise<void> {
  const stop = new AbortController();
  const setting = {
    cacheFolder,
    initSeed: 0,
    signal: stop.signal,
    onProgress: ({ done }: { readonly done?: number }) => {
      if (done! > 0) stop.abort();
    },
    ...(workerPath !== undefined && { workerPath }),
  };
  await assert.rejects(openCheckpoint("random:mini", { blocks: 4 }, setting), { kind: "cancelled" });
  const [folder] = await readdir(path.join(cacheFolder, "checkpoints"));
  const left = await readdir(path.join(cacheFolder, "checkpoints", folder));
  assert.deepEqual(
    left.filter((name) => name.endsWith(".tmp")),
    [],
  );
  assert.equal(left.includes("model-00001-of-00005.safetensors"), false);
  await assert.rejects(openCheckpoint("random:mini", { blocks: 4 }, setting), { kind: "cancelled" });
}
