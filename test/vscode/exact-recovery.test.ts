// Exact recovery as people do it: of a selection, and of what a search did not find.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { textStates } from "../../src/engine/text-states.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { MODELS, TEST_CACHE } from "../support/folders.ts";
import { until } from "./until.ts";
import { itWasQuiet, useWorkbench } from "./use-workbench.ts";
import { shown } from "./workbench.ts";

/** The first making of the fit, on two busy cores. */
const FIT_MS = 120_000;

/** Noise that leaves some tokens most likely and others unknown. */
const NOISY = {
  method: "exact",
  prompt: "She sells sea shells zxq!! by the shore",
  checkpoint: "mini",
  blocks: 4,
  noise: 0.34,
};

/** States of a text behind blocks of mini, as numpy saves them. */
async function statesOf(prompt: string, blocks: number): Promise<Buffer> {
  const spec = parseSpec({ prompt, checkpoint: "mini", blocks });
  const { layers, tokenIds } = await textStates(spec, [blocks], { cacheFolder: TEST_CACHE, modelsFolder: MODELS });
  const values = Float32Array.from(layers[0].values);
  const about = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tokenIds.length}, ${values.length / tokenIds.length}), }`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${about.padEnd(117)}\n`, "latin1");
  head.writeUInt16LE(118, 8);
  return Buffer.concat([head, Buffer.from(values.buffer)]);
}

describe("Recover Selection Exactly", () => {
  const the = useWorkbench({
    settings: {
      "inversionLab.checkpoint": "mini",
      "inversionLab.blocks": 4,
      "inversionLab.iterations": 3,
      "inversionLab.restarts": 2,
    },
    width: 1440,
    height: 900,
    files: { "noisy.inversion.json": JSON.stringify(NOISY) },
  });

  it("proves every token of the selection", async function () {
    this.timeout(2 * FIT_MS);
    await the.workbench.selectLine(1);
    await the.panel.newRun(() => the.workbench.pickFromContextMenu("Recover Selection Exactly"));
    await the.panel.waitForState("Done", FIT_MS);
    assert.equal(await the.panel.verdict(), "✓ Exact: all 5 tokens, each proved");
    const page = await the.panel.page();
    const recovered = page.getByRole("group", { name: "Recovered text" });
    assert.equal(await recovered.locator(".chip.proved").count(), 5);
    assert.equal(await recovered.getByRole("img", { name: "proved" }).count(), 5);
    assert.match(await page.locator(".facts").innerText(), /Token forwards[^]*Fit’s hit rate/);
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
    await the.workbench.screenshot("exact-dark");
  });

  it("shows what each depth determines, one click away", async function () {
    this.timeout(2 * FIT_MS);
    await the.panel.newRun(() => the.panel.press("At Every Depth"));
    await the.panel.waitForState("Done", FIT_MS);
    const page = await the.panel.page();
    const map = page.getByRole("grid", { name: "Tokens recovered by depth and position" });
    await shown(map, "the map");
    assert.equal(await map.getByRole("button").count(), 4 * 5);
    assert.equal(await map.getByRole("button", { name: /: proved/ }).count(), 4 * 5);
    await map.getByRole("button", { name: "1 block, position 1: proved at the first guess" }).press("ArrowRight");
    assert.match((await map.locator("button:focus").getAttribute("aria-label")) ?? "", /^1 block, position 2: proved/);
    assert.equal(await page.getByRole("button", { name: "At Every Depth" }).count(), 0);
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
    await the.workbench.screenshot("exact-depths-dark");
  });

  it("shows what a search that failed was looking for, beside it", async () => {
    await the.workbench.selectLine(1);
    await the.panel.newRun(() => the.workbench.pickFromContextMenu("Invert Selection"));
    await the.panel.waitForState("Done");
    assert.match(await the.panel.verdict(), /^\d of 5 tokens recovered$/);
    await the.panel.newRun(() => the.panel.press("Recover Exactly"));
    await the.panel.waitForState("Done", FIT_MS);
    const page = await the.panel.page();
    await shown(page.getByRole("region", { name: "Comparison" }), "the comparison");
    await until("the search is told of", async () =>
      /the search of run \d found \d of 5/.test(await page.locator(".verdict p").innerText()),
    );
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
    await the.workbench.screenshot("exact-compared-dark");
    await the.workbench.switchTheme("high-contrast");
    await the.workbench.screenshot("exact-compared-high-contrast");
  });

  it("recovers the text behind a file of states, and asks what the file does not say", async function () {
    this.timeout(2 * FIT_MS);
    await writeFile(path.join(the.workbench.workspace, "states.npy"), await statesOf("Water boils at noon.", 2));
    const { page } = the.workbench;
    const row = page.locator(".explorer-folders-view .monaco-list-row", { hasText: "states.npy" });
    await shown(row, "the file in the Explorer");
    const rightClick = () => row.click({ button: "right" });
    await the.panel.newRun(async () => {
      await the.workbench.pickFromMenu(rightClick, "Recover Text from States…");
      await the.workbench.pickFromQuickInput("mini");
      await the.workbench.pickFromQuickInput("2 blocks");
      await the.workbench.pickFromQuickInput("After the last block");
    });
    await the.panel.waitForState("Done", FIT_MS);
    assert.match(await the.panel.verdict(), /^✓ All 5 tokens proved$/);
    const panel = await the.panel.page();
    assert.match(await panel.getByRole("group", { name: "Recovered text" }).innerText(), /Water[^]*boils[^]*noon/);
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
    await the.workbench.screenshot("exact-states-dark");
  });

  it("tells what is most likely from what is unknown, and shows what was tried where", async () => {
    await the.panel.newRun(() => the.workbench.runFile("noisy.inversion.json"));
    await the.panel.waitForState("Done", FIT_MS);
    assert.match(await the.panel.verdict(), /\d+ most likely, \d+ unknown$/);
    const page = await the.panel.page();
    const recovered = page.getByRole("group", { name: "Recovered text" });
    for (const word of ["most likely", "unknown"]) {
      assert.ok((await recovered.getByRole("img", { name: word }).count()) > 0, word);
    }
    const work = page.getByRole("region", { name: "Position at work" });
    assert.match(await work.innerText(), /^Position \d+ of 11: \d+ tokens tried, the nearest[^]*farther/);
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
    await the.workbench.screenshot("exact-noisy-high-contrast");
    await the.workbench.switchTheme("dark");
    await the.workbench.screenshot("exact-noisy-dark");
  });

  itWasQuiet(the);
});
