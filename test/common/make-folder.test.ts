// Making folders, also where Node's own way hangs.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { makeFolder } from "../../src/common/folders.ts";

describe("making a folder", () => {
  let root: string;
  beforeEach(async () => (root = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-"))));
  afterEach(() => rm(root, { recursive: true }));

  it("makes the folders above it, and may be done again, also by many at once", async () => {
    const folder = path.join(root, "a", "b", "c");
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(folder)));
    await makeFolder(folder);
    assert.ok((await stat(folder)).isDirectory());
  });

  it("fails where a file stands in the way", async () => {
    const file = path.join(root, "file");
    await writeFile(file, "");
    await assert.rejects(makeFolder(file), { code: "EEXIST" });
    await assert.rejects(makeFolder(path.join(file, "below")), { code: "ENOTDIR" });
  });

  it("fails, rather than never, where the system allows no folder", async function () {
    if (!existsSync("/proc/self")) this.skip();
    await assert.rejects(makeFolder("/proc/inversion/lab"), { code: "ENOENT" });
  });
});
