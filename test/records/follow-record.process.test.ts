// A record is followed until its writer is gone.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { writeWhole } from "../../src/common/files.ts";
import { RunRecord } from "../../src/records/record.ts";
import { follow } from "../support/follow.ts";
import { spec, wholeRun } from "../support/run-events.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

describe("a record that is followed", () => {
  const newFolder = temporaryFolders();

  it("ends when its writer goes without a word, and when nobody follows it any more", async () => {
    const record = await RunRecord.create(await newFolder(), spec());
    await record.append(wholeRun()[0]);
    const stop = new AbortController();
    const stopped = follow(record.folder, stop.signal);
    // A process that ends when it is told to, in the writer's place.
    const writer = spawn(process.execPath, ["-e", "process.stdin.resume()"]);
    const head = JSON.parse(await readFile(path.join(record.folder, "spec.json"), "utf8")) as { writer: object };
    const began = (await readFile(`/proc/${writer.pid}/stat`, "utf8").catch(() => ") "))
      .split(") ")
      .at(-1)!
      .split(" ")[19];
    head.writer = { ...head.writer, pid: writer.pid, began: began ?? "" };
    await writeWhole(path.join(record.folder, "spec.json"), JSON.stringify(head));
    const left = follow(record.folder, undefined, () => writer.stdin.end());
    assert.deepEqual(await left, { types: ["start"], status: "interrupted" });
    stop.abort();
    assert.deepEqual((await stopped).types, ["start"]);
    // It is no longer the record of this process.
    await assert.rejects(record.end(), { kind: "storage" });
  });
});
