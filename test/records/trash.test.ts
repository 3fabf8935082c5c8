// Deleted records: away at once, back on request, gone after a week; and never one that is being written.

import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { readRun } from "../../src/records/read-record.ts";
import { RunRecord } from "../../src/records/record.ts";
import { listTrash, moveToTrash, restore, sweepTrash, trashFolder } from "../../src/records/trash.ts";
import { spec, wholeRun } from "../support/run-events.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const DAY = 24 * 60 * 60 * 1000;

describe("deleted records", () => {
  const temporaryFolder = temporaryFolders();
  let runs: string;
  let trash: string;
  beforeEach(async () => {
    const cache = await temporaryFolder();
    runs = path.join(cache, "runs");
    trash = trashFolder(cache);
  });

  const record = async (seed: number): Promise<string> => {
    const made = await RunRecord.create(runs, spec({ seed }));
    for (const event of wholeRun()) await made.append(event);
    await made.end();
    return made.folder;
  };

  it("are away together, and come back as they were", async () => {
    const folders = [await record(1), await record(2)];
    const kept = await record(3);
    const before = await Promise.all(folders.map(readRun));
    const batch = await moveToTrash(folders, trash, 1000);
    assert.deepEqual(await readdir(runs), [path.basename(kept)]);
    await restore(batch, runs);
    assert.deepEqual(await Promise.all(folders.map(readRun)), before);
    assert.deepEqual(await readdir(trash), []);
  });

  it("are listed by deletion, the last one first", async () => {
    const [first, second, third] = [await record(1), await record(2), await record(3)];
    await moveToTrash([first], trash, 1000);
    await moveToTrash([second, third], trash, 2000);
    const batches = await listTrash(trash);
    assert.deepEqual(
      batches.map(({ deletedAt, runs }) => [deletedAt, runs.length]),
      [
        [2000, 2],
        [1000, 1],
      ],
    );
    assert.deepEqual(await listTrash(`${trash}-nowhere`), []);
  });

  it("are never those of a run that goes on, and nothing is deleted beside it", async () => {
    const over = await record(1);
    const going = await RunRecord.create(runs, spec());
    await assert.rejects(moveToTrash([over, going.folder], trash, 1000), {
      kind: "badInput",
      message: /"The sky\." is still running/,
    });
    assert.equal((await readdir(runs)).length, 2);
    await going.end();
  });

  it("may be damaged ones", async () => {
    const folder = await record(1);
    await writeFile(path.join(folder, "spec.json"), "{");
    await restore(await moveToTrash([folder], trash, 1000), runs);
    assert.deepEqual(await readdir(runs), [path.basename(folder)]);
  });

  it("are gone after a week, and nothing else in their folder is", async () => {
    await moveToTrash([await record(1)], trash, 0);
    await moveToTrash([await record(2)], trash, DAY);
    await mkdir(path.join(trash, "mine"));
    await sweepTrash(trash, 7 * DAY);
    assert.equal((await readdir(trash)).length, 3);
    await sweepTrash(trash, 7 * DAY + 1);
    assert.deepEqual(
      (await listTrash(trash)).map(({ deletedAt }) => deletedAt),
      [DAY],
    );
    assert.ok((await readdir(trash)).includes("mine"));
  });

  it("that cannot be moved say where they should have gone", async () => {
    const folder = await record(1);
    await writeFile(trash, "");
    await assert.rejects(moveToTrash([folder], trash, 1000), { kind: "storage", message: /deleted-runs/ });
    assert.deepEqual(await readdir(runs), [path.basename(folder)]);
  });

  it("do not come back over something else", async () => {
    const folder = await record(1);
    const batch = await moveToTrash([folder], trash, 1000);
    await mkdir(folder);
    await writeFile(path.join(folder, "mine.txt"), "mine");
    await assert.rejects(restore(batch, runs), { kind: "storage" });
    assert.deepEqual(await readdir(folder), ["mine.txt"]);
    assert.equal((await listTrash(trash)).length, 1);
  });
});
