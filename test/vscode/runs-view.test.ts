// The view *Runs*, and what the editor knows of runs, in a real VS Code: each thing that people do there, done.

import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { endlessFile } from "./endless.ts";
import { RunsView } from "./runs-view.ts";
import { repeatUntil, until } from "./until.ts";
import { itWasQuiet, useWorkbench } from "./use-workbench.ts";
import { shown, THEMES, type Theme } from "./workbench.ts";

const MINI = { "inversionLab.checkpoint": "random:mini", "inversionLab.iterations": 40 };
const SKY = "The sky is blue.";
const WATER = "Water boils at one hundred degrees.";

/** A cache of its own: other suites see nothing of these runs. */
function useCache(): { folder: string } {
  const cache = { folder: "" };
  before(async () => (cache.folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-runs-"))));
  after(() => rm(cache.folder, { recursive: true, force: true }));
  return cache;
}

describe("the view Runs", () => {
  const cache = useCache();
  const the = useWorkbench(async () => ({ settings: MINI, env: { INVERSION_LAB_CACHE: cache.folder } }));
  const runs = () => new RunsView(the.workbench);
  const records = () => readdir(path.join(cache.folder, "runs"));

  const invert = async (line: number) => {
    await the.workbench.selectLine(line);
    await the.panel.newRun(() => the.workbench.pickFromContextMenu("Invert Selection"));
    await the.panel.waitForState("Done");
  };
  /** The view may be behind the panel. */
  const has = (count: number) =>
    until(`the view has ${count} runs, all of them done`, async () => {
      const told = await runs().spoken();
      return told.length === count && told.every((row) => row.includes(", done, "));
    });
  /** One run of each prompt at least: a first try may have deleted them. */
  const haveBoth = async () => {
    await runs().open();
    for (const [at, prompt] of [SKY, WATER].entries())
      if ((await runs().row(prompt).count()) === 0) await invert(at + 1);
  };
  const count = async () => (await records()).length;

  it("says what to do while there is no run", async () => {
    await runs().open();
    await shown(runs().pane.locator(".welcome-view .monaco-button", { hasText: "New Experiment…" }), "a way to begin");
    await the.workbench.screenshot("runs-empty");
  });

  it("shows each run: prompt, how exact, how close, and its condition, also to a screen reader", async () => {
    const before = (await runs().spoken()).length;
    await invert(1);
    await invert(2);
    await has(before + 2);
    const [newest, oldest] = await runs().spoken();
    assert.match(newest, /^Water boils at one hundred degrees\., done, /);
    assert.match(oldest, /^The sky is blue\., done, exact, output distance [\d.e-]+, 1 block, random:mini, Adam 0\.01/);
    assert.match(await runs().row(SKY).innerText(), /The sky is blue\.\s*✓ exact · [\d.e-]+ · 1 block · random:mini/);
  });

  it("tells all of a run when the pointer rests on it", async () => {
    const tooltip = the.workbench.page.locator(".workbench-hover", { hasText: "Exact: all 5 tokens" });
    await repeatUntil(
      "the tooltip is there",
      async (timeout) => {
        await the.workbench.page.mouse.move(700, 700);
        await runs().row(SKY).hover({ timeout });
      },
      () => tooltip.isVisible(),
    );
    const text = await tooltip.innerText();
    for (const part of [/output distance/, /seed 0 · init seed 0 · cpu, float32 · noise threshold/, /\/runs\/2/]) {
      assert.match(text, part);
    }
    await the.workbench.screenshot("runs-tooltip", { hovering: true });
    await repeatUntil(
      "the tooltip is gone",
      () => the.workbench.page.mouse.move(700, 700),
      async () => !(await tooltip.isVisible()),
    );
  });

  it("opens the run that is clicked, also after the panel was closed", async () => {
    await the.panel.close();
    await runs().open();
    await runs().row(SKY).click();
    await until("the panel shows it", async () => (await the.panel.promptTokens()).length === 5);
    assert.equal(await the.panel.verdict(), "✓ Exact: all 5 tokens");
  });

  it("compares the selected runs", async () => {
    await runs().selectBoth(SKY, WATER);
    await runs().pickFromMenu(runs().row(WATER), "Compare Selected");
    const comparison = (await the.panel.page()).getByRole("region", { name: "Comparison" });
    await shown(comparison, "the comparison");
    assert.match(await comparison.locator(".differences").innerText(), /prompt/);
    await the.panel.press("End Comparison");
    await until("the comparison is gone", async () => !(await comparison.isVisible()));
  });

  for (const theme of Object.keys(THEMES) as Theme[]) {
    it(`is drawn in the ${theme} theme`, async () => {
      await the.workbench.switchTheme(theme);
      await runs().open();
      await the.workbench.screenshot(`runs-${theme}`);
    });
  }

  it("copies a run as the command line that repeats it", async () => {
    await the.workbench.switchTheme("dark");
    await the.workbench.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await runs().row(SKY).click();
    await runs().pickFromMenu(runs().row(SKY), "Copy as Command Line");
    const read = () => the.workbench.page.evaluate<string>("navigator.clipboard.readText()");
    await until("the command line is in the clipboard", async () => (await read()).startsWith("inversion-lab "));
    assert.equal(
      await read(),
      "inversion-lab invert 'The sky is blue.' --checkpoint random:mini --iterations 40 --stop-when-exact 20",
    );
  });

  it("runs one again, and fills in the form with another", async () => {
    const before = await count();
    await the.panel.newRun(() => runs().pickFromMenu(runs().row(SKY), "Run Again"));
    await has(before + 1);
    await runs().row(WATER).click();
    await runs().pickFromMenu(runs().row(WATER), "Duplicate with Changes…");
    const prompt = (await the.panel.checkedForm()).locator("textarea").first();
    assert.equal(await prompt.inputValue(), WATER);
    await the.panel.press("Cancel");
  });

  it("deletes the selected runs with the key, and brings them back", async () => {
    await haveBoth();
    const before = await count();
    await runs().open();
    await runs().selectBoth(WATER, SKY);
    await the.workbench.page.keyboard.press("Delete");
    await has(before - 2);
    assert.equal(await count(), before - 2);
    await the.workbench.waitForMessage(/2 runs were deleted/);
    await the.workbench.screenshot("runs-deleted");
    await the.workbench.pressInMessage("Undo");
    await has(before);
    assert.equal(await count(), before);
  });

  it("brings back what was deleted, also when the message has gone", async () => {
    await haveBoth();
    const before = await count();
    await runs().row(WATER).click();
    await runs().pickFromMenu(runs().row(WATER), "Delete");
    await has(before - 1);
    await the.workbench.runCommand("Notifications: Clear All Notifications");
    await the.workbench.runCommand("Inversion Lab: Restore Deleted Runs…");
    await the.workbench.pickFromQuickInput(WATER);
    await has(before);
  });

  it("follows records that come and go on the disk", async () => {
    const before = await count();
    const [first] = await records();
    const copy = path.join(cache.folder, "runs", `${first}-copy`);
    await cp(path.join(cache.folder, "runs", first), copy, { recursive: true });
    await has(before + 1);
    await rm(copy, { recursive: true });
    await has(before);
  });

  itWasQuiet(the);
});

describe("a run that goes on, in the view Runs", () => {
  const cache = useCache();
  const the = useWorkbench(async () => ({
    settings: MINI,
    env: { INVERSION_LAB_CACHE: cache.folder },
    files: { "sky.inversion.json": endlessFile(SKY), "water.inversion.json": endlessFile(WATER) },
  }));

  it("is counted at the icon, followed, kept from being deleted, and stopped", async () => {
    const runs = new RunsView(the.workbench);
    await runs.open();
    for (const [name, state] of [
      ["sky", "Running"],
      ["water", "Queued"],
    ] as const) {
      await the.panel.newRun(() => the.workbench.runFile(`${name}.inversion.json`));
      await the.panel.waitForState(state);
    }
    await until("two are counted", async () => (await runs.badge()) === "2");
    const progress = /, running, iteration [1-9]\d* of 1000000, output distance /;
    await until("it is followed, and the one that waits stands above it", async () => {
      const [first, second] = await runs.spoken();
      return /^Water boils.*, queued, /.test(first ?? "") && progress.test(second ?? "");
    });
    await the.workbench.screenshot("runs-going");
    await runs.select(SKY);
    await the.workbench.page.keyboard.press("Delete");
    await the.workbench.waitForMessage(/“The sky is blue\.” is not over: stop it, then delete it/);
    for (const prompt of [WATER, SKY]) {
      await runs.row(prompt).hover();
      await runs.row(prompt).getByRole("button", { name: "Stop" }).click();
    }
    await until("nothing is counted", async () => (await runs.badge()) === "");
    await until("both are stopped", async () => (await runs.spoken()).every((row) => row.includes(", stopped")));
  });

  itWasQuiet(the);
});

describe("the editor", () => {
  const cache = useCache();
  const the = useWorkbench(async () => ({
    settings: { ...MINI, "inversionLab.iterations": 8 },
    env: { INVERSION_LAB_CACHE: cache.folder },
    lines: [SKY, WATER, "Nothing was done with this."],
  }));
  const lines = async () => {
    const all = await the.workbench.page.locator('.monaco-editor[data-uri$="prompts.txt"] .view-line').all();
    const placed = await Promise.all(
      all.map(async (line) => [(await line.boundingBox())?.y ?? 0, await line.innerText()] as const),
    );
    return placed.toSorted(([a], [b]) => a - b).map(([, text]) => text.replaceAll("\u00a0", " "));
  };
  const insert = async (form: string) => {
    await the.workbench.runCommand("Inversion Lab: Insert Result…");
    await the.workbench.pickFromQuickInput(form);
  };
  /** In the editor, whatever has the focus: a page that had it before a list may take it back after the text is there. */
  const undo = async () => {
    await the.workbench.placeCursor(1);
    await the.workbench.page.keyboard.press("Control+z");
  };

  it("offers no runs of a text that has none", async () => {
    await the.workbench.selectLine(1);
    let items: string[] = [];
    await until("the extension is in the menu", async () => {
      items = await the.workbench.contextMenu();
      return items.includes("Invert Selection");
    });
    assert.ok(!items.includes("Recent Runs of Selection…"));
    assert.ok(!items.includes("Insert Result…"));
  });

  it("takes the decoded iterations at the cursor, in one step back", async () => {
    await the.workbench.selectLine(1);
    await the.panel.newRun(() => the.workbench.pickFromContextMenu("Invert Selection"));
    await the.panel.waitForState("Done");
    await the.workbench.placeCursor(3);
    await the.workbench.page.keyboard.press("End");
    await insert("Every shown iteration");
    await until("the lines are there", async () => {
      const all = await lines();
      return /^0: /.test(all[3]) && all.includes(`8: ${SKY}`);
    });
    await the.workbench.screenshot("insert-result");
    await undo();
    await until("they are gone again", async () => (await lines()).length === 3);
  });

  it("takes them from the panel too, where the cursor was", async () => {
    const page = await the.panel.page();
    await page.getByRole("listbox", { name: "Shown iterations" }).press("Home");
    await page.getByRole("listbox", { name: "Shown iterations" }).focus(); // the buttons are those of what has the focus
    await the.workbench.page.getByRole("button", { name: "Insert Result…" }).click();
    await the.workbench.pickFromQuickInput("The iterations that change the text");
    await until("the equation is there", async () => (await lines()).some((line) => line.includes("\\mathtt{")));
    await undo();
    await until("it is gone again", async () => (await lines()).length === 3);
  });

  it("tells the newest result of a text that was inverted, and opens its run", async () => {
    const editor = the.workbench.page.locator('.monaco-editor[data-uri$="prompts.txt"]');
    const word = editor.locator(".view-line", { hasText: SKY }).first();
    const hover = the.workbench.page.locator(".monaco-editor .monaco-hover", { hasText: "Exact: all 5 tokens" });
    await repeatUntil(
      "the hover is there",
      async (timeout) => {
        await the.workbench.page.mouse.move(0, 0);
        await word.hover({ position: { x: 30, y: 9 }, timeout });
      },
      () => hover.isVisible(),
    );
    assert.match(await hover.innerText(), /random:mini, init seed 0 · 1 block · output block/);
    await the.workbench.screenshot("hover", { hovering: true });
    await hover.getByRole("link", { name: "Open Run" }).click();
    await the.panel.waitForState("Done");
  });

  it("lists the runs of the selected text, and opens one", async () => {
    await the.workbench.selectLine(1);
    await until("they are in the menu", async () =>
      (await the.workbench.contextMenu()).includes("Recent Runs of Selection…"),
    );
    await the.workbench.pickFromContextMenu("Recent Runs of Selection…");
    await shown(the.workbench.page.getByPlaceholder("Which run?"), "the list of runs");
    await the.workbench.screenshot("recent-runs");
    await the.workbench.pickFromQuickInput(SKY);
    await the.panel.waitForState("Done");
    await the.workbench.selectLine(2);
    await until(
      "another text has none",
      async () => !(await the.workbench.contextMenu()).includes("Recent Runs of Selection…"),
    );
  });

  itWasQuiet(the);
});
