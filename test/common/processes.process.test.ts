// Processes that only seem to be there: zombies, and others that were given the number of one that is gone. What they held
// is anybody's.

import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { withFileLock } from "../../src/common/file-lock.ts";
import { sweepTemporaryFiles } from "../../src/common/files.ts";
import { isRunning, thisProcess } from "../../src/common/processes.ts";
import { readListing } from "../../src/records/read-record.ts";
import { RunRecord } from "../../src/records/record.ts";
import { DEAD_PID } from "../support/dead-process.ts";
import { spec } from "../support/run-events.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";
import { withZombie } from "../support/zombie.ts";

describe("a process", () => {
  const newFolder = temporaryFolders();
  const host = os.hostname();
  before(function () {
    if (process.platform !== "linux") this.skip(); // nobody else tells of zombies and beginnings
  });

  /** Whose lock, temporary file and record these are, and whether they hold. */
  async function holds(owner: { pid: number; began?: string }): Promise<boolean[]> {
    const folder = await newFolder();
    const lock = path.join(folder, "lock");
    await writeFile(lock, JSON.stringify({ host, ...owner }));
    const busy = new Error("busy");
    const onWaiting = () => {
      throw busy;
    };
    const isLocked = await withFileLock(lock, { onWaiting }, async () => false).catch((error: unknown) => {
      assert.equal(error, busy);
      return true;
    });

    const writer = owner.began === undefined ? owner.pid : `${owner.pid}-${owner.began}`;
    const temporary = `.a.safetensors.${host.replace(/[^\w-]/g, "-")}.${writer}.00ff.tmp`;
    await writeFile(path.join(folder, temporary), "");
    await sweepTemporaryFiles(folder, Date.now());
    const isKept = (await readdir(folder)).includes(temporary);

    const record = await RunRecord.createIn(path.join(folder, "record"), spec());
    const file = path.join(record.folder, "spec.json");
    const head = JSON.parse(await readFile(file, "utf8")) as object;
    await writeFile(file, JSON.stringify({ ...head, writer: { host, began: "", ...owner } }));
    const { status } = await readListing(record.folder);
    return [isLocked, isKept, status === "running"];
  }
  const ALL = [true, true, true];
  const NONE = [false, false, false];

  it("that is there holds what it holds, also where an older version wrote no beginning", async () => {
    assert(isRunning(thisProcess()));
    assert.deepEqual(await holds(thisProcess()), ALL);
    assert.deepEqual(await holds({ pid: process.pid }), ALL);
  });

  it("that is gone holds nothing", async () => {
    assert.deepEqual(await holds({ pid: DEAD_PID }), NONE);
  });

  it("whose number another one has now holds nothing", async () => {
    assert.deepEqual(await holds({ pid: process.pid, began: "1" }), NONE);
  });

  it("that is a zombie holds nothing", async () => {
    await withZombie(async ({ pid, began }) => {
      assert.equal(process.kill(pid, 0), true);
      assert.deepEqual(await holds({ pid, began }), NONE);
      assert.deepEqual(await holds({ pid }), NONE);
    });
  });
});
