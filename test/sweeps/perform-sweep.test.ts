// Sweeps: every run is carried out once, whatever ends the program in between.

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { LabError } from "../../src/common/errors.ts";
import type { RunExperiment } from "../../src/experiments/run-experiment.ts";
import { readRun } from "../../src/records/read-record.ts";
import { RunRecord } from "../../src/records/record.ts";
import { type Cell, cellsOf, parseExperimentFile } from "../../src/sweeps/sweep-files.ts";
import { type Outcome, performSweep, type SweepProgress } from "../../src/sweeps/perform-sweep.ts";
import { resultsCsv, resultsMarkdown, writeResults } from "../../src/sweeps/sweep-results.ts";
import { endEvent, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";

const cellsFor = (axes: object): Cell[] =>
  cellsOf(parseExperimentFile(JSON.stringify({ base: { prompt: "The sky." }, axes }), "a", "/"), "a");

describe("a sweep", () => {
  let folder: string;
  beforeEach(async () => (folder = path.join(await mkdtemp(path.join(os.tmpdir(), "inversion-lab-sweep-")), "sweep")));
  afterEach(() => rm(path.dirname(folder), { recursive: true, force: true }));

  const begun: number[] = [];
  beforeEach(() => (begun.length = 0));
  /** A run of any spec; what it comes to is said by its depth. */
  const run: RunExperiment = async function* (spec) {
    begun.push(spec.blocks);
    if (spec.blocks === 13) throw new LabError("badInput", "The run diverged.");
    if (spec.blocks === 14) throw new LabError("engine", "The engine process ended.");
    if (spec.blocks === 15) throw new LabError("storage", "The disk is full.");
    yield* wholeRun(spec);
  };
  const perform = (cells: readonly Cell[], own: object = {}) =>
    performSweep(cells, { folder, run, now: () => performance.now(), ...own });

  it("records every run, and tells of each with the time that is left", async () => {
    const reached: SweepProgress[] = [];
    let ms = 0;
    const outcomes = await perform(cellsFor({ blocks: [1, 2, 3] }), {
      now: () => (ms += 10),
      onOutcome: (_: Outcome, progress: SweepProgress) => void reached.push(progress),
    });
    assert.deepEqual(
      outcomes.map(({ cell, status, restarts }) => [cell.axes["blocks"], status, restarts[0].exact]),
      [1, 2, 3].map((blocks) => [blocks, "completed", true]),
    );
    for (const { folder, cell } of outcomes) assert.deepEqual((await readRun(folder)).spec, cell.spec);
    assert.deepEqual(
      reached.map(({ finished, runs }) => [finished, runs]),
      [1, 2, 3].map((finished) => [finished, 3]),
    );
    assert.ok(reached[0].remainingMs! > reached[1].remainingMs!);
    assert.equal(reached[2].remainingMs, undefined);
  });

  it("does not come back where its folder is deleted in a run, or between two", async () => {
    const away = () => rm(folder, { recursive: true });
    const deleting: RunExperiment = async function* (spec) {
      const [start, ...rest] = wholeRun(spec);
      yield start;
      await away();
      yield* rest;
    };
    for (const own of [{ run: deleting }, { onOutcome: away }]) {
      await assert.rejects(perform(cellsFor({ blocks: [1, 2] }), own), { kind: "storage", message: /nothing more is/ });
      await assert.rejects(readdir(folder), { code: "ENOENT" });
    }
  });

  it("goes on where it was stopped, and repeats nothing that is finished", async () => {
    const cells = cellsFor({ blocks: [1, 2, 3, 4] });
    const stop = new AbortController();
    const stopping: RunExperiment = async function* (spec, options) {
      if (spec.blocks < 3) {
        yield* run(spec, options);
        return;
      }
      begun.push(spec.blocks);
      stop.abort();
      yield startEvent(spec);
      yield endEvent([stepEvent(2, 1)], { status: "cancelled" });
    };
    const before = await perform(cells, { run: stopping, signal: stop.signal });
    assert.equal(before.length, 2);
    assert.deepEqual(begun, [1, 2, 3]);
    assert.equal((await perform(cells)).length, 4);
    assert.deepEqual(begun, [1, 2, 3, 3, 4]);
    assert.equal((await perform(cells)).length, 4);
    assert.deepEqual(begun, [1, 2, 3, 3, 4]);
    // An axis may get more values later.
    await perform(cellsFor({ blocks: [1, 2, 5] }));
    assert.deepEqual(begun.slice(5), [5]);
  });

  it("repeats what a killed writer left, also a record that was only begun", async () => {
    const cells = cellsFor({ blocks: [1, 2] });
    const torn = path.join(folder, "runs", cells[0].name);
    const record = await RunRecord.createIn(torn, cells[0].spec);
    await record.append(startEvent(cells[0].spec));
    await record.end();
    await rm(path.join(torn, "summary.json"));
    await writeFile(path.join(torn, "spec.json"), '{"format": 1, "wri');
    const outcomes = await perform(cells);
    assert.deepEqual(begun, [1, 2]);
    assert.equal((await readRun(outcomes[0].folder)).status, "completed");
  });

  it("goes on after a run that failed; tries that again later unless the spec was at fault", async () => {
    const cells = cellsFor({ blocks: [13, 14, 1] });
    const outcomes = await perform(cells);
    assert.deepEqual(
      outcomes.map(({ status, error }) => [status, error?.kind]),
      [
        ["failed", "badInput"],
        ["failed", "engine"],
        ["completed", undefined],
      ],
    );
    await perform(cells);
    assert.deepEqual(begun, [13, 14, 1, 14]);
  });

  it("ends when the disk takes no more", async () => {
    await assert.rejects(perform(cellsFor({ blocks: [15, 1] })), { kind: "storage", message: "The disk is full." });
    assert.deepEqual(begun, [15]);
  });

  it("ends where a record cannot be finished, and carries that run out again", async () => {
    const cells = cellsFor({ blocks: [1, 2] });
    const record = path.join(folder, "runs", cells[0].name);
    const breaking: RunExperiment = async function* (spec, options) {
      yield* run(spec, options);
      await rm(record, { recursive: true });
      await writeFile(record, "");
    };
    await assert.rejects(perform(cells, { run: breaking }), { kind: "storage" });
    assert.deepEqual(begun, [1]);
    assert.equal((await perform(cells)).length, 2);
    assert.deepEqual(begun, [1, 1, 2]);
  });

  it("is carried out by one at a time", async () => {
    const cells = cellsFor({ blocks: [1] });
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    let entered = () => undefined as void;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const slow: RunExperiment = async function* (spec, options) {
      entered();
      await held;
      yield* run(spec, options);
    };
    const first = perform(cells, { run: slow });
    await inside;
    await assert.rejects(perform(cells), (error) => error instanceof LabError && /somebody else/i.test(error.message));
    // One that waits can be stopped.
    const stop = new AbortController();
    const waiting = perform(cells, { lockTimeoutMs: 60_000, signal: stop.signal });
    stop.abort();
    assert.deepEqual(await waiting, []);
    release();
    assert.equal((await first).length, 1);
    assert.deepEqual(begun, [1]);
    assert.deepEqual(await readdir(folder), ["runs"], "the lock is gone");
  });

  it("runs cells of one network one after the other, and tells of them in the file's order", async () => {
    const order: string[] = [];
    const noting: RunExperiment = async function* (spec) {
      order.push(`${spec.iterations}/${spec.blocks}`);
      yield* wholeRun(spec);
    };
    const outcomes = await perform(cellsFor({ iterations: [1, 2], blocks: [1, 2] }), { run: noting });
    assert.deepEqual(order, ["1/1", "2/1", "1/2", "2/2"]);
    assert.deepEqual(
      outcomes.map(({ cell }) => `${cell.spec.iterations}/${cell.spec.blocks}`),
      ["1/1", "1/2", "2/1", "2/2"],
    );
  });

  it("keeps the weights open over depths and prompts, and a network over prompts", async () => {
    const order: string[] = [];
    const noting: RunExperiment = async function* (spec) {
      order.push(`${spec.prompt} ${spec.initSeed} ${spec.blocks}`);
      yield* wholeRun(spec);
    };
    const file = { base: {}, axes: { prompt: ["A", "B"], initSeed: [0, 1], blocks: [1, 2] } };
    await perform(cellsOf(parseExperimentFile(JSON.stringify(file), "a", "/"), "a"), { run: noting });
    assert.deepEqual(order, ["A 0 1", "B 0 1", "A 0 2", "B 0 2", "A 1 1", "B 1 1", "A 1 2", "B 1 2"]);
  });

  it("has a row a restart in CSV, and a row a condition with Wilson's interval in Markdown", async () => {
    const two: RunExperiment = async function* (spec) {
      yield startEvent(spec);
      const last = [stepEvent(10, 3), stepEvent(10, spec.blocks === 1 ? 3 : 1, { restart: 1, text: "a|b,c" })];
      yield* last;
      yield endEvent(last);
    };
    const outcomes = await perform(cellsFor({ blocks: [1, 2], initSeed: [0, 1] }), { run: two });
    const rows = resultsCsv(outcomes).split("\n");
    assert.match(rows[0], /^blocks,initSeed,run,status,error,elapsedMs,restart,iteration,exact,/);
    assert.equal(rows.length, 1 + 8 + 1);
    const lines = resultsMarkdown(outcomes).split("\n");
    assert.match(lines[0], /^\| blocks \| runs \| exact \| 95 % \(Wilson\) \|/);
    assert.match(lines[2], /^\| 1 \| 2 \| 4 of 4 \| 51–100 % \|/);
    assert.match(lines[3], /^\| 2 \| 2 \| 2 of 4 \| 15–85 % \|/);
    await writeResults(folder, outcomes);
    assert.equal(await readFile(path.join(folder, "results.csv"), "utf8"), rows.join("\n"));
    const when = { firstExactIteration: 5, exactSince: 10 };
    const told = outcomes.map((each) => ({ ...each, restarts: each.restarts.map((one) => ({ ...one, ...when })) }));
    const [head, first] = resultsCsv(told).split("\n");
    assert.match(head, /,text,firstExactIteration,exactSince$/);
    assert.match(first, /,5,10$/);
    assert.match(resultsMarkdown(told), /\| median first exact iteration \|[^]* \| 5 \|/);
  });
});
