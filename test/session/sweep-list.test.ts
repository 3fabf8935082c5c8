// The sweeps of a window: started, paused, stopped and gone on with, whatever becomes of the window.

import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { RunExperiment } from "../../src/experiments/run-experiment.ts";
import { type StoredSweep, Sweeps } from "../../src/session/sweep-list.ts";
import type { SweepInfo } from "../../src/session/sweeps-messages.ts";
import { contentHash } from "../../src/session/trust.ts";
import { wholeRun } from "../support/run-events.ts";

/** A window with its sweeps; runs wait at a gate that is open at first. */
class Window {
  readonly sweeps: Sweeps;
  readonly begun: number[] = [];
  readonly ended: string[] = [];
  stored: readonly StoredSweep[];
  readonly #listeners = new Set<() => void>();
  #gate: Promise<void> = Promise.resolve();
  #open = () => undefined as void;

  constructor(stored: readonly StoredSweep[] = []) {
    this.stored = stored;
    const run: RunExperiment = async function* (
      this: Window,
      spec: Parameters<RunExperiment>[0],
      options: Parameters<RunExperiment>[1],
    ) {
      this.begun.push(spec.blocks);
      this.#changed();
      await Promise.race([this.#gate, aborted(options.signal)]);
      const events = wholeRun(spec);
      const end = events.at(-1)!;
      yield* events.slice(0, -1);
      yield options.signal?.aborted && end.type === "end" ? { ...end, status: "cancelled" as const } : end;
    }.bind(this);
    this.sweeps = new Sweeps({
      run,
      stored,
      store: (sweeps) => (this.stored = sweeps),
      timedRuns: async () => [],
      onChange: () => this.#changed(),
      onEnd: ({ name, phase }) => this.ended.push(`${name} ${phase.kind}`),
      now: () => performance.now(),
    });
  }

  close(): void {
    this.#gate = new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#open();
  }

  async until(what: () => boolean): Promise<void> {
    while (!what()) await new Promise<void>((resolve) => this.#listeners.add(resolve));
  }

  reach(id: string, kind: SweepInfo["phase"]["kind"]): Promise<void> {
    return this.until(() => this.sweeps.get(id)?.phase.kind === kind);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}

const aborted = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener("abort", () => resolve());
  });

describe("the sweeps of a window", () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-sweeps-"))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const fileOf = async (blocks: readonly number[], name = "depths"): Promise<string> => {
    const file = path.join(folder, `${name}.sweep.json`);
    await writeFile(file, JSON.stringify({ base: { prompt: "The sky." }, axes: { blocks } }));
    return file;
  };

  /** A sweep that has begun and is held in its first run. */
  const heldInFirst = async (window: Window, blocks: readonly number[]): Promise<string> => {
    const { id } = await window.sweeps.add(await fileOf(blocks));
    window.close();
    window.sweeps.start(id);
    await window.until(() => window.begun.length === 1);
    return id;
  };

  it("are carried out to the end, with their tables and a map that fills", async () => {
    const window = new Window();
    const { id, runs, phase } = await window.sweeps.add(await fileOf([1, 2, 3]));
    assert.deepEqual([runs, phase.kind], [3, "idle"]);
    window.sweeps.start(id);
    await window.reach(id, "completed");
    assert.deepEqual(window.begun, [1, 2, 3]);
    const choice = { across: "blocks", down: undefined, figure: "exact" } as const;
    assert.deepEqual(
      window.sweeps.map(id, choice).cells[0].map((cell) => cell?.value),
      [1, 1, 1],
    );
    assert.deepEqual(window.sweeps.axes(id), [{ field: "blocks", values: ["1", "2", "3"] }]);
    const [run] = window.sweeps.runsAt(id, choice, "2", "");
    assert.deepEqual([run.axes, run.status, run.exact, run.restarts], ["blocks 2", "completed", 1, 1]);
    assert.match(await readFile(path.join(folder, "depths.sweep", "results.md"), "utf8"), /\| 3 \| 1 \| 1 of 1 \|/);
    assert.ok(
      (await readFile(path.join(window.sweeps.folderOf(id, run.name), "spec.json"), "utf8")).includes('"blocks": 2'),
    );
    await window.sweeps.dispose();
    assert.deepEqual(window.ended, ["depths completed"]);
  });

  it("pause after the run at hand, and go on from there", async () => {
    const window = new Window();
    const id = await heldInFirst(window, [1, 2, 3]);
    window.sweeps.pause(id);
    assert.equal(window.sweeps.get(id)?.phase.kind, "pausing");
    window.open();
    await window.reach(id, "paused");
    assert.equal(window.sweeps.get(id)?.finished, 1);
    assert.deepEqual(window.stored, [{ file: id, wanted: "paused" }]);
    window.sweeps.start(id);
    await window.reach(id, "completed");
    assert.deepEqual(window.begun, [1, 2, 3]);
    await window.sweeps.dispose();
  });

  it("go on when a pause is taken back before it came", async () => {
    const window = new Window();
    const id = await heldInFirst(window, [1, 2, 3]);
    window.sweeps.pause(id);
    window.sweeps.start(id);
    window.open();
    await window.reach(id, "completed");
    assert.deepEqual(window.begun, [1, 2, 3]);
    await window.sweeps.dispose();
  });

  it("stop at once, and repeat the run at hand when they are started again", async () => {
    const window = new Window();
    const id = await heldInFirst(window, [1, 2]);
    window.sweeps.stop(id);
    await window.reach(id, "idle");
    assert.deepEqual(window.stored, [{ file: id }]);
    window.open();
    window.sweeps.start(id);
    await window.reach(id, "completed");
    assert.deepEqual(window.begun, [1, 1, 2]);
    await window.sweeps.dispose();
  });

  it("go one at a time, and one that waits can be paused or stopped", async () => {
    const window = new Window();
    const first = await window.sweeps.add(await fileOf([1, 2]));
    const second = await window.sweeps.add(await fileOf([3], "second"));
    const third = await window.sweeps.add(await fileOf([4], "third"));
    window.close();
    for (const { id } of [first, second, third]) window.sweeps.start(id);
    await window.until(() => window.begun.length === 1);
    assert.equal(window.sweeps.get(second.id)?.phase.kind, "waiting");
    window.sweeps.stop(second.id);
    window.open();
    await window.reach(third.id, "completed");
    assert.deepEqual(window.begun, [1, 2, 4]);
    assert.equal(window.sweeps.get(second.id)?.phase.kind, "idle");
    await window.sweeps.dispose();
  });

  it("go on by themselves in the next window, without repeating or losing a finished run", async () => {
    const before = new Window();
    const { id } = await before.sweeps.add(await fileOf([1, 2, 3, 4]));
    before.sweeps.start(id);
    await before.until(() => (before.sweeps.get(id)?.finished ?? 0) >= 1);
    before.close();
    const atHand = before.begun.length;
    await before.until(() => before.begun.length > atHand || before.begun.length === 4);
    await before.sweeps.dispose();
    const hash = contentHash(await readFile(id, "utf8"));
    assert.deepEqual(before.stored, [{ file: id, wanted: "running", hash }]);
    const finished = before.sweeps.get(id)!.finished;

    const after = new Window(before.stored);
    await after.sweeps.restore();
    await after.reach(id, "completed");
    assert.deepEqual(after.begun, [1, 2, 3, 4].slice(finished));
    assert.deepEqual(after.stored, [{ file: id }]);
    await after.sweeps.dispose();
  });

  for (const [what, change] of [
    ["is another than the one that was begun", (file: string) => appendFile(file, " ")],
    ["was begun by a version that did not look", () => undefined],
    ["lies in a folder that is not trusted", () => undefined],
  ] as const)
    it(`wait to be started where their file ${what}`, async () => {
      const file = await fileOf([1, 2]);
      const hash = contentHash(await readFile(file, "utf8"));
      await change(file);
      const hashed = what.includes("version") ? {} : { hash };
      const window = new Window([{ file, wanted: "running", ...hashed }]);
      await window.sweeps.restore(!what.includes("trusted"));
      assert.equal(window.sweeps.get(file)?.phase.kind, "paused");
      assert.deepEqual(window.stored, [{ file, wanted: "paused" }]);
      window.sweeps.start(file);
      await window.reach(file, "completed");
      await window.sweeps.dispose();
    });

  for (const place of ["depths.sweep", "depths.sweep/runs"])
    it(`write nothing through a link that leads out of the file's folder: ${place}`, async () => {
      const elsewhere = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-elsewhere-"));
      const window = new Window();
      const { id } = await window.sweeps.add(await fileOf([1]));
      await mkdir(path.dirname(path.join(folder, place)), { recursive: true });
      await symlink(elsewhere, path.join(folder, place));
      window.sweeps.start(id);
      await window.reach(id, "failed");
      const { phase } = window.sweeps.get(id)!;
      assert.match(phase.kind === "failed" ? phase.message : "", /leads out of its folder/);
      await assert.rejects(window.sweeps.writeResults(id), /leads out of its folder/);
      assert.deepEqual(await readdir(elsewhere), []);
      assert.deepEqual(window.begun, []);
      await window.sweeps.dispose();
      await rm(elsewhere, { recursive: true });
    });

  it("that were paused stay so in the next window; one whose file is gone says so and can be forgotten", async () => {
    const file = await fileOf([1, 2]);
    const gone = path.join(folder, "gone.sweep.json");
    const window = new Window([
      { file, wanted: "paused" },
      { file: gone, wanted: "running" },
    ]);
    await window.sweeps.restore();
    assert.equal(window.sweeps.get(file)?.phase.kind, "paused");
    const { phase } = window.sweeps.get(gone)!;
    assert.ok(phase.kind === "failed" && /gone\.sweep\.json cannot be read/.test(phase.message));
    window.sweeps.forget(gone);
    assert.deepEqual(window.stored, [{ file, wanted: "paused" }]);
    await window.sweeps.dispose();
    assert.deepEqual(window.begun, []);
  });

  it("take what their file says when they are started, and say what is wrong with it", async () => {
    const window = new Window();
    const { id } = await window.sweeps.add(await fileOf([1]));
    window.sweeps.start(id);
    await window.reach(id, "completed");
    await fileOf([1, 2]);
    window.sweeps.start(id);
    await window.until(() => window.sweeps.get(id)?.finished === 2);
    await window.reach(id, "completed");
    assert.deepEqual(window.begun, [1, 2]);
    await writeFile(id, "{");
    window.sweeps.start(id);
    await window.reach(id, "failed");
    const { phase } = window.sweeps.get(id)!;
    assert.ok(phase.kind === "failed" && /is not JSON/.test(phase.message));
    await window.sweeps.dispose();
  });

  it("that cannot write their records say so and can be started again", async () => {
    const window = new Window();
    const file = await fileOf([1]);
    await writeFile(path.join(folder, "depths.sweep"), "a file in the folder's place");
    const { id } = await window.sweeps.add(file);
    window.sweeps.start(id);
    await window.reach(id, "failed");
    await rm(path.join(folder, "depths.sweep"));
    await mkdir(path.join(folder, "depths.sweep"));
    window.sweeps.start(id);
    await window.reach(id, "completed");
    await window.sweeps.dispose();
  });
});
