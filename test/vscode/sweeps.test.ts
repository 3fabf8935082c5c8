// Sweeps in a real VS Code: built in the side panel, watched as a map that fills, paused, and gone on with after the window
// was closed in the middle.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { SweepsView } from "./sweeps-view.ts";
import { until } from "./until.ts";
import { itWasQuiet, useWorkbench } from "./use-workbench.ts";
import { shown } from "./workbench.ts";

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

  it("offers sweeps that are ready, and one's own values again", async () => {
    await view().openForm("New Sweep…");
    const page = await view().page();
    const ready = page.getByLabel("Begin with");
    await ready.selectOption({ label: "Noise on the states, by depth" });
    await until("its runs are counted", async () => /^288 runs/.test(await view().size()));
    assert.match(await page.locator("#sweep-noise").inputValue(), /^0\.01, 0\.03, /);
    await the.workbench.screenshot("sweeps-ready");
    await ready.selectOption({ label: "Your own values" });
    await until("nothing is left of it", async () => (await page.locator("#sweep-noise").count()) === 0);
    await page.getByRole("button", { name: "Cancel" }).click();
  });

  it("builds a sweep, says how many runs it has and what is wrong with it", async () => {
    await view().openForm("New Sweep…");
    await view().write({ prompt: "The sky is blue.\nTwo and two is four.", blocks: "1-4, 9x", initSeed: "0–2" });
    await view().write({ iterations: "30" });
    const page = await view().page();
    await until("the mistake is said at its field", async () =>
      /9x/.test(await page.locator("#sweep-blocks-problem").innerText()),
    );
    await view().write({ blocks: "1-4" });
    await until("the number of runs is said", async () => /^24 runs/.test(await view().size()));
    await the.workbench.screenshot("sweeps-form");
  });

  it("carries it out, with a map of any two axes and any figure, and opens a run from its place", async () => {
    await view().start("Depth and seed");
    await view().waitForState("Done");
    const isRight = (places: readonly string[]) =>
      places.length === 8 && /^prompt The sky is blue\., blocks 1: Exact \d+ %; 3 of 3 runs$/.test(places[0]);
    await until("the map is full", async () => isRight(await view().places()));
    const page = await view().page();
    await page.getByLabel("Down").selectOption("initSeed");
    await page.getByLabel("Figure").selectOption("outputDistance");
    const last = /^initSeed 2, blocks 4: Output distance [\d.]+; 2 of 2 runs$/;
    await until("the map has the other axis and figure", async () => last.test((await view().places())[11] ?? ""));
    await (await view().place(2, 3)).click();
    await page.locator(".runs .run", { hasText: "Two and two" }).click();
    await the.panel.waitForState("Done");
    assert.match(await the.panel.condition(), /seed 2/);
    await the.workbench.screenshot("sweeps-map");
  });

  it("is walked through by keyboard", async () => {
    const page = await view().page();
    await (await view().place(0, 0)).focus();
    await the.workbench.page.keyboard.press("ArrowRight");
    await the.workbench.page.keyboard.press("ArrowDown");
    const focused = page.locator("button:focus");
    await until("the place in the middle has the focus", async () =>
      /^initSeed 1, blocks 2:/.test((await focused.getAttribute("aria-label")) ?? ""),
    );
    await the.workbench.page.keyboard.press("Enter");
    await shown(page.locator(".runs h3", { hasText: "initSeed 1, blocks 2" }), "its runs");
    assert.equal(await page.locator(".runs .run").count(), 2);
  });

  it("pauses after the run at hand; closed in the middle, it goes on by itself, repeats nothing and loses nothing", async () => {
    await view().openForm("Duplicate…");
    await view().write({ prompt: "The sky is blue." });
    await until("the number of runs is said", async () => /^12 runs/.test(await view().size()));
    // While the engine stands still no run ends, so nothing here depends on how long one takes.
    the.workbench.holdEngine();
    await view().start("Closed");
    await view().waitForState("Running");
    const file = (await view().shownSweep())!;
    await view().press("Pause");
    await view().waitForState("Pausing");
    the.workbench.releaseEngine();
    assert.match(await view().waitForState("Paused"), /1 of 12 runs/);
    the.workbench.holdEngine();
    await view().press("Resume");
    await view().waitForState("Running");
    const sweep = file.replace(/\.json$/, "");
    const before = await finishedRuns(sweep);
    assert.equal(before.size, 1);

    await the.workbench.remembers(`${file}","wanted":"running"`);
    await the.workbench.reload();
    the.workbench.releaseEngine();
    await view().open();
    assert.match(await view().waitForState("Done"), /12 of 12 runs/);
    const after = await finishedRuns(sweep);
    assert.equal(after.size, 12);
    for (const [run, at] of before) assert.equal(after.get(run), at, `${run} was carried out again`);
  });

  itWasQuiet(the);
});
