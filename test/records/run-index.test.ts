// The list of records: always what the folder holds, at the cost of what is new in it.

import assert from "node:assert/strict";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { RunIndex } from "../../src/records/run-index.ts";
import { RunRecord } from "../../src/records/record.ts";
import { endEvent, spec, startEvent, stepEvent } from "../support/run-events.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

describe("an index of records", () => {
  const temporaryFolder = temporaryFolders();
  let runs: string;
  beforeEach(async () => (runs = path.join(await temporaryFolder(), "runs")));

  const begin = (day: number) =>
    RunRecord.create(runs, spec({ seed: day }), { now: () => new Date(Date.UTC(2026, 10, day)) });
  const finish = async (record: RunRecord) => {
    for (const event of [startEvent(), stepEvent(5, 3), endEvent([stepEvent(5, 3)])]) await record.append(event);
    await record.end();
  };
  const record = async (day: number) => {
    const made = await begin(day);
    await finish(made);
    return made;
  };
  const seeds = (index: RunIndex) => index.list.map((listing) => listing.spec.seed);

  it("is empty where no run has been", async () => {
    const index = new RunIndex(runs);
    await index.refresh();
    assert.deepEqual(index.list, []);
  });

  it("has the newest first, and passes over what is no record", async () => {
    for (const day of [11, 13, 12]) await record(day);
    await mkdir(path.join(runs, "empty"));
    await writeFile(path.join(runs, "notes.txt"), "mine");
    const damaged = await record(14);
    await writeFile(path.join(damaged.folder, "spec.json"), "{");
    const index = new RunIndex(runs);
    await index.refresh();
    assert.deepEqual(seeds(index), [13, 12, 11]);
    assert.equal(index.list[0].best?.exact, true);
    assert.equal("events" in index.list[0], false);
  });

  it("follows records that come, go and come back", async () => {
    const first = await record(1);
    let told = 0;
    const index = new RunIndex(runs, () => told++);
    await index.refresh();
    assert.equal(told, 1);
    await index.refresh();
    assert.equal(told, 1, "nothing has changed");
    await record(2);
    await rename(first.folder, `${runs}-away`);
    await index.refresh();
    assert.deepEqual(seeds(index), [2]);
    await rename(`${runs}-away`, first.folder);
    await index.refresh();
    assert.deepEqual(seeds(index), [2, 1]);
  });

  it("reads a record with its summary once, and one without it until it has one", async () => {
    const open = await begin(2);
    const done = await record(1);
    const index = new RunIndex(runs);
    await index.refresh();
    assert.deepEqual(
      index.list.map(({ status }) => status),
      ["running", "completed"],
    );
    const [, before] = index.list;
    await rm(path.join(done.folder, "spec.json"));
    await finish(open);
    await index.refresh();
    assert.equal(index.list[0].status, "completed");
    assert.equal(index.list[1], before, "it was not read again");
  });

  it("says that a folder may become a record, the first time that it sees it", async () => {
    await mkdir(path.join(runs, "just-made"), { recursive: true });
    const index = new RunIndex(runs);
    await index.refresh();
    assert.equal(index.hasBegun, true);
    await index.refresh();
    assert.equal(index.hasBegun, false);
  });

  it("looks once more for all who ask while it looks", async () => {
    await record(1);
    const index = new RunIndex(runs);
    const looking = index.refresh();
    const made = record(2).then(() => index.refresh());
    await Promise.all([looking, made]);
    assert.deepEqual(seeds(index), [2, 1]);
  });

  it("says why a folder cannot be read", async () => {
    await mkdir(path.dirname(runs), { recursive: true });
    await writeFile(runs, "");
    await assert.rejects(new RunIndex(runs).refresh(), { kind: "storage", message: /runs cannot be read/ });
  });
});
