// Records, sweeps and settings that version 0.1 wrote open as they did (test/fixtures/0.1).

import assert from "node:assert/strict";
import { cp, readFile } from "node:fs/promises";
import path from "node:path";
import { METHODS } from "../../src/experiments/methods/table.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { readRun } from "../../src/records/read-record.ts";
import { exportRuns } from "../../src/reports/run-export.ts";
import { rowDescription } from "../../src/session/run-rows.ts";
import { requestFromSettings } from "../../src/session/settings.ts";
import { performSweep } from "../../src/sweeps/perform-sweep.ts";
import { cellsOf, parseExperimentFile } from "../../src/sweeps/sweep-files.ts";
import { resultsCsv } from "../../src/sweeps/sweep-results.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const FIXTURES = path.join(import.meta.dirname, "../fixtures/0.1");
const textOf = (name: string) => readFile(path.join(FIXTURES, name), "utf8");

describe("what version 0.1 has written", () => {
  const newFolder = temporaryFolders();

  for (const [name, description] of [
    ["inversion", /^1259 · 1 block · mini · Adam 0\.01$/],
    ["orthogonal-walk", /^r = .+ · 1 block · mini · orthogonal walk$/],
    ["clamped-walk", /^r = .+ · 1 block · mini · clamped walk$/],
  ] as const)
    it(`is a record that opens, and whose run can be repeated: ${name}`, async () => {
      const run = await readRun(path.join(FIXTURES, name));
      assert.equal(run.status, "completed");
      assert.deepEqual(
        run.events.map(({ type }) => type),
        ["start", "step", "step", "step", "end"],
      );
      assert.deepEqual(parseSpec(run.spec), run.spec);
      const row = { folder: run.folder, spec: run.spec, state: "completed", createdAt: 0, best: run.best } as const;
      assert.match(rowDescription(row), description);
      assert.match(exportRuns([run], "csv"), /^run,kind,restart,.*,gradientProducts,singularValue,clampedFrom\r?\n/);
    });

  it("is a sweep whose finished runs are not repeated, with the same results", async () => {
    const cells = cellsOf(parseExperimentFile(await textOf("two.sweep.json"), "two.sweep.json", "/"), "two.sweep.json");
    const folder = path.join(await newFolder(), "two");
    await cp(path.join(FIXTURES, "two"), folder, { recursive: true });
    const outcomes = await performSweep(cells, {
      folder,
      run: () => assert.fail("a finished run is carried out again"),
      now: () => 0,
    });
    assert.equal(outcomes.length, 2);
    assert.equal(resultsCsv(outcomes), await textOf("two/results.csv"));
  });

  it("are settings that mean the same fields of every method", async () => {
    const settings = JSON.parse(await textOf("settings.json")) as Record<string, unknown>;
    const unused = new Set(Object.keys(settings));
    for (const { name } of METHODS) {
      const request = requestFromSettings((setting) => {
        unused.delete(setting);
        return settings[setting];
      }, name);
      const spec = parseSpec({ prompt: "The sky.", ...request }) as unknown as Record<string, unknown>;
      for (const [field, value] of Object.entries(request)) assert.equal(spec[field], value, field);
      assert.equal(spec["iterations"], { inversion: 150, exact: 1_000_000, orthogonalWalk: 30, clampedWalk: 60 }[name]);
    }
    assert.deepEqual([...unused], []);
  });
});
