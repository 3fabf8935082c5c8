// All runs at hand: read when somebody asks, and from then on as the folder is, whoever writes into it.

import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { runsFolder } from "../../src/common/folders.ts";
import type { RunInfo } from "../../src/session/panel-messages.ts";
import { RunLibrary } from "../../src/session/run-library.ts";
import { RunRecord } from "../../src/records/record.ts";
import { endEvent, spec, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

describe("the library of runs", () => {
  const temporaryFolder = temporaryFolders();
  const libraries: RunLibrary[] = [];
  let cache: string;
  let session: RunInfo[];
  let listeners: (() => void)[];
  const troubles: unknown[] = [];
  beforeEach(async () => {
    cache = await temporaryFolder();
    session = [];
    listeners = [];
  });
  afterEach(() => {
    for (const library of libraries.splice(0)) library.dispose();
    assert.deepEqual(troubles.splice(0), []);
  });

  const open = (): RunLibrary => {
    const library = new RunLibrary({
      cacheFolder: () => cache,
      report: (error) => troubles.push(error),
    });
    library.join(() => session);
    library.onDidChange(() => {
      for (const listener of listeners) listener();
    });
    libraries.push(library);
    return library;
  };
  const begin = (seed: number) => RunRecord.create(runsFolder(cache), spec({ seed }));
  const record = async (seed: number) => {
    const made = await begin(seed);
    for (const event of wholeRun()) await made.append(event);
    await made.end();
    return made.folder;
  };
  /** Waits until the library tells of a change after which this is so. */
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise<void>((resolve) => listeners.push(resolve));
  };
  const states = (library: RunLibrary) => library.rows.map(({ spec, state }) => `${spec.seed} ${state}`);

  it("reads nothing until somebody asks", async () => {
    await record(1);
    const library = open();
    assert.equal(library.loaded, false);
    assert.deepEqual(library.rows, []);
    await library.load();
    assert.deepEqual(states(library), ["1 completed"]);
  });

  it("follows records that others write and remove", async () => {
    const library = open();
    await library.load();
    const folder = await record(1);
    await until(() => library.rows.length === 1);
    assert.equal(library.row(folder)?.best?.exact, true);
    await rm(folder, { recursive: true });
    await until(() => library.rows.length === 0);
  });

  it("sees the end of a run that another process carries out", async () => {
    const going = await begin(1);
    const library = open();
    await library.load();
    assert.deepEqual(states(library), ["1 external"]);
    await going.append(endEvent([stepEvent(5, 3)]));
    await going.end();
    await until(() => library.rows[0].state === "completed");
  });

  it("follows the session's runs, with how far they are, and has each once", async () => {
    const library = open();
    await library.load();
    const made = await begin(1);
    const running: RunInfo = {
      id: "1",
      spec: spec({ seed: 1 }),
      phase: { kind: "running" },
      compared: [],
      folder: made.folder,
      askedAt: Date.now(),
    };
    session = [running];
    library.tell(running, [startEvent()]);
    library.tell(running, [stepEvent(5, 0)]);
    assert.equal(library.rows[0].progress?.iteration, 5);
    await made.append(endEvent([stepEvent(5, 3)]));
    await made.end();
    session = [{ ...running, phase: { kind: "completed" } }];
    library.tell(session[0], [endEvent([stepEvent(5, 3)])]);
    await until(() => library.rows[0].best !== undefined);
    assert.deepEqual(states(library), ["1 completed"]);
  });

  it("changes to another folder with the setting", async () => {
    await record(1);
    const library = open();
    await library.load();
    cache = path.join(cache, "other");
    await library.refresh();
    assert.deepEqual(library.rows, []);
    await record(2);
    await until(() => library.rows.length === 1);
    assert.deepEqual(states(library), ["2 completed"]);
  });
});
