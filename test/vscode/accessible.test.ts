// Every view of the panel as people see it who use a keyboard, a screen reader, a theme of high contrast, twice the size,
// or a narrow window.

import assert from "node:assert/strict";
import type { Frame } from "playwright-core";
import { endlessFile, ENDLESS_SETTINGS } from "./endless.ts";
import { accessibilityProblems, cutOff, motions } from "./page-checks.ts";
import { SweepsView } from "./sweeps-view.ts";
import { repeatUntil, until } from "./until.ts";
import { itWasQuiet, useWorkbench } from "./use-workbench.ts";
import { type PagePart, shown, THEMES, type Theme } from "./workbench.ts";

const json = (content: unknown): string => JSON.stringify(content);
const MINI = { prompt: "The sky is blue.", checkpoint: "random:mini", iterations: 20 };

/** A window of so many CSS pixels is what a person with twice the size sees of one with twice as many. */
const SIZES = { "at 1400 pixels": [1400, 900], "at twice the size": [700, 450], "at 600 pixels": [600, 900] } as const;

describe("every view", () => {
  const the = useWorkbench({
    settings: { "inversionLab.checkpoint": "random:mini" },
    files: {
      "plain.inversion.json": json({ ...MINI, prompt: "Plain: the sky is blue." }),
      "walk.inversion.json": json({ ...MINI, prompt: "Walk: the sky is blue.", method: "orthogonalWalk", restarts: 2 }),
      "compared.inversion.json": json({ ...MINI, prompt: "Compared: the sky is blue.", blocks: 2 }),
      "fails.inversion.json": json({ ...MINI, prompt: "Fails: the sky is blue.", checkpoint: "/nowhere/at/all" }),
      "long.inversion.json": endlessFile("Interrupted: the sky is blue."),
      "small.sweep.json": json({ base: MINI, axes: { blocks: [1, 2], initSeed: [0, 1, 2] } }),
    },
  });
  const run = async (name: string, state: string) => {
    await the.panel.newRun(() => the.workbench.runFile(`${name}.json`));
    await the.panel.waitForState(state);
  };
  const show = async (prompt: string): Promise<Frame> => {
    const frame = await the.panel.page();
    const isShown = async () => {
      const text = await frame.locator(".prompt").textContent();
      return text?.replaceAll("·", " ").startsWith(prompt) ?? false;
    };
    if (!(await isShown())) await the.panel.showRun(prompt);
    await until(`it shows ${prompt}`, isShown);
    return frame;
  };
  /** The views that there are once there are runs, and how one comes to each. */
  const VIEWS: Readonly<Record<string, () => Promise<Frame>>> = {
    plain: () => show("Plain"),
    walk: () => show("Walk"),
    failed: () => show("Fails"),
    interrupted: () => show("Interrupted"),
    comparison: () => show("Compared"),
    sweeps: () => new SweepsView(the.workbench).page(),
  };
  const inEachView = async (
    check: (page: Frame) => Promise<string[]>,
    then?: (view: string) => Promise<void>,
  ): Promise<string[]> => {
    const found: string[] = [];
    for (const [name, open] of Object.entries(VIEWS)) {
      found.push(...(await check(await open())).map((problem) => `${name}: ${problem}`));
      await then?.(name);
    }
    return found;
  };
  const resize = (size: readonly [number, number]) => the.workbench.resize(...size);

  it("is good for a screen reader in each theme: the form, and a panel without a run", async () => {
    await the.workbench.runCommand("Inversion Lab: New Experiment…");
    const page = await the.panel.page();
    await the.panel.checkedForm();
    const placeholder = page.getByRole("heading", { name: "No run yet" });
    for (const theme of Object.keys(THEMES) as Theme[]) {
      await the.workbench.switchTheme(theme);
      assert.deepEqual(await accessibilityProblems(page), [], `the form in ${theme}`);
      await page.getByText("Cancel").click();
      await shown(placeholder, "the empty panel");
      assert.deepEqual(await accessibilityProblems(page), [], `the empty panel in ${theme}`);
      await the.workbench.screenshot(`empty-${theme}`);
      await the.workbench.runCommand("Inversion Lab: New Experiment…");
      await the.panel.checkedForm();
      await the.workbench.screenshot(`form-${theme}`);
    }
    for (const [name, size] of Object.entries(SIZES)) {
      await resize(size);
      assert.deepEqual(await cutOff(page), [], `the form ${name}`);
    }
    await resize(SIZES["at 1400 pixels"]);
    await page.getByText("Cancel").click();
  });

  it("is reached: runs that are done, failed and interrupted, a walk, a comparison, a sweep", async () => {
    await run("long.inversion", "Running");
    await the.workbench.remembers("mainThreadWebview-inversionLab.run"); // the panel
    await the.workbench.remembers("-interrupted-the-sky"); // the record that it shows
    await the.workbench.reload();
    await the.panel.waitForState("Interrupted");
    await run("fails.inversion", "Failed");
    await run("plain.inversion", "Done");
    await run("walk.inversion", "Done");
    await run("compared.inversion", "Done");
    await the.panel.press("Compare…");
    const page = await the.panel.page();
    for (const name of ["Plain", "Walk"])
      await page.locator("#run-choice li", { hasText: name }).locator("input").check();
    await shown(page.getByRole("region", { name: "Comparison" }), "the comparison");
    const sweeps = new SweepsView(the.workbench);
    await the.workbench.runFile("small.sweep.json");
    await sweeps.waitForState("Done");
    await the.workbench.runCommand("Notifications: Clear All Notifications"); // they lie over the panel
  });

  for (const theme of Object.keys(THEMES) as Theme[]) {
    it(`is good for a screen reader in the ${theme} theme`, async () => {
      await the.workbench.switchTheme(theme);
      assert.deepEqual(
        await inEachView(accessibilityProblems, (view) => the.workbench.screenshot(`${view}-${theme}`)),
        [],
      );
    });
  }

  for (const [name, size] of Object.entries(SIZES)) {
    it(`cuts nothing off ${name}`, async () => {
      await resize(size);
      assert.deepEqual(await inEachView(cutOff), []);
    });
  }

  it("stands still for those who ask for less motion", async () => {
    await the.workbench.page.emulateMedia({ reducedMotion: "reduce" });
    await run("long.inversion", "Running");
    const page = await the.panel.page();
    assert.deepEqual(await motions(page), []);
    await shown(page.locator(".state .sign"), "a sign in the place of the ring");
    await the.panel.press("Stop");
    await the.panel.waitForState("Stopped");
    assert.deepEqual(await inEachView(motions), []);
    await the.workbench.page.emulateMedia({ reducedMotion: "no-preference" });
  });

  itWasQuiet(the);
});

describe("by keyboard alone", () => {
  const the = useWorkbench({ settings: ENDLESS_SETTINGS });
  const press = async (keys: string) => {
    for (const key of keys.split(" ")) await the.workbench.page.keyboard.press(key);
  };
  /** What has the focus in the panel: its label or its text. */
  const focused = async (): Promise<string> =>
    String(
      await (
        await the.panel.page()
      ).evaluate("document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''"),
    );
  const hasFocus = async () => (await the.panel.page()).evaluate<boolean>("document.hasFocus()");
  const focusPanel = () =>
    repeatUntil(
      "the panel has the focus",
      async () => {
        if (!(await hasFocus())) await press("Control+k Shift+L");
      },
      hasFocus,
    );
  const tabTo = (label: string, key = "Tab") =>
    until(`${key} comes to "${label}"`, async () => {
      if ((await focused()) === label) return true;
      const page = await the.panel.page();
      await page.evaluate("window.focusBefore = document.activeElement");
      await press(key);
      // It is lost where VS Code is just giving the focus to the page.
      const moves = () => page.evaluate<boolean>("document.activeElement !== window.focusBefore");
      await until(`${key} moves the focus`, moves, 5_000).catch(() => undefined);
      return (await focused()) === label;
    });

  it("a text is selected, inverted, paused and stopped", async () => {
    await the.workbench.selectLine(1);
    await the.panel.newRun(() => press("Control+k Shift+I"));
    await the.panel.waitForState("Running");
    await the.panel.waitForRows(2);
    await focusPanel();
    await tabTo("Pause");
    await press("Enter");
    await the.panel.waitForState("Paused");
    await until("the focus is on what can be done next", async () => (await focused()) === "Resume");
    await press("Enter");
    await the.panel.waitForState("Running");
    await tabTo("Stop");
    await press("Enter");
    await the.panel.waitForState("Stopped");
    await until("the focus is on Run Again", async () => (await focused()) === "Run Again");
  });

  it("iterations are walked through, and a run is duplicated with changes", async () => {
    const page = await the.panel.page();
    await focusPanel();
    await tabTo("Shown iterations");
    await press("Home ArrowDown");
    await shown(page.getByRole("heading", { name: /Top-5 tokens at iteration 25,000/ }), "the second iteration");
    await tabTo("Duplicate…", "Shift+Tab");
    await press("Enter");
    const iterations = (await the.panel.checkedForm()).locator("#field-iterations");
    const isSelected = ({ value, selectionStart, selectionEnd }: PagePart) =>
      selectionStart === 0 && selectionEnd === value!.length;
    await repeatUntil(
      "40 is written",
      async () => {
        await iterations.focus();
        await press("Control+a"); // VS Code hands it on to the page, and not at once
        await until("the field’s text is selected", () => iterations.evaluate(isSelected));
        await the.workbench.page.keyboard.type("40");
      },
      async () => (await iterations.inputValue()) === "40",
    );
    await the.panel.checkedForm();
    await the.panel.newRun(() => press("Control+Enter"));
    await the.panel.waitForState("Done");
    assert.match(await (await the.panel.page()).locator(".state").innerText(), /40 iterations/);
  });

  it("it is compared with the run before, and the comparison is exported", async () => {
    const page = await the.panel.page();
    await focusPanel();
    await tabTo("Compare…");
    await press("Enter");
    // The first run of the list has the focus.
    await until("the focus is in the list of runs", async () =>
      page.evaluate<boolean>("document.activeElement?.type === 'checkbox'"),
    );
    await press("Space");
    await shown(page.locator(".comparison table"), "the comparison");
    await tabTo("Export…");
    await press("Enter");
    await shown(the.workbench.page.locator(".quick-input-widget .monaco-list-row").first(), "the kinds of files");
    await press("Escape");
  });

  itWasQuiet(the);
});
