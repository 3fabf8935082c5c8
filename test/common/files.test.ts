// Disks that take a part of a write, or nothing, without an error.

import assert from "node:assert/strict";
import { type FileHandle, open, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { writeFully } from "../../src/common/files.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

/** A handle that takes at most `most` bytes of each write. */
function takesAtMost(most: number, handle: FileHandle): Pick<FileHandle, "write"> {
  const write = (bytes: Uint8Array, offset: number, length: number, position: number | null) =>
    handle.write(bytes, offset, Math.min(length, most), position);
  return { write } as Pick<FileHandle, "write">;
}

describe("writing all of it", () => {
  const folder = temporaryFolders();
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

  for (const position of [undefined, 24]) {
    it(`goes on after a short write, ${position === undefined ? "where the file stands" : "at its position"}`, async () => {
      const file = path.join(await folder(), "file");
      await using handle = await open(file, "w");
      await writeFully(takesAtMost(7, handle), bytes, position);
      assert.deepEqual((await readFile(file)).subarray(position), Buffer.from(bytes));
    });
  }

  it("is the one way to write: whatever else in src/ writes says why it may", async () => {
    const may: Record<string, string> = {
      "common/files.ts": "it is the one way",
      "host/sweeps/sweeps-page.ts": "VS Code writes all or fails",
      "host/panel/save-files.ts": "VS Code writes all or fails",
    };
    const src = path.join(import.meta.dirname, "../../src");
    const writes =
      /\.(writeFile|appendFile|writev)\(|\b(writeFile|appendFile|createWriteStream|writeSync|writeFileSync)\b/;
    const found = [];
    for (const name of await readdir(src, { recursive: true })) {
      if (!name.endsWith(".ts")) continue;
      const text = await readFile(path.join(src, name), "utf8");
      if (writes.test(text)) found.push(name.replaceAll(path.sep, "/"));
    }
    assert.deepEqual(found.sort(), Object.keys(may).sort());
  });

  it("fails when the disk takes nothing", async () => {
    await using handle = await open(path.join(await folder(), "file"), "w");
    await assert.rejects(writeFully(takesAtMost(0, handle), bytes), /took nothing/);
  });
});
