// The sweeps that come with the program: they are what their files say, and give what their charts show.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
import { performSweep } from "../../src/sweeps/perform-sweep.ts";
import { readySweeps } from "../../src/sweeps/ready-sweeps.ts";
import { sweepChart } from "../../src/sweeps/sweep-chart.ts";
import { checkSweep, fileOf, sweepOf, withCharts } from "../../src/sweeps/sweep-draft.ts";
import { cellsOf, parseExperimentFile } from "../../src/sweeps/sweep-files.ts";
import { MODELS, TEST_CACHE } from "../support/folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

const FOLDER = path.join(import.meta.dirname, "..", "..", "docs", "sweeps");

describe("the ready sweeps", function () {
  this.timeout(120_000);
  const newFolder = temporaryFolders();

  it("are the files in docs/sweeps, each once", () => {
    assert.deepEqual(
      readySweeps()
        .map(({ name }) => `${name}.sweep.json`)
        .sort(),
      readdirSync(FOLDER).sort(),
    );
  });

  for (const { name, title, draft, charts } of readySweeps()) {
    it(`can be run, from the file and from the form: ${title}`, () => {
      const sweep = parseExperimentFile(readFileSync(path.join(FOLDER, `${name}.sweep.json`), "utf8"), name, "/");
      const cells = cellsOf(sweep, name);
      assert.ok(cells.length > 1 && cells.every(({ spec }) => spec.method === "exact"));
      const fromForm = withCharts(sweepOf(draft), charts);
      assert.deepEqual(cellsOf(fromForm, name), cells);
      assert.deepEqual(parseExperimentFile(fileOf(fromForm), name, "/").charts, sweep.charts);
      assert.deepEqual(checkSweep(fromForm, []).problems, []);
      assert.ok(charts.some(({ x }) => x === "agreement") && charts.some(({ x }) => x === undefined));
    });
  }

  it("leave out the charts of axes that somebody has taken away", () => {
    const [{ draft, charts }] = readySweeps();
    const without = { ...draft, blocks: "1" };
    assert.deepEqual(withCharts(sweepOf(without), charts).charts, undefined);
  });

  it("give charts with points: one of them, with a small network and fewer values", async () => {
    const { draft, charts } = readySweeps().find(({ name }) => name === "noise-by-depth")!;
    const small = {
      checkpoint: "random:mini?n_embd=48&n_head=3",
      blocks: "1, 2",
      noise: "0.01, 3",
      prompt: "The sky.",
    };
    const sweep = withCharts(sweepOf({ ...draft, ...small }), charts);
    const runner = new ExperimentRunner({ cacheFolder: TEST_CACHE, modelsFolder: MODELS });
    const outcomes = await performSweep(cellsOf(sweep, "a"), {
      folder: await newFolder(),
      run: (spec, { signal = new AbortController().signal, onProgress = () => undefined }) =>
        runner.run(spec, { signal, onProgress, now: () => 0 }),
      now: () => 0,
    });
    assert.deepEqual(
      outcomes.map(({ error }) => error),
      [undefined, undefined, undefined, undefined],
    );
    for (const chart of sweep.charts!) {
      const { lines } = sweepChart(chart, outcomes);
      assert.equal(lines.length, 2);
      for (const { points } of lines) {
        const [[, quiet], [, loud]] = points;
        assert.equal(quiet, 1);
        assert.ok(loud < 1);
      }
    }
  });
});
