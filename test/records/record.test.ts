// Records: what is written is what is read, whatever happens to the writer in between.

import assert from "node:assert/strict";
import {
  appendFile,
  chmod,
  link,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  utimes,
  writeFile,
} from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { LabError } from "../../src/common/errors.ts";
import type { EndEvent, RestartResult, RunEvent, StepEvent } from "../../src/experiments/events.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { readEnd, readRun, readStart } from "../../src/records/read-record.ts";
import { parseEvent } from "../../src/records/record-schema.ts";
import { RunRecord } from "../../src/records/record.ts";
import { DEAD_PID } from "../support/dead-process.ts";
import { PLAIN_RESULT } from "../support/results.ts";
import { startEvent } from "../support/run-events.ts";

const spec = parseSpec({ prompt: "The sky is blue." });

const step = (iteration: number, text = " sky"): StepEvent => ({
  type: "step",
  restart: 0,
  iteration,
  learningRate: 0.01,
  outputDistance: 3.5,
  inputDistance: 7,
  ratio: 2,
  tokenIds: [6766],
  text,
  topK: [[{ id: 6766, text, score: 0.9 }]],
  targetRanks: [1],
});

const best: RestartResult = {
  ...PLAIN_RESULT,
  restart: 0,
  iteration: 40,
  tokenIds: [6766],
  tokens: [" sky"],
  text: " sky",
  exact: true,
  outputDistance: 0.5,
  inputDistance: 0.25,
  discreteDistance: 0,
  beatsShift: true,
  beatsShiftAt: 12,
  nextToken: { id: 318, text: " is" },
  sameNextToken: true,
};

const end = (status: EndEvent["status"]): EndEvent => ({
  type: "end",
  status,
  iterations: 40,
  best,
  restarts: [best],
  elapsedMs: 987,
});

const isStorageError = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LabError, String(error));
  assert.equal(error.kind, "storage");
  assert.match(error.message, message);
  return true;
};

describe("records", () => {
  let runs: string;
  beforeEach(async () => {
    runs = path.join(await mkdtemp(path.join(os.tmpdir(), "inversion-lab-records-")), "runs");
  });
  afterEach(() => rm(path.dirname(runs), { recursive: true, force: true }));

  it("give back spec, events and end of a run", async () => {
    const record = await RunRecord.create(runs, spec, { now: () => new Date("2026-11-24T02:45:31.5Z") });
    const events: RunEvent[] = [step(0), step(20), end("completed")];
    for (const event of events) await record.append(event);
    await record.end();
    const run = await readRun(record.folder);
    assert.deepEqual(run, {
      id: record.id,
      folder: record.folder,
      spec,
      createdAt: "2026-11-24T02:45:31.500Z",
      status: "completed",
      elapsedMs: 987,
      best,
      events,
    });
    assert.deepEqual((await readdir(record.folder)).sort(), ["events.jsonl", "spec.json", "summary.json"]);
  });

  it("are refused where the utility of a result is not what it must be", () => {
    const utility = { agreement: 0.5, kl: null, agreements: [true, false], kls: [0, null] };
    const line = (changes: object) => {
      const result = { ...best, utility: { ...utility, ...changes } };
      const event = { type: "end", status: "completed", iterations: 1, best: result, restarts: [result], elapsedMs: 1 };
      return parseEvent(JSON.stringify(event), "line 3");
    };
    assert.deepEqual((line({}) as EndEvent).best.utility, utility);
    for (const [field, value] of Object.entries({ agreement: null, kl: "0", agreements: [1], kls: true })) {
      assert.throws(() => line({ [field]: value }), new RegExp(`line 3 is damaged at best\\.utility\\.${field}`));
    }
  });

  it("give back any text, one event a line whichever way lines are split", async () => {
    const anyText = fc.string({
      unit: fc.constantFrom("a", "\n", "\r", "\u2028", "\u2029", "\u0085", "\u001b", "\ud83c", "é", '"'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { maxLength: 5 }), async (texts) => {
        const record = await RunRecord.create(runs, spec);
        const events = texts.map((each, n) => step(n, each));
        await Promise.all(events.map((event) => record.append(event)));
        await record.end();
        assert.deepEqual((await readRun(record.folder)).events, events);
        const file = await readFile(path.join(record.folder, "events.jsonl"), "utf8");
        assert.equal(file.split(/\r\n|[\n\r\u2028\u2029\u0085\v\f]/).length, events.length + 1);
      }),
      { numRuns: 50 },
    );
  });

  describe("names of folders", () => {
    const nameOf = async (prompt: string): Promise<string> => {
      const now = () => new Date("2026-11-24T02:45:31Z");
      const record = await RunRecord.create(runs, { ...spec, prompt }, { now });
      await record.end();
      return record.id;
    };

    it("tell time and prompt, and sort by time", async () => {
      assert.match(await nameOf("The sky is blue."), /^2026-11-24T02-45-31Z-the-sky-is-blue-[0-9a-f]{4}$/);
    });

    it("hold letters of every script, and nothing that a file system minds", async () => {
      assert.match(await nameOf("../..\\C: 空は青い\u0000"), /^2026-11-24T02-45-31Z-c-空は青い-[0-9a-f]{4}$/);
      assert.match(await nameOf("?!"), /-text-[0-9a-f]{4}$/);
      assert.ok(Buffer.byteLength(await nameOf("𝔘".repeat(1000))) < 200);
    });

    it("differ for runs that begin at the same moment", async () => {
      const names = await Promise.all(Array.from({ length: 100 }, () => nameOf("same")));
      assert.equal(new Set(names).size, 100);
    });
  });

  describe("status", () => {
    it("is cancelled when the run was stopped, with its best so far", async () => {
      const record = await RunRecord.create(runs, spec);
      await record.append(end("cancelled"));
      await record.end();
      const run = await readRun(record.folder);
      assert.equal(run.status, "cancelled");
      assert.deepEqual(run.best, best);
    });

    it("is failed when the run threw, with the error; cancelled when that said so", async () => {
      for (const [kind, status] of [
        ["memory", "failed"],
        ["cancelled", "cancelled"],
      ] as const) {
        const record = await RunRecord.create(runs, spec);
        await record.append(step(0));
        await record.end({ kind, message: "No." });
        const run = await readRun(record.folder);
        assert.equal(run.status, status);
        assert.deepEqual(run.error, { kind, message: "No." });
        assert.equal(run.events.length, 1);
      }
    });

    it("is interrupted when a record is closed in mid-run", async () => {
      const record = await RunRecord.create(runs, spec);
      await record.end();
      assert.equal((await readRun(record.folder)).status, "interrupted");
    });

    it("is running while its writer lives", async () => {
      const record = await RunRecord.create(runs, spec);
      await record.append(step(0));
      const run = await readRun(record.folder);
      assert.equal(run.status, "running");
      assert.equal(run.events.length, 1);
      await record.end();
    });

    const rewriteWriter = async (folder: string, change: object) => {
      const file = path.join(folder, "spec.json");
      const head = JSON.parse(await readFile(file, "utf8")) as { writer: object };
      await writeFile(file, JSON.stringify({ ...head, writer: { ...head.writer, ...change } }));
    };

    it("is interrupted when its writer is gone, is another process, or was on another machine", async () => {
      const changes: object[] = [{ pid: DEAD_PID }, { host: "external" }];
      // Only Linux tells when a process began.
      if (process.platform === "linux") changes.push({ began: "1" });
      for (const change of changes) {
        const record = await RunRecord.create(runs, spec);
        await rewriteWriter(record.folder, change);
        assert.equal((await readRun(record.folder)).status, "interrupted", JSON.stringify(change));
        await assert.rejects(record.end(), isStorageError(/no longer holds the record of this run/));
      }
    });
  });

  describe("in a folder that somebody else changes", () => {
    const lost = isStorageError(/no longer holds the record of this run, which was deleted or replaced/);
    const changes: Record<string, (folder: string) => Promise<unknown>> = {
      "is deleted": (folder) => rm(folder, { recursive: true }),
      "is made anew, empty": async (folder) => {
        await rm(folder, { recursive: true });
        await mkdir(folder);
      },
      "has lost its spec.json": (folder) => rm(path.join(folder, "spec.json")),
      "holds another run": async (folder) => {
        await rm(folder, { recursive: true });
        await RunRecord.createIn(folder, spec);
      },
    };
    const state = async (folder: string) => {
      const names = await readdir(folder).catch(() => undefined);
      const files = names?.map(async (name) => [name, await readFile(path.join(folder, name), "utf8")]);
      return files && Promise.all(files);
    };

    for (const [what, change] of Object.entries(changes))
      for (const how of ["at its end", "at its next event"])
        it(`that ${what}, write nothing more and say so ${how}`, async () => {
          const record = await RunRecord.createIn(path.join(runs, "own"), spec);
          await record.append(step(0));
          await change(record.folder);
          const before = await state(record.folder);
          if (how === "at its next event") await assert.rejects(record.append(step(1)), lost);
          await assert.rejects(record.end(), lost);
          assert.deepEqual(await state(record.folder), before);
        });

    it("go on where no more than times and links of their files have changed", async () => {
      const record = await RunRecord.createIn(path.join(runs, "own"), spec);
      await utimes(path.join(record.folder, "spec.json"), 0, 0);
      await record.append(step(0));
      await link(path.join(record.folder, "spec.json"), path.join(runs, "backup"));
      await record.append(step(1));
      await record.end();
      assert.equal((await readRun(record.folder)).events.length, 2);
    });

    for (const name of ["spec.json", "events.jsonl", "summary.json", "embeddings.safetensors"])
      it(`are not begun where it has a ${name}, and leave it as it was`, async () => {
        const folder = path.join(runs, "own");
        await mkdir(folder, { recursive: true });
        await writeFile(path.join(folder, name), "mine");
        await assert.rejects(RunRecord.createIn(folder, spec), isStorageError(/already holds a run, or a part of one/));
        assert.deepEqual(await state(folder), [[name, "mine"]]);
      });
  });

  describe("after a power cut", () => {
    it("miss no event that is older than two seconds, and flush no more often than they must", async () => {
      const flushes: string[] = [];
      const record = await RunRecord.create(runs, spec);
      const probe = await open(path.join(record.folder, "events.jsonl"));
      const prototype = Object.getPrototypeOf(probe) as { datasync: (this: unknown) => Promise<void> };
      await probe.close();
      const { datasync } = prototype;
      let flushed: () => void = () => undefined;
      prototype.datasync = async function () {
        await datasync.call(this);
        flushes.push(await readFile(path.join(record.folder, "events.jsonl"), "utf8"));
        flushed();
      };
      try {
        const once = new Promise<void>((resolve) => (flushed = resolve));
        for (let n = 0; n < 50; n++) await record.append(step(n));
        await once; // with no further event
        assert.equal(flushes.length, 1);
        assert.equal(flushes[0].split("\n").length, 51);
        await record.append(step(50));
        await record.end();
        assert.equal(flushes.length, 2);
      } finally {
        prototype.datasync = datasync;
      }
    });
  });

  describe("after a crash", () => {
    it("lose at most the line that was being written, wherever it was torn", async () => {
      const record = await RunRecord.create(runs, spec);
      const events = [step(0), step(1, "\u{1f308}"), step(2)];
      for (const event of events) await record.append(event);
      const file = path.join(record.folder, "events.jsonl");
      const bytes = await readFile(file);
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length), async (length) => {
          await writeFile(file, bytes.subarray(0, length));
          const whole = bytes.subarray(0, length).filter((byte) => byte === 10).length;
          assert.deepEqual((await readRun(record.folder)).events, events.slice(0, whole));
        }),
        { numRuns: 100 },
      );
      await record.end();
    });

    it("are readable before their first line", async () => {
      const record = await RunRecord.create(runs, spec);
      await record.end();
      await rm(path.join(record.folder, "events.jsonl"));
      await rm(path.join(record.folder, "summary.json"));
      assert.deepEqual((await readRun(record.folder)).events, []);
    });

    it("say which line is damaged when it is not the last", async () => {
      const record = await RunRecord.create(runs, spec);
      await record.append(step(0));
      const file = path.join(record.folder, "events.jsonl");
      await appendFile(file, "{oh\n");
      await appendFile(file, JSON.stringify(step(1)) + "\n");
      await assert.rejects(readRun(record.folder), isStorageError(/^Line 2 of .*events\.jsonl is not JSON/));
      await record.end();
    });
  });

  it("tell their end without being read whole, however long it is, and none before it is there", async () => {
    for (const text of [" sky", " long".repeat(40_000)]) {
      const record = await RunRecord.create(runs, spec);
      assert.equal(await readEnd(record.folder), undefined);
      await record.append(step(40, text));
      assert.equal(await readEnd(record.folder), undefined);
      const told = { ...end("completed"), restarts: [{ ...best, text }] };
      await record.append(told);
      assert.deepEqual(await readEnd(record.folder), told);
      await appendFile(path.join(record.folder, "events.jsonl"), '{"type":"st');
      assert.deepEqual(await readEnd(record.folder), told);
      await record.end();
    }
  });

  it("tell their start without being read whole, however long it is", async () => {
    for (const text of ["The sky.", "long".repeat(40_000)]) {
      const record = await RunRecord.create(runs, spec);
      assert.equal(await readStart(record.folder), undefined);
      await appendFile(path.join(record.folder, "events.jsonl"), '{"type":"st');
      assert.equal(await readStart(record.folder), undefined, "a line that is being written");
      const told = { ...startEvent(), target: { ...startEvent().target, text } };
      await writeFile(path.join(record.folder, "events.jsonl"), `${JSON.stringify(told)}\n`);
      await record.append(step(0));
      assert.deepEqual(await readStart(record.folder), told);
      await record.end();
    }
  });

  describe("a named folder", () => {
    it("becomes the record", async () => {
      const folder = path.join(runs, "here");
      const record = await RunRecord.createIn(folder, spec);
      await record.append(end("completed"));
      await record.end();
      assert.equal(record.folder, folder);
      assert.equal((await readRun(folder)).status, "completed");
    });

    it("takes one record only, also from two writers at once", async () => {
      const both = await Promise.allSettled([RunRecord.createIn(runs, spec), RunRecord.createIn(runs, spec)]);
      const refused = both.filter((result) => result.status === "rejected");
      assert.equal(refused.length, 1);
      assert.throws(
        () => {
          throw refused[0].reason;
        },
        isStorageError(/already holds a run/),
      );
      for (const result of both) if (result.status === "fulfilled") await result.value.end();
    });

    it("is named in the error when it cannot be made", async () => {
      await writeFile(path.join(path.dirname(runs), "file"), "");
      const folder = path.join(path.dirname(runs), "file", "deeper");
      await assert.rejects(RunRecord.createIn(folder, spec), isStorageError(/file\/deeper/));
      await assert.rejects(RunRecord.create(folder, spec), isStorageError(/file\/deeper/));
    });

    it("is named in the error when it may not be written", async function () {
      if (process.getuid?.() === 0) this.skip(); // root may write anywhere
      await mkdir(runs);
      await chmod(runs, 0o500);
      await assert.rejects(RunRecord.create(runs, spec), isStorageError(/runs/));
    });
  });
});
