// A run on a model of the hub, taken from a Hugging Face cache as other tools leave it.

import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
import type { RunEvent, StartEvent } from "../../src/experiments/events.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { configJson, safetensorsBytes, TINY, weightValues } from "../support/checkpoint-folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const COMMIT = "607a30d783dfa663caf39e06633721c8d4cfcd7e";

describe("a run on a model of the hub", () => {
  const newFolder = temporaryFolders();

  it("tells the commit that the name stood for, and is repeated by it after the branch has moved", async () => {
    const hubCache = await newFolder();
    const folder = path.join(hubCache, "models--owner--tiny");
    const config = { ...TINY, vocabulary: 50257, positions: 16 };
    async function addCommit(commit: string, scale: number): Promise<void> {
      const snapshot = path.join(folder, "snapshots", commit);
      for (const part of [snapshot, path.join(folder, "blobs"), path.join(folder, "refs")]) {
        await mkdir(part, { recursive: true });
      }
      await writeFile(path.join(snapshot, "config.json"), JSON.stringify(configJson(config)));
      const values = weightValues(config).map((tensor) => ({
        ...tensor,
        values: Array.from(tensor.values, (value) => scale * value),
      }));
      await writeFile(path.join(folder, "blobs", commit), safetensorsBytes(values));
      await symlink(`../../blobs/${commit}`, path.join(snapshot, "model.safetensors"));
      await writeFile(path.join(folder, "refs", "main"), commit);
    }
    await addCommit(COMMIT, 1);
    const hub = { endpoint: "http://127.0.0.1:1", cacheFolder: hubCache, offline: true };
    const runner = new ExperimentRunner({ cacheFolder: await newFolder(), hub });
    const run = async (checkpoint: string): Promise<RunEvent[]> => {
      const spec = parseSpec({ prompt: "The sky is blue.", checkpoint, blocks: 2, iterations: 4 });
      const options = { signal: new AbortController().signal, onProgress: () => undefined, now: () => 0 };
      const events: RunEvent[] = [];
      for await (const event of runner.run(spec, options)) events.push(event);
      return events;
    };
    const startOf = ([start]: RunEvent[]) => start as StartEvent;

    const first = await run("owner/tiny");
    assert.deepEqual(startOf(first).checkpoint, {
      source: "owner/tiny",
      revision: COMMIT,
      fingerprint: startOf(first).checkpoint.fingerprint,
    });
    await addCommit("f".repeat(40), 2);
    const moved = startOf(await run("owner/tiny")).checkpoint;
    assert.equal(moved.revision, "f".repeat(40));
    assert.notEqual(moved.fingerprint, startOf(first).checkpoint.fingerprint);
    const again = await run(`owner/tiny@${COMMIT}`);
    assert.equal(startOf(again).checkpoint.revision, COMMIT);
    assert.equal(startOf(again).checkpoint.fingerprint, startOf(first).checkpoint.fingerprint);
    assert.deepEqual(again.slice(1, -1), first.slice(1, -1));
  });
});
