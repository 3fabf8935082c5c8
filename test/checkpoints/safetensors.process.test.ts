import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { readSafetensorsHeader } from "../../src/checkpoints/safetensors.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

describe("safetensors", () => {
  const newFolder = temporaryFolders();

  it("does not wait for a pipe that nobody writes to", async function () {
    if (process.platform === "win32") this.skip();
    const pipe = path.join(await newFolder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    await assert.rejects(readSafetensorsHeader(pipe), /it is no file/);
  });
});
