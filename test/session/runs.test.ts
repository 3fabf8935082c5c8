import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { LabError } from "../../src/common/errors.ts";
import { yieldToEventLoop } from "../../src/common/event-loop.ts";
import type { EngineClient } from "../../src/engine/client.ts";
import type { RunEvent } from "../../src/experiments/events.ts";
import type { ExperimentSpec } from "../../src/experiments/spec.ts";
import type { RunInfo } from "../../src/session/panel-messages.ts";
import { MOST_COMPARED, Runs } from "../../src/session/runs.ts";
import { readListing, readRun } from "../../src/records/read-record.ts";
import { RunRecord } from "../../src/records/record.ts";
import { spec, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";

type RunOptions = Parameters<EngineClient["run"]>[1];

/** What a scripted engine does in a run; `gone` is aborted when the engine is ended. */
type Script = (spec: ExperimentSpec, options: NonNullable<RunOptions>, gone: AbortSignal) => AsyncIterable<RunEvent>;

/** A session whose engines do as they are told. */
class Session {
  readonly folder: string;
  readonly changes: { events: string[]; stage: string | undefined }[] = [];
  readonly failures: string[] = [];
  readonly engines: { cacheFolder: string; disposed: boolean }[] = [];
  readonly runs: Runs;
  cacheFolder: () => string;
  now = 1000;
  #listeners = new Set<() => void>();

  constructor(folder: string, script: Script) {
    this.folder = folder;
    this.cacheFolder = () => folder;
    this.runs = new Runs({
      cacheFolder: () => this.cacheFolder(),
      openEngine: async (cacheFolder) => {
        const engine = { cacheFolder, disposed: false };
        const gone = new AbortController();
        this.engines.push(engine);
        return {
          run: (spec: ExperimentSpec, options: RunOptions = {}) => script(spec, options, gone.signal),
          dispose: async () => {
            engine.disposed = true;
            gone.abort();
          },
        } as Pick<EngineClient, "run" | "dispose">;
      },
      onChange: (run, events) => {
        const stage = run.phase.kind === "preparing" ? run.phase.progress?.stage : undefined;
        this.changes.push({ events: events.map(({ type }) => type), stage });
        for (const listener of this.#listeners) listener();
      },
      onFailure: (run, { message }) => this.failures.push(`${run.id}: ${message}`),
      now: () => this.now,
    });
  }

  /** Waits until a run is in a phase. */
  async reach(id: string, kind: RunInfo["phase"]["kind"]): Promise<RunInfo> {
    while (this.runs.get(id)?.phase.kind !== kind) {
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
    return this.runs.get(id)!;
  }
}

const tellAll: Script = async function* (of) {
  yield* wholeRun(of);
};

/** Begins, and then waits until it is stopped, or until the engine is ended. */
const untilStopped: Script = async function* (of, { signal }, gone) {
  yield startEvent(of);
  yield stepEvent(0, 0);
  const either = AbortSignal.any([signal!, gone]);
  if (!either.aborted) await new Promise((resolve) => either.addEventListener("abort", resolve));
  if (gone.aborted) throw new LabError("engine", "The engine was shut down.");
  throw new LabError("cancelled", "The run was stopped.");
};

/** As untilStopped; stands still a moment after it is told to. */
const untilResumed: Script = async function* (of, options, gone) {
  options.pause?.onChange((isOn) => {
    if (isOn) setImmediate(() => options.onPaused?.());
  });
  yield* untilStopped(of, options, gone);
};

describe("the runs of a session", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "runs-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("are told as they happen, and recorded", async () => {
    const session = new Session(folder, tellAll);
    const { id } = session.runs.start(spec());
    const { elapsedMs, folder: record } = await session.reach(id, "completed");
    await session.runs.dispose();
    assert.equal(elapsedMs, 1500);
    assert.deepEqual(
      session.changes.flatMap(({ events }) => events),
      ["start", "step", "step", "step", "end"],
    );
    const { status, events } = await readRun(record!);
    assert.equal(status, "completed");
    assert.deepEqual(events, wholeRun());
  });

  it("keep their events at hand, while they go on and from the record afterwards", async () => {
    const session = new Session(folder, untilStopped);
    const { id } = session.runs.start(spec());
    await session.reach(id, "running");
    while ((await session.runs.events(id)).length < 2) await yieldToEventLoop();
    session.runs.stop(id);
    await session.reach(id, "cancelled");
    await session.runs.dispose();
    assert.deepEqual(await session.runs.events(id), [startEvent(), stepEvent(0, 0)]);
  });

  it("go one at a time, in the order they were asked for", async () => {
    let going = 0;
    const session = new Session(folder, async function* (of, options, gone) {
      assert.equal(going++, 0);
      yield* tellAll(of, options, gone);
      going--;
    });
    const first = session.runs.start(spec({ seed: 1 }));
    const second = session.runs.start(spec({ seed: 2 }));
    assert.equal(first.phase.kind, "preparing");
    assert.equal(second.phase.kind, "waiting");
    assert.equal(session.runs.current?.id, first.id);
    await session.reach(second.id, "completed");
    assert.equal(session.runs.get(first.id)?.phase.kind, "completed");
    assert.equal(session.engines.length, 1);
    await session.runs.dispose();
  });

  it("that wait are stopped at once, without a record", async () => {
    const session = new Session(folder, untilStopped);
    const first = session.runs.start(spec());
    const second = session.runs.start(spec());
    session.runs.stop(second.id);
    assert.equal(session.runs.get(second.id)?.phase.kind, "cancelled");
    session.runs.stop(first.id);
    assert.equal(session.runs.get(first.id)?.phase.kind, "stopping");
    await session.reach(first.id, "cancelled");
    await session.runs.dispose();
    assert.equal(session.runs.get(second.id)?.folder, undefined);
  });

  it("are paused and resumed, and the pause is not their time", async () => {
    const session = new Session(folder, untilResumed);
    const { id } = session.runs.start(spec());
    session.now = 2000;
    await session.reach(id, "running");
    const { startedAt } = session.runs.get(id)!;
    session.runs.pause(id);
    assert.equal(session.runs.get(id)?.phase.kind, "pausing");
    session.now = 3000;
    assert.deepEqual((await session.reach(id, "paused")).phase, { kind: "paused", since: 3000 });
    session.now = 63_000;
    session.runs.resume(id);
    assert.deepEqual(session.runs.get(id)?.phase, { kind: "running" });
    assert.equal(session.runs.get(id)?.pausedMs, 60_000);
    session.now = 64_000;
    session.runs.stop(id);
    const { elapsedMs, folder: record } = await session.reach(id, "cancelled");
    await session.runs.dispose();
    assert.equal(elapsedMs, 64_000 - 60_000 - startedAt!);
    assert.equal((await readRun(record!)).status, "cancelled");
  });

  it("go on when a pause is taken back before it came", async () => {
    const session = new Session(folder, untilResumed);
    const { id } = session.runs.start(spec());
    await session.reach(id, "running");
    session.runs.pause(id);
    session.runs.resume(id);
    await yieldToEventLoop();
    assert.deepEqual(session.runs.get(id)?.phase, { kind: "running" });
    assert.equal(session.runs.get(id)?.pausedMs, undefined);
    session.runs.stop(id);
    await session.reach(id, "cancelled");
    await session.runs.dispose();
  });

  it("are not paused unless they run, nor resumed unless they are paused", async () => {
    const session = new Session(folder, untilStopped);
    const [first, second] = [session.runs.start(spec()), session.runs.start(spec())];
    for (const { id } of [first, second]) session.runs.pause(id);
    for (const { id } of [first, second]) session.runs.resume(id);
    assert.equal(session.runs.get(first.id)?.phase.kind, "preparing");
    assert.equal(session.runs.get(second.id)?.phase.kind, "waiting");
    for (const { id } of [second, first]) session.runs.stop(id);
    await session.reach(first.id, "cancelled");
    session.runs.pause(first.id);
    assert.equal(session.runs.get(first.id)?.phase.kind, "cancelled");
    await session.runs.dispose();
  });

  it("that wait know whether the one before is paused", async () => {
    const session = new Session(folder, untilResumed);
    const [first, second] = [session.runs.start(spec()), session.runs.start(spec())];
    await session.reach(first.id, "running");
    session.runs.pause(first.id);
    await session.reach(first.id, "paused");
    const third = session.runs.start(spec());
    // How far the one before is may have been told by then, or not.
    const waiting = () => [second, third].map(({ id }) => ({ ...session.runs.get(id)?.phase, reached: undefined }));
    const behind = { kind: "waiting", behind: first.id, reached: undefined };
    const behindPaused = { ...behind, behindPaused: true };
    assert.deepEqual(waiting(), [behindPaused, behindPaused]);
    session.runs.resume(first.id);
    assert.deepEqual(waiting(), [behind, behind]);
    for (const { id } of [third, second, first]) session.runs.stop(id);
    await session.reach(first.id, "cancelled");
    await session.runs.dispose();
  });

  it("that wait know behind which run, and how far that is, each hundredth of its work", async () => {
    const session = new Session(folder, async function* (of, { signal }) {
      yield* [startEvent(of), stepEvent(0, 0), stepEvent(0, 0, { restart: 1 }), stepEvent(5, 1)];
      await new Promise((resolve) => signal!.addEventListener("abort", resolve));
      throw new LabError("cancelled", "The run was stopped.");
    });
    const [first, second] = [session.runs.start(spec()), session.runs.start(spec())];
    await session.reach(first.id, "running");
    const told = () => session.runs.get(second.id)?.phase;
    while (!JSON.stringify(told()).includes("5/10")) await yieldToEventLoop();
    assert.deepEqual(told(), { kind: "waiting", behind: first.id, reached: "5/10" });
    for (const { id } of [second, first]) session.runs.stop(id);
    await session.reach(first.id, "cancelled");
    await session.runs.dispose();
  });

  it("that are paused are left as interrupted when the window goes", async () => {
    const session = new Session(folder, untilResumed);
    const { id } = session.runs.start(spec());
    await session.reach(id, "running");
    session.runs.pause(id);
    const { folder: record } = await session.reach(id, "paused");
    await session.runs.dispose();
    assert.equal((await readRun(record!)).status, "interrupted");
  });

  it("show the engine's progress until their first event", async () => {
    const session = new Session(folder, async function* (of, { onProgress }) {
      onProgress?.({ stage: "Writing random weights", done: 1, total: 2 });
      yield* wholeRun(of);
    });
    await session.reach(session.runs.start(spec()).id, "completed");
    await session.runs.dispose();
    const shown = session.changes.map(({ stage }) => stage);
    assert.ok(shown.indexOf("Writing random weights") > 0);
    assert.equal(shown.at(-1), undefined);
  });

  it("that crash say why, keep what they told, and let the next one go", async () => {
    let crash = true;
    const session = new Session(folder, async function* (of) {
      yield startEvent(of);
      yield stepEvent(0, 1);
      if (crash) throw new LabError("engine", "The engine process was killed.");
      yield* wholeRun(of).slice(2);
    });
    const { id } = session.runs.start(spec());
    session.now = 4000;
    const { phase, folder: record } = await session.reach(id, "failed");
    assert.deepEqual(phase, { kind: "failed", error: { kind: "engine", message: "The engine process was killed." } });
    assert.deepEqual(session.failures, [`${id}: The engine process was killed.`]);
    crash = false;
    const next = session.runs.start(spec());
    await session.reach(next.id, "completed");
    await session.runs.dispose();
    const { status, events, error } = await readRun(record!);
    assert.equal(status, "failed");
    assert.equal(events.length, 2);
    assert.equal(error?.message, "The engine process was killed.");
  });

  it("go on where their record cannot be finished, with a warning, and keep their events", async () => {
    const session = new Session(folder, async function* (of) {
      yield* wholeRun(of);
      const record = session.runs.get("1")!.folder!;
      await rm(record, { recursive: true });
      await writeFile(record, "");
    });
    const { id } = session.runs.start(spec());
    await session.reach(id, "completed");
    await session.runs.dispose();
    assert.match(session.runs.get(id)!.warning!, /^The record of this run ends early\. .*no longer holds the record/);
    assert.deepEqual(await session.runs.events(id), wholeRun());
    assert.deepEqual(session.failures, []);
  });

  it("fail with the reason when their record cannot be begun", async () => {
    const session = new Session(folder, tellAll);
    const file = path.join(folder, "file");
    await writeFile(file, "");
    session.cacheFolder = () => file;
    const { id } = session.runs.start(spec());
    const { phase } = await session.reach(id, "failed");
    assert.ok(phase.kind === "failed" && phase.error.kind === "storage");
    session.cacheFolder = () => {
      throw new LabError("badInput", "The setting is wrong.");
    };
    const next = session.runs.start(spec());
    assert.deepEqual((await session.reach(next.id, "failed")).phase, {
      kind: "failed",
      error: { kind: "badInput", message: "The setting is wrong." },
    });
    await session.runs.dispose();
  });

  it("open another engine after they were told that the one before does not know everything any more", async () => {
    const session = new Session(folder, tellAll);
    await session.reach(session.runs.start(spec()).id, "completed");
    session.runs.renewEngine();
    await session.reach(session.runs.start(spec()).id, "completed");
    await session.reach(session.runs.start(spec()).id, "completed");
    assert.deepEqual(
      session.engines.map(({ disposed }) => disposed),
      [true, false],
    );
    await session.runs.dispose();
  });

  it("open another engine when the cache folder is another one, after ending the one before", async () => {
    const session = new Session(folder, tellAll);
    await session.reach(session.runs.start(spec()).id, "completed");
    session.cacheFolder = () => path.join(folder, "other");
    await session.reach(session.runs.start(spec()).id, "completed");
    assert.deepEqual(session.engines, [
      { cacheFolder: folder, disposed: true },
      { cacheFolder: path.join(folder, "other"), disposed: false },
    ]);
    await session.runs.dispose();
  });

  it("leave an engine that is to be replaced to the experiment that is going on there", async () => {
    let go = () => undefined as void;
    const held = new Promise<void>((resolve) => (go = resolve));
    const session = new Session(folder, async function* (of, _, gone) {
      if (of.seed === 7) await held;
      assert.ok(!gone.aborted);
      yield* wholeRun(of);
    });
    const types: string[] = [];
    const experiment = (async () => {
      for await (const { type } of session.runs.experiment(spec({ seed: 7 }), {})) types.push(type);
    })();
    while (session.engines.length === 0) await yieldToEventLoop();
    session.runs.renewEngine();
    await session.reach(session.runs.start(spec()).id, "completed");
    const disposed = () => session.engines.map((engine) => engine.disposed);
    assert.deepEqual(disposed(), [false, false]);
    go();
    await experiment;
    assert.deepEqual(types, ["start", "step", "step", "step", "end"]);
    assert.deepEqual(disposed(), [true, false]);
    await session.runs.dispose();
  });

  it("are forgotten when they are over, and no name is given twice", async () => {
    const session = new Session(folder, tellAll);
    const [first, second] = [session.runs.start(spec()), session.runs.start(spec())];
    session.runs.forget(second.id);
    assert.equal(session.runs.list.length, 2, "it goes on");
    await session.reach(second.id, "completed");
    assert.equal(session.runs.get(second.id)?.best?.exact, true);
    session.runs.compare(first.id, [second.id]);
    session.runs.forget(first.id);
    assert.deepEqual(
      session.runs.list.map(({ id, compared }) => [id, compared]),
      [[second.id, []]],
    );
    assert.equal(session.runs.start(spec()).id, "3");
    await session.reach("3", "completed");
    await session.runs.dispose();
  });

  it("are left as interrupted when the window goes, and come back so from the record", async () => {
    const session = new Session(folder, untilStopped);
    const { id } = session.runs.start(spec());
    await session.reach(id, "running");
    const record = session.runs.get(id)!.folder!;
    await session.runs.dispose();
    const recorded = await readRun(record);
    assert.equal(recorded.status, "interrupted");

    const later = new Session(folder, tellAll);
    const adopted = later.runs.adopt(recorded);
    assert.equal(adopted.phase.kind, "interrupted");
    assert.deepEqual(await later.runs.events(adopted.id), recorded.events);
    assert.equal(later.runs.adopt(recorded).id, adopted.id, "a run is adopted once");
    assert.equal(later.runs.current, undefined);
    assert.deepEqual(later.failures, []);
    await later.runs.dispose();
  });

  describe("compared with each other", () => {
    const session = () => {
      const session = new Session(folder, tellAll);
      const ids = Array.from({ length: MOST_COMPARED + 1 }, () => session.runs.start(spec()).id);
      return { session, ids, compared: () => ids.map((id) => session.runs.get(id)!.compared.join("")) };
    };

    it("know each other, in an order that stays when more join", async () => {
      const { session: those, ids, compared } = session();
      those.runs.compare(ids[1], [ids[0]]);
      those.runs.compare(ids[0], [ids[1], ids[3]]);
      assert.deepEqual(compared().slice(0, 4), ["214", "214", "", "214"]);
      await those.runs.dispose();
    });

    it("stand by themselves when they are taken out, when too few are left, or when another comparison takes them", async () => {
      const { session: those, ids, compared } = session();
      those.runs.compare(ids[0], [ids[1], ids[2]]);
      those.runs.compare(ids[0], [ids[1]]);
      assert.deepEqual(compared().slice(0, 3), ["12", "12", ""]);
      those.runs.compare(ids[2], [ids[1]]);
      assert.deepEqual(compared().slice(0, 3), ["", "32", "32"]);
      those.runs.compare(ids[2], []);
      assert.ok(compared().every((one) => one === ""));
      await those.runs.dispose();
    });

    it("are a dozen at most, and what was stays when more are asked for", async () => {
      const { session: those, ids, compared } = session();
      those.runs.compare(ids[0], ids.slice(1, MOST_COMPARED));
      const before = compared();
      assert.throws(
        () => those.runs.compare(ids[0], ids),
        /^LabError: 13 runs are too many to compare: choose 12 at most\.$/,
      );
      assert.deepEqual(compared(), before);
      await those.runs.dispose();
    });
  });

  it("that go on elsewhere are followed to their end", async () => {
    const session = new Session(folder, tellAll);
    const record = await RunRecord.create(path.join(folder, "runs"), spec());
    const [start, ...rest] = wholeRun();
    await record.append(start);
    const { id, phase } = session.runs.adopt(await readListing(record.folder));
    assert.equal(phase.kind, "external");
    assert.equal(session.runs.current, undefined);
    while ((await session.runs.events(id)).length < 1) await yieldToEventLoop();
    for (const event of rest) await record.append(event);
    await record.end();
    const { elapsedMs } = await session.reach(id, "completed");
    assert.equal(elapsedMs, 1500);
    assert.deepEqual(await session.runs.events(id), wholeRun());
    assert.deepEqual(
      session.changes.flatMap(({ events }) => events),
      ["start", "step", "step", "step", "end"],
    );
    await session.runs.dispose();
  });
});
