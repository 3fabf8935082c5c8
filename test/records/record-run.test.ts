// The loop that records a run: whatever becomes of the run, its reader or the disk, the record is ended once.

import assert from "node:assert/strict";
import path from "node:path";
import { LabError, type LabErrorData } from "../../src/common/errors.ts";
import type { RunEvent } from "../../src/experiments/events.ts";
import type { RunExperiment } from "../../src/experiments/run-experiment.ts";
import { readRun } from "../../src/records/read-record.ts";
import { RunRecord } from "../../src/records/record.ts";
import { recordRun, type RecordRunOptions } from "../../src/records/record-run.ts";
import { endEvent, spec, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

/** A run that tells these events, and then throws, where it does. */
const telling = (events: readonly RunEvent[], error?: LabError): RunExperiment =>
  async function* () {
    yield* events;
    if (error) throw error;
  };

const CANCELLED: RunEvent[] = [startEvent(), endEvent([stepEvent(2, 1)], { status: "cancelled" })];
const CRASH = new LabError("engine", "The engine process was killed.");
const FULL = new LabError("storage", "The disk is full.");

describe("a recorded run", () => {
  const folders = temporaryFolders();

  /** A record on the disk that counts how often it was ended. */
  async function begin() {
    const record = await RunRecord.createIn(path.join(await folders(), "record"), spec());
    const ends: (LabErrorData | undefined)[] = [];
    const end = record.end.bind(record);
    record.end = (error, pausedMs) => {
      ends.push(error);
      return end(error, pausedMs);
    };
    return { record, ends };
  }

  const cases: [string, Partial<RecordRunOptions>, status: string, told: number][] = [
    ["completes", { run: telling(wholeRun()) }, "completed", 5],
    ["is stopped, and ends with its best", { run: telling(CANCELLED) }, "cancelled", 2],
    ["is stopped before there is anything", { run: telling([], new LabError("cancelled", "")) }, "cancelled", 0],
    ["fails", { run: telling(wholeRun().slice(0, 2), CRASH) }, "failed", 2],
    ["ends without a result", { run: telling(wholeRun().slice(0, 3)) }, "failed", 3],
    [
      "breaks off with the program",
      { run: telling(wholeRun().slice(0, 2), CRASH), interruption: AbortSignal.abort() },
      "interrupted",
      2,
    ],
  ];
  for (const [what, options, status, told] of cases) {
    it(`that ${what} is ${status}, with every event that was told`, async () => {
      const { record, ends } = await begin();
      const received: RunEvent[] = [];
      const run = options.run!;
      const outcome = await recordRun(spec(), {
        run,
        record,
        ...options,
        onEvent: (event) => void received.push(event),
      });
      const recorded = await readRun(record.folder);
      assert.equal(recorded.status, status);
      assert.deepEqual(recorded.events, received);
      assert.equal(received.length, told);
      assert.equal(ends.length, 1);
      assert.equal(outcome.unrecorded, undefined);
      const last = received.at(-1);
      assert.deepEqual(outcome.end, last?.type === "end" ? last : undefined);
      assert.equal(outcome.error === undefined, outcome.end !== undefined);
    });
  }

  it("whose reader turns away is left, and its record ends there with the reason", async () => {
    const { record, ends } = await begin();
    let left = false;
    const run: RunExperiment = async function* () {
      try {
        yield* wholeRun();
      } finally {
        left = true;
      }
    };
    const away = new LabError("cancelled", "Nobody read the output any more.");
    const onEvent = ({ type }: RunEvent) => {
      if (type === "step") throw away;
    };
    const { error } = await recordRun(spec(), { run, record, onEvent });
    assert.equal(error, away);
    assert.ok(left);
    assert.deepEqual(ends, [{ kind: "cancelled", message: away.message }]);
    assert.equal((await readRun(record.folder)).events.length, 2);
  });

  it("stands still for a while that is not its time", async () => {
    const { record } = await begin();
    await recordRun(spec(), { run: telling([startEvent()], CRASH), record, pausedMs: () => 1e6 });
    assert.ok((await readRun(record.folder)).elapsedMs! < 0);
  });

  describe("whose record takes no more", () => {
    /** A record that refuses everything from its `room`-th event on, or only its end. */
    const failing = (room: number) => {
      const ends: (LabErrorData | undefined)[] = [];
      let appended = 0;
      const record: RecordRunOptions["record"] = {
        folder: "somewhere",
        keep: () => undefined,
        append: async () => {
          if (appended === room) throw FULL;
          appended++;
        },
        end: async (error) => {
          ends.push(error);
          if (room === Infinity) throw Object.assign(new Error("full"), { code: "ENOSPC" });
        },
      };
      return { record, ends };
    };

    it("goes on to its end, all its events are delivered, and the outcome says why", async () => {
      const { record, ends } = failing(2);
      const received: RunEvent[] = [];
      const reasons: [LabError, number][] = [];
      const outcome = await recordRun(spec(), {
        run: telling(wholeRun()),
        record,
        onEvent: (event) => void received.push(event),
        onUnrecorded: (error) => void reasons.push([error, received.length]),
      });
      assert.deepEqual(received, wholeRun());
      assert.deepEqual(outcome, { end: received[4], unrecorded: FULL });
      assert.deepEqual(reasons, [[FULL, 2]], "told once, when it happened");
      assert.deepEqual(ends, [{ kind: "storage", message: FULL.message }]);
    });

    it("says so also when only the end could not be written", async () => {
      const { record } = failing(Infinity);
      const { end, unrecorded } = await recordRun(spec(), { run: telling(wholeRun()), record });
      assert.equal(end?.status, "completed");
      assert.equal(unrecorded?.kind, "storage");
      assert.match(unrecorded.message, /^The disk is full: somewhere took no more/);
    });

    it("and that fails itself has its own error in the record's end", async () => {
      const { record, ends } = failing(1);
      const { error, unrecorded } = await recordRun(spec(), { run: telling(wholeRun().slice(0, 3), CRASH), record });
      assert.deepEqual([error, unrecorded], [CRASH, FULL]);
      assert.deepEqual(ends, [{ kind: "engine", message: CRASH.message }]);
    });
  });

  it("without a record asks for no embeddings", async () => {
    let asked: boolean | undefined;
    const run: RunExperiment = async function* (_, { onEmbeddings }) {
      asked = onEmbeddings !== undefined;
      yield* wholeRun();
    };
    assert.ok((await recordRun(spec(), { run, record: undefined })).end);
    assert.equal(asked, false);
    const { record } = await begin();
    await recordRun(spec(), { run, record });
    assert.equal(asked, true);
  });
});
