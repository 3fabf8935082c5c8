// Sweeps in a real VS Code: built in the side panel, watched as a map that fills, paused, and gone on with after the window
// was closed in the middle.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { SweepsView } from "./sweeps-view.ts";
import { until } from "./until.ts";
import { itWasQuiet, useWorkbench } from "./use-workbench.ts";

/** The finished runs of a sweep, with the time at which each was. */
async function finishedRuns(sweep: string): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const run of await readdir(path.join(sweep, "runs"))) {
    const { mtimeMs } = (await stat(path.join(sweep, "runs", run, "summary.json")).catch(() => undefined)) ?? {};
    if (mtimeMs !== undefined) times.set(run, mtimeMs);
  }
  return times;
}

describe("the Sweeps view", () => {
  let cache: string;
  const the = useWorkbench(async () => {
    cache = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-sweeps-"));
    return { settings: { "inversionLab.checkpoint": "random:mini" }, env: { INVERSION_LAB_CACHE: cache } };
  });
  after(() => rm(cache, { recursive: true, force: true }));
  const view = () => new SweepsView(the.workbench);

  it("says what a sweep is where there is none", async () => {
    const page = await view().open();
    assert.match(await page.locator(".empty").innerText(), /every combination/);
    await the.workbench.screenshot("sweeps-empty");
  });

  it("builds a sweep, says how many runs it has and what is wrong with it", async () => {
    await view().press("New Sweep…");
    await view().write("prompt", "The sky is blue.\nTwo and two is four.");
    await view().write("blocks", "1-4, 9x");
    await view().write("initSeed", "0–2");
    await view().write("iterations", "30");
    const page = await view().page();
    await until("the mistake is said at its field", async () =>
      /9x/.test(await page.locator("#sweep-blocks-problem").innerText()),
    );
    await view().write("blocks", "1-4");
    await until("the number of runs is said", async () => /^24 runs/.test(await view().size()));
    await the.workbench.screenshot("sweeps-form");
  });

  it("carries it out, with a map of any two axes and any figure, and opens a run from its place", async () => {
    await view().write("name", "Depth and seed");
    await view().press("Start");
    await view().waitForState("Done", 60_000);
    const places = await view().places();
    assert.equal(places.length, 8);
    assert.match(places[0], /^prompt The sky is blue\., blocks 1: Exact \d+ %; 3 of 3 runs$/);
    const page = await view().page();
    await page.getByLabel("Down").selectOption("initSeed");
    await page.getByLabel("Figure").selectOption("outputDistance");
    await until("the map has the other axis", async () => (await view().places()).length === 12);
    assert.match((await view().places())[11], /^initSeed 2, blocks 4: Output distance [\d.]+; 2 of 2 runs$/);
    await (await view().place("2", "4")).click();
    const run = page.locator(".runs .run", { hasText: "Two and two" });
    await run.click();
    await the.panel.waitForState("Done");
    assert.match(await the.panel.condition(), /seed 2/);
    await the.workbench.screenshot("sweeps-map");
  });

  it("is walked through by keyboard", async () => {
    const place = await view().place("0", "1");
    await place.focus();
    await the.workbench.page.keyboard.press("ArrowRight");
    await the.workbench.page.keyboard.press("ArrowDown");
    const page = await view().page();
    assert.match((await page.locator("button:focus").getAttribute("aria-label")) ?? "", /^initSeed 1, blocks 2:/);
    await the.workbench.page.keyboard.press("Enter");
    await until("its runs are listed", async () => (await page.locator(".runs .run").count()) === 2);
  });

  it("pauses after the run at hand and goes on", async () => {
    await view().press("Duplicate…");
    await view().write("name", "Closed");
    await view().write("prompt", "The sky is blue.");
    await view().write("iterations", "3000");
    await view().press("Start");
    await view().waitForState("Running");
    await view().press("Pause");
    await view().waitForState("Paused", 60_000);
    await view().press("Resume");
    await view().waitForState("Running");
  });

  it("goes on by itself after the window was closed in the middle, and repeats and loses nothing", async () => {
    const sweep = path.join(cache, "sweeps", "Closed.sweep");
    await until("a few runs are finished", async () => (await finishedRuns(sweep)).size >= 3, 60_000);
    await the.workbench.settled();
    const before = await finishedRuns(sweep);
    assert.ok(before.size < 12, "it is in the middle");
    await the.workbench.reload();
    await view().open();
    assert.match(await view().waitForState("Done", 90_000), /12 of 12 runs/);
    const after = await finishedRuns(sweep);
    assert.equal(after.size, 12);
    for (const [run, at] of before) assert.equal(after.get(run), at, `${run} was carried out again`);
  });

  itWasQuiet(the);
});
