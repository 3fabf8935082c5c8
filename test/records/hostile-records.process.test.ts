// A record that somebody else has written: whatever it holds, it opens or is refused in one sentence, and changes nothing
// beyond itself.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { METHODS } from "../../src/experiments/methods/table.ts";
import { readEnd, readRun } from "../../src/records/read-record.ts";
import { copiedRecord, FILES, follow, refusals } from "../support/hostile-records.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

type Json = Record<string, unknown>;

describe("a record of somebody else", () => {
  const newFolder = temporaryFolders();

  const copied = async (name: string): Promise<string> => copiedRecord(name, await newFolder());

  async function withLine(folder: string, index: number, change: (event: Json) => string): Promise<void> {
    const file = path.join(folder, "events.jsonl");
    const lines = (await readFile(file, "utf8")).split("\n");
    lines[index] = change(JSON.parse(lines[index]) as Json);
    await writeFile(file, lines.join("\n"));
  }

  for (const restart of ["__proto__", "constructor", -1, 0.5, 64, 4294967294, null, [0]])
    it(`is refused where a restart is ${JSON.stringify(restart)}, and no prototype is touched`, async () => {
      const folder = await copied("inversion");
      await withLine(folder, 2, (event) => JSON.stringify({ ...event, restart }));
      const before = Object.getOwnPropertyNames(Array.prototype).length;
      await assert.rejects(readRun(folder), /Line 3 of .*events\.jsonl is damaged at restart: /);
      await assert.rejects(follow(folder), /events\.jsonl is damaged at restart: /);
      assert.equal(Object.getOwnPropertyNames(Array.prototype).length, before);
      assert.deepEqual(Object.keys(Array.prototype), []);
      assert.equal([].length, 0);
      assert.equal(Array.prototype.length, 0);
    });

  it("opens with fields that no version knows yet, and gives them back", async () => {
    const folder = await copied("orthogonal-walk");
    await withLine(folder, 1, (event) => JSON.stringify({ ...event, candidates: [1, { a: 2 }] }));
    const { events } = await readRun(folder);
    assert.deepEqual((events[1] as unknown as Json).candidates, [1, { a: 2 }]);
  });

  it("has what a method measures as numbers", async () => {
    const [{ name }] = METHODS.flatMap(({ series }) => series).filter(({ perToken }) => perToken);
    const folder = await copied("orthogonal-walk");
    await withLine(folder, 2, (event) => {
      const [point] = event.walked as Json[];
      return JSON.stringify({ ...event, walked: [{ ...point, [name]: { join: 1 } }] });
    });
    await assert.rejects(readRun(folder), new RegExp(`damaged at walked\\.0\\.${name}`));
  });

  it("may begin with a byte order mark", async () => {
    const folder = await copied("inversion");
    for (const name of FILES) {
      const file = path.join(folder, name);
      await writeFile(file, `\ufeff${await readFile(file, "utf8")}`);
    }
    assert.equal(await refusals(folder, "marked files"), 0);
  });

  for (const name of FILES)
    it(`is refused before it is read where its ${name} is a pipe, a device or too large`, async function () {
      if (process.platform === "win32") return this.skip();
      const folder = await copied("inversion");
      const file = path.join(folder, name);
      const replaced = async (make: () => unknown, sentence: RegExp): Promise<void> => {
        await rm(file, { recursive: true });
        await make();
        await assert.rejects(readRun(folder), sentence);
        assert((await refusals(folder, name)) > 0);
      };
      await replaced(() => execFileSync("mkfifo", [file]), /cannot be read: it is no plain file\.$/);
      await replaced(() => symlink("/dev/zero", file), /cannot be read: it is no plain file\.$/);
      await replaced(() => mkdir(file), /cannot be read: it is a folder\.$/);
      await replaced(async () => {
        await writeFile(file, "");
        await truncate(file, 2 ** 40);
      }, /cannot be read: it has .+, more than .+\.$/);
    });

  it("is refused where a line is too long to be read", async () => {
    const folder = await copied("inversion");
    await truncate(path.join(folder, "events.jsonl"), 200 * 2 ** 20);
    const calls = { readEnd, follow };
    for (const [name, call] of Object.entries(calls)) await assert.rejects(call(folder), /too long/, name);
  });
});
