// A record is followed from its beginning to its end, however its writer ends.

import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { RunRecord } from "../../src/records/record.ts";
import { follow } from "../support/follow.ts";
import { spec, stepEvent, wholeRun } from "../support/run-events.ts";

describe("a record that is followed", () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(path.join(os.tmpdir(), "follow-"))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("tells every event once, before and after the first look, and how the run ended", async () => {
    const record = await RunRecord.create(folder, spec());
    const [start, ...rest] = wholeRun();
    await record.append(start);
    const followed = follow(record.folder);
    for (const event of rest) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await record.append(event);
    }
    await record.end();
    assert.deepEqual(await followed, { types: ["start", "step", "step", "step", "end"], status: "completed" });
    assert.deepEqual(await follow(record.folder), await followed, "also when it is over already");
  });

  it("waits for the rest of a line, and takes a line that is longer than a piece", async () => {
    const record = await RunRecord.create(folder, spec());
    const line = JSON.stringify(stepEvent(5, 2, { text: "x".repeat(3_000_000) }));
    const events = path.join(record.folder, "events.jsonl");
    await appendFile(events, line.slice(0, 2_000_000));
    const followed = follow(record.folder);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await appendFile(events, `${line.slice(2_000_000)}\n`);
    await record.end();
    assert.deepEqual(await followed, { types: ["step"], status: "interrupted" });
  });
});
