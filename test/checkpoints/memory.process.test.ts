// What opening a full-size checkpoint takes: nothing that grows with its weights.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import esbuild from "esbuild";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { TEST_CACHE } from "../support/folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const OPEN = path.join(import.meta.dirname, "../../src/checkpoints/open.ts");

/** Opens a folder as no process has before, and prints its anonymous memory in kilobytes, as Linux counts it. */
const program = (folder: string, cacheFolder: string) => `
  import { readFileSync } from "node:fs";
  import { openCheckpoint } from ${JSON.stringify(OPEN)};
  const checkpoint = await openCheckpoint(${JSON.stringify(folder)}, { blocks: 12 }, {
    cacheFolder: ${JSON.stringify(cacheFolder)}, initSeed: 0,
  });
  const [, anonymous] = /RssAnon:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"));
  console.log(JSON.stringify({ anonymous: Number(anonymous), tensors: checkpoint.tensors.size }));`;

describe("opening a checkpoint", () => {
  const newFolder = temporaryFolders();

  it("of gpt2's size copies no weights: its process has at most 60 MB of its own", async function () {
    if (process.platform !== "linux") return this.skip();
    const { folder } = await openCheckpoint("random:gpt2", { blocks: 12 }, { cacheFolder: TEST_CACHE, initSeed: 0 });
    const scratch = await newFolder();
    const built = path.join(scratch, "program.mjs");
    await esbuild.build({
      stdin: { contents: program(folder, path.join(scratch, "cache")), resolveDir: import.meta.dirname },
      outfile: built,
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "error",
    });
    const { stdout } = await promisify(execFile)(process.execPath, [built]);
    const { anonymous, tensors } = JSON.parse(stdout) as { anonymous: number; tensors: number };
    assert.equal(tensors, 148);
    assert.ok(anonymous < 60_000, `${anonymous} kB`);
  });
});
