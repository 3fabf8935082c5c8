// What people do with the extension, done in a real VS Code: select a text, right-click, watch it come back.

import assert from "node:assert/strict";
import { endlessFile } from "./endless.ts";
import { readPicture, readWhole } from "./pictures.ts";
import { repeatUntil, until } from "./until.ts";
import { itWasQuiet, useWorkbench } from "./use-workbench.ts";
import { type PagePart, shown, THEMES, type Theme } from "./workbench.ts";

/** A network that takes well under a millisecond an iteration. */
const MINI = { "inversionLab.checkpoint": "random:mini" };

describe("Show Devices", () => {
  const the = useWorkbench({});

  it("lists what works and why another does not, and makes the picked one the setting", async () => {
    const list = the.workbench.page.locator(".quick-input-list");
    const device = (name: string) => list.getByRole("option", { name: new RegExp(`^${name}`) });
    const show = async () => {
      await the.workbench.runCommand("Inversion Lab: Show Devices");
      await shown(device("cpu"), "the processor in the list of devices");
    };
    const pick = async (name: string, is: RegExp) => {
      await repeatUntil(
        `the list took ${name}`,
        (timeout) => device(name).click({ timeout }),
        async () => !(await list.isVisible()),
      );
      await repeatUntil(`the list says ${is}`, show, async () => is.test(await device(name).innerText()));
    };
    await show();
    assert.match(await device("cpu").innerText(), /Processor · works/);
    assert.match(await device("webgpu").innerText(), /WebGPU · /);
    await the.workbench.screenshot("devices");
    await pick("cpu", /works · your setting/);
    await pick("auto", /means \w+ here · your setting/);
    await the.workbench.page.keyboard.press("Escape");
  });

  itWasQuiet(the);
});

describe("Invert Selection with GPT-2's full size", () => {
  const the = useWorkbench({});

  it("gives a selected sentence back from its hidden states", async () => {
    await the.workbench.selectLine(1);
    await the.panel.newRun(() => the.workbench.pickFromContextMenu("Invert Selection"));
    await the.panel.waitForState("Done");
    assert.equal((await the.panel.promptTokens()).length, 5);
    assert.equal(await the.panel.verdict(), "✓ Exact: all 5 tokens");
    const newest = await the.panel.newestRow();
    assert.equal(await newest.locator(".chip.matches").count(), 5);
    assert.equal(await newest.getByRole("img", { name: "matches the prompt" }).count(), 5);
  });

  it("gives it back from a second run on the engine at hand", async () => {
    const engines = the.workbench.processes("engine.cjs");
    await the.panel.newRun(() => the.panel.press("Run Again"));
    await the.panel.waitForState("Done");
    assert.equal(await the.panel.verdict(), "✓ Exact: all 5 tokens");
    assert.deepEqual(the.workbench.processes("engine.cjs"), engines);
  });

  it("shows the top-k tokens of the iteration that the keyboard picks", async () => {
    await the.workbench.runCommand("View: Toggle Primary Side Bar Visibility");
    const page = await the.panel.page();
    const iterations = page.getByRole("listbox", { name: "Shown iterations" });
    await iterations.press("Home");
    for (const iteration of [0, 5, 10, 15]) {
      const title = `Top-5 tokens at iteration ${iteration}`;
      await shown(page.getByRole("heading", { name: title, exact: true }), `"${title}"`);
      if (iteration < 15) await iterations.press("ArrowDown");
    }
  });

  for (const theme of Object.keys(THEMES) as Theme[]) {
    it(`is drawn in the ${theme} theme`, async () => {
      await the.workbench.switchTheme(theme);
      assert.equal(await the.panel.verdict(), "✓ Exact: all 5 tokens");
      await the.workbench.screenshot(`panel-${theme}`);
    });
  }

  it("comes back with its run when the window is opened again", async () => {
    await the.workbench.remembers("mainThreadWebview-inversionLab.run"); // the panel
    await the.workbench.remembers("shownRecord");
    await the.workbench.reload();
    await the.panel.waitForState("Done");
    assert.equal(await the.panel.verdict(), "✓ Exact: all 5 tokens");
  });

  itWasQuiet(the);
});

describe("Invert Selection… of the palette", () => {
  const the = useWorkbench({ settings: MINI, lines: ["The sky is blue.", "   "] });

  it("asks how, and inverts the selection so", async () => {
    await the.workbench.selectLine(1);
    const answers = {
      "Which model?": "random:mini",
      "How many blocks, from the input on?": "2 blocks",
      "How is the search set?": "Your settings",
      "Which output is the target?": "After the last block",
    };
    await the.panel.newRun(async () => {
      await the.workbench.runCommand("Inversion Lab: Invert Selection…");
      for (const [question, answer] of Object.entries(answers)) {
        await shown(the.workbench.page.getByPlaceholder(question), question);
        await the.workbench.pickFromQuickInput(answer);
      }
    });
    await the.panel.waitForState("Done");
    const condition = await (await the.panel.page()).locator(".condition").innerText();
    assert.match(condition, /mini/i);
    assert.match(condition, /2 blocks/);
  });

  it("says what is wrong with a selection of white space", async () => {
    await the.workbench.selectLine(2);
    await the.workbench.pickFromContextMenu("Invert Selection");
    await the.workbench.waitForMessage(/nothing but white space/);
  });

  it("offers the current line when nothing is selected", async () => {
    await the.workbench.placeCursor(1);
    await the.workbench.runCommand("Inversion Lab: Invert Selection…");
    await the.workbench.pickFromQuickInput("The current line");
    await shown(the.workbench.page.getByPlaceholder("Which model?"), "the next question");
    await the.workbench.page.keyboard.press("Escape");
  });

  itWasQuiet(the);
});

describe("walks", () => {
  const the = useWorkbench({ settings: { ...MINI, "inversionLab.orthogonalWalk.iterations": 60 } });

  const runs = { orthogonal: "", clamped: "", changed: "" };
  const walk = async (name: keyof typeof runs, start: () => Promise<unknown>) => {
    await the.panel.newRun(start);
    runs[name] = (await the.panel.shownRun())!;
    await the.panel.waitForState("Done");
  };

  it("go from a selection, orthogonally, and mark the tokens that change", async () => {
    await the.workbench.selectLine(1);
    await walk("orthogonal", () => the.workbench.pickFromContextMenu("Walk from Selection (Orthogonal)"));
    assert.match(await the.panel.verdict(), /^r = [\d.e-]+: the input moved/);
    const page = await the.panel.page();
    assert.match(await page.locator(".condition").innerText(), /orthogonal walk/);
    await the.panel.plots(
      (plots) =>
        /^Ratio r = d_i \/ d_o over iterations 0 to 60: r from/.test(plots[0] ?? "") &&
        plots.some((plot) => plot.startsWith("|gradient · v| over iterations 0 to 60")) &&
        plots.some((plot) => plot.includes("noise threshold at")),
    );
    await page.getByRole("slider", { name: "Iteration" }).press("Home");
    await shown(page.getByRole("heading", { name: "Top-5 tokens at iteration 0", exact: true }), "iteration 0");
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
    await the.workbench.screenshot("walk");
  });

  it("go from a selection, clamped", async () => {
    await the.workbench.selectLine(1);
    await walk("clamped", () => the.workbench.pickFromContextMenu("Walk from Selection (Clamped)"));
    assert.match(await the.panel.condition(), /clamped walk/);
  });

  it("are duplicated with changes, and what is wrong is said at the field", async () => {
    await the.panel.showRun(new RegExp(`^${runs.clamped} · `));
    await the.panel.press("Duplicate…");
    const page = await the.panel.page();
    const steps = (await the.panel.checkedForm()).getByLabel("Inner steps", { exact: true });
    assert.equal(await steps.inputValue(), "10");
    await steps.fill("0");
    await shown(page.locator("#field-innerSteps-problem", { hasText: "0" }), "what is wrong");
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
    await the.workbench.screenshot("form");
    await steps.fill("3");
    const form = await the.panel.checkedForm();
    assert.equal(await form.locator(".problem:not(:empty)").count(), 0);
    await walk("changed", () => form.locator("vscode-button", { hasText: "Run" }).click());
    assert.match(await the.panel.condition(), /3 gradient steps/);
  });

  it("are compared with another run, differing fields first", async () => {
    const page = await the.panel.page();
    const { orthogonal, clamped, changed } = runs;
    await the.panel.showRun(new RegExp(`^${changed} · `));
    const choice = page.getByRole("group", { name: "Compare with" });
    if (!(await choice.isVisible())) await the.panel.press("Compare…");
    const comparison = page.getByRole("region", { name: "Comparison" });
    await choice.getByRole("checkbox", { name: new RegExp(`^${orthogonal} · `) }).check();
    await shown(comparison, "the comparison");
    await shown(
      comparison
        .locator(".differences tr")
        .first()
        .getByText(/^method/),
      "the method, which differs",
    );
    await choice.getByRole("checkbox", { name: new RegExp(`^${clamped} · `) }).check();
    await shown(comparison.getByRole("heading", { name: "3 runs" }), "a comparison of three");
    const names = [changed, orthogonal, clamped].map((id) => `Run ${id}`);
    assert.deepEqual(await comparison.locator(".run-name").allInnerTexts(), names);
    await the.panel.plots((plots) =>
      [orthogonal, clamped, changed].every((id) => plots.filter((plot) => plot.includes(`run ${id} from`)).length >= 3),
    );
    await the.panel.press("Compare…");
    await until("the list is closed", async () => !(await choice.isVisible()));
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
    await the.workbench.screenshot("comparison");
    await page.getByRole("slider", { name: "Iteration" }).press("Home");
    const decoded = comparison.getByRole("region", { name: `Run ${clamped}, decoded` });
    await until("it is read at the slider’s iteration", async () =>
      /iteration 0 · 5 of 5 correct/.test(await decoded.innerText()),
    );
    const plot = page.locator(".chart .u-over").first();
    await repeatUntil(
      "it is read at the pointer’s iteration",
      async (timeout) => {
        const box = (await plot.boundingBox({ timeout }))!;
        await plot.hover({ position: { x: box.width - 2, y: box.height / 2 }, timeout });
      },
      async () => /iteration 50/.test(await decoded.innerText()),
    );
    await comparison.getByRole("button", { name: `Take run ${clamped} out of the comparison` }).click();
    await shown(comparison.getByRole("heading", { name: "2 runs" }), "a comparison of two");
    await comparison.getByRole("button", { name: `Run ${orthogonal}`, exact: true }).click();
    await until("it is shown", async () => (await the.panel.shownRun()) === orthogonal);
    assert.match(await the.panel.condition(), /orthogonal walk/);
  });

  it("are exported as a comparison", async () => {
    await (
      await the.panel.page()
    )
      .getByRole("region", { name: "Comparison" })
      .locator("vscode-button", { hasText: "Export…" })
      .click();
    await the.workbench.pickFromQuickInput("CSV");
    const file = await the.workbench.saveAs("three.csv");
    await the.workbench.waitForMessage(/Saved three\.csv\./);
    const [head, ...rows] = (await readWhole(file, (content) => content.length > 0)).toString().trim().split("\n");
    assert.match(head, /^spec\.method,/);
    assert.equal(new Set(rows.map((row) => row.split(",")[0])).size, 2);
    const comparison = (await the.panel.page()).getByRole("region", { name: "Comparison" });
    await the.panel.press("End Comparison");
    await until("the comparison is gone", async () => !(await comparison.isVisible()));
  });

  it("are exported one by one, as PNG too", async () => {
    await the.workbench.runCommand("Inversion Lab: Export Run…");
    await the.workbench.pickFromQuickInput("PNG");
    const file = await the.workbench.saveAs("run.png");
    const { width, height, drawn } = await readPicture(the.workbench.page.context().browser()!, file);
    assert.deepEqual([width, height], [1280, 1920]);
    assert.ok(drawn > 0.005 && drawn < 0.2, `${drawn} of the pixels are drawn`);
  });

  it("have plots that are saved as they are seen, in the colours of print", async () => {
    const page = await the.panel.page();
    const chart = page.locator("figure.chart").first();
    await chart.hover();
    await chart.getByRole("button", { name: "Save as PNG…" }).click();
    const file = await the.workbench.saveAs("plot.png");
    const { width, height, corner, drawn } = await readPicture(the.workbench.page.context().browser()!, file);
    assert.deepEqual([width, height], [1280, 640]);
    assert.deepEqual(corner, [255, 255, 255, 255]);
    assert.ok(drawn > 0.005 && drawn < 0.2, `${drawn} of the pixels are drawn`);
    await chart.hover();
    await chart.getByRole("button", { name: "Save as SVG…" }).click();
    const drawing = await the.workbench.saveAs("plot.svg");
    const svg = (await readWhole(drawing, (content) => content.includes("</svg>"))).toString();
    assert.match(svg, /^<svg /);
    assert.match(svg, />Ratio r = d_i \/ d_o<\/text>/);
  });

  it("and inversions of a trained network and its random twin are put side by side", async () => {
    await the.workbench.selectLine(1);
    await the.panel.newRun(() => the.workbench.pickFromContextMenu("Compare Random and Trained"));
    const comparison = (await the.panel.page()).getByRole("region", { name: "Comparison" });
    await shown(comparison, "the comparison");
    await shown(comparison.getByRole("row", { name: /^State\s+Done\s+Done/ }), "both runs, done");
    assert.match(await comparison.locator(".differences").innerText(), /^checkpoint\s+random:mini\s+mini\s*$/);
    await the.workbench.screenshot("comparison-trained");
  });

  itWasQuiet(the);
});

describe("what is selected", () => {
  const the = useWorkbench({ settings: MINI, lines: ["The sky is blue.", "The sea is calm.", "  Rain falls. "] });
  const prompt = async () => (await the.panel.promptTokens()).join("").replaceAll("·", " ");

  it("is the line of the cursor where nothing is", async () => {
    await the.workbench.placeCursor(3);
    await the.panel.newRun(() => the.workbench.runCommand("Inversion Lab: Invert Selection"));
    await the.panel.waitForState("Done");
    assert.equal(await prompt(), "Rain falls.");
  });

  it("is a line without its end after a triple click", async () => {
    await the.workbench.page.locator(".view-line", { hasText: "sky" }).click({ clickCount: 3 });
    await the.panel.newRun(() => the.workbench.runCommand("Inversion Lab: Invert Selection"));
    await the.panel.waitForState("Done");
    assert.equal(await prompt(), "The sky is blue.");
  });

  it("is a run for each of several selections, side by side", async () => {
    await the.workbench.selectLine(1);
    await the.workbench.runCommand("Add Cursor Below");
    await the.panel.newRun(() => the.workbench.runCommand("Inversion Lab: Invert Selection"));
    const comparison = (await the.panel.page()).getByRole("region", { name: "Comparison" });
    await shown(comparison.getByRole("row", { name: /^State\s+Done\s+Done/ }), "both runs, done");
    assert.match(
      await comparison.locator(".differences").innerText(),
      /^prompt\s+The sky is blue\.\s+The sea is calm\./,
    );
    await the.workbench.screenshot("selections");
  });

  itWasQuiet(the);
});

describe("several restarts", () => {
  const the = useWorkbench({
    settings: {
      "inversionLab.checkpoint": "mini",
      "inversionLab.blocks": 2,
      "inversionLab.decoder": "nearest",
      "inversionLab.learningRate": 0.03,
      "inversionLab.restarts": 8,
    },
    width: 1440,
    height: 900,
  });
  const table = async () => (await the.panel.page()).getByRole("region", { name: "Restarts" });
  const restarts = async () => (await table()).locator("tbody th").allInnerTexts();

  it("stand in a table that is sorted by its heads", async () => {
    await the.workbench.selectLine(1);
    await the.panel.newRun(() => the.workbench.pickFromContextMenu("Invert Selection"));
    await the.panel.waitForState("Done");
    await shown(await table(), "the table of restarts");
    const counted = (await restarts()).map((name) => Number(name.replace(", best", "")));
    assert.deepEqual(counted, [1, 2, 3, 4, 5, 6, 7, 8]);
    await (await table()).getByRole("button", { name: "Output dist." }).click();
    const distances = (await (await table()).locator("tbody td:nth-child(5)").allInnerTexts()).map((text) =>
      Number(text.replace(",", "")),
    );
    assert.deepEqual(
      distances,
      distances.toSorted((a, b) => a - b),
    );
    assert.notDeepEqual(await restarts(), counted.map(String));
  });

  it("are shown by a click, and by Enter, with when each was exact", async () => {
    const name = (await restarts())[7].replace(", best", "");
    const verdict = (await the.panel.page()).locator(".verdict p");
    await (await table()).locator("tbody tr").nth(7).locator("td").last().click();
    await until("it is shown", async () => (await verdict.innerText()).startsWith(`restart ${name} of 8`));
    const other = (await restarts())[0].replace(", best", "");
    await (await table()).locator("tbody button").first().press("Enter");
    await until("the other is shown", async () => (await verdict.innerText()).includes(`restart ${other} of 8`));
    await the.workbench.screenshot("restarts-dark");
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
    await the.workbench.switchTheme("high-contrast");
    await the.workbench.screenshot("restarts-high-contrast");
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
  });

  it("light their line in the plots under the pointer", async () => {
    const page = await the.panel.page();
    const canvas = page.locator(".chart canvas").first();
    const drawn = () => canvas.evaluate((drawing: PagePart) => drawing.toDataURL!());
    const before = await drawn();
    await (await table()).locator("tbody tr").nth(3).hover();
    await until("the plot is drawn anew", async () => (await drawn()) !== before);
    await (await table()).getByRole("heading").hover();
    await until("the plot is as it was", async () => (await drawn()) === before);
  });

  itWasQuiet(the);
});

describe("New Experiment… of the palette", () => {
  const the = useWorkbench({ settings: MINI });

  it("begins with the settings and the selected text, and says at each field what will not do", async () => {
    await the.workbench.selectLine(2);
    await the.workbench.runCommand("Inversion Lab: New Experiment…");
    const page = await the.panel.page();
    const field = (label: string) => page.getByLabel(label, { exact: true });
    await the.panel.checkedForm();
    assert.equal(await page.locator("#field-prompt").inputValue(), "Water boils at one hundred degrees.");
    assert.equal(await field("Checkpoint").inputValue(), "random:mini");
    const problems = async () => (await page.locator(".problem:not(:empty)").allInnerTexts()).join(" | ");
    await field("Blocks").fill("5");
    await until(
      "the depth is said",
      async () => (await problems()) === "This is 5: it must be a whole number from 1 to 4, the depth of random:mini.",
    );
    await field("Blocks").fill("2");
    await field("Iterations (N)").fill("many");
    await until(
      "the kind is said",
      async () => (await problems()) === 'This is "many": it must be a whole number from 1 to 1000000.',
    );
    await the.workbench.screenshot("form-problem");
    await field("Iterations (N)").fill("20");
    await the.panel.checkedForm();
    assert.equal(await problems(), "");
  });

  it("shows the method's formula, takes another method, and runs", async () => {
    const page = await the.panel.page();
    const formula = page.locator(".formula");
    const method = page.getByLabel("Method", { exact: true });
    await method.selectOption("inversion");
    assert.match(await formula.innerText(), /e ← e − η ∇ₑ d\(O\(e\), O\(e\*\)\)/);
    await method.selectOption("clampedWalk");
    assert.match(await formula.innerText(), /N\(0, randEta\)/);
    const form = await the.panel.checkedForm();
    const blocks = form.getByLabel("Blocks", { exact: true });
    assert.equal(await blocks.inputValue(), "2");
    await the.panel.newRun(() => blocks.press("Control+Enter"));
    await the.panel.waitForState("Done");
    assert.match(await the.panel.condition(), /clamped walk/);
    assert.match(await the.panel.condition(), /2 blocks/);
  });

  itWasQuiet(the);
});

describe("Reproduce the Paper's Claims", () => {
  const the = useWorkbench({ settings: MINI });

  it("tells how far it is, stops when it is told to, and shows the table of what it has", async () => {
    await the.workbench.runCommand("Inversion Lab: Reproduce the Paper's Claims");
    await the.workbench.pickFromQuickInput("Quick");
    await the.workbench.waitForMessage(/Reproducing the paper’s claims: C\d+: /);
    await the.workbench.pressInMessage("Cancel");
    await the.workbench.waitForMessage(/claims, \d+ holds?, \d+ (do|does) not, \d+ were not run/);
    await until("the table of claims is shown", async () => {
      const texts = the.workbench.page
        .frames()
        .map((frame) => frame.evaluate("document.body?.innerText").catch(() => ""));
      return (await Promise.all(texts)).some((text) => /C20.*not run: it was stopped/s.test(String(text)));
    });
  });

  itWasQuiet(the);
});

describe("a long run", () => {
  const the = useWorkbench({
    settings: MINI,
    theme: "high-contrast",
    files: {
      "sky.inversion.json": endlessFile("The sky is blue."),
      "water.inversion.json": endlessFile("Water boils at one hundred degrees."),
    },
  });
  const runStatus = () => the.workbench.page.locator('.statusbar-item[id$="inversionLab.status"]');
  const startRun = (name: "sky" | "water") => the.panel.newRun(() => the.workbench.runFile(`${name}.inversion.json`));
  const stop = async () => {
    await the.panel.press("Stop");
    await the.panel.waitForState("Stopped");
  };

  it("stops when it is told to, and keeps what it has shown", async () => {
    await startRun("sky");
    await the.panel.waitForState("Running");
    await the.panel.waitForRows(2);
    await stop();
    await the.panel.waitForRows(2);
    assert.match(await the.panel.verdict(), /tokens/);
  });

  it("lets the next run wait until it is over", async () => {
    await startRun("sky");
    await the.panel.waitForState("Running");
    await startRun("water");
    await the.panel.waitForState("Queued");
    assert.equal(the.workbench.processes("engine.cjs").length, 1);
    await the.panel.showRun("The sky is blue.");
    await stop();
    await the.panel.showRun("Water boils");
    await the.panel.waitForState("Running");
    await stop();
  });

  it("stands still while it is paused, by buttons and by commands, and those behind it wait", async () => {
    const rows = async () => (await the.panel.page()).getByRole("slider", { name: "Iteration" }).getAttribute("max");
    await startRun("sky");
    await the.panel.waitForState("Running");
    await the.panel.waitForRows(2);
    await the.panel.press("Pause");
    const before = await the.panel.waitForState("Paused");
    const shownBefore = await rows();
    await shown(runStatus().getByText(/Paused at [\d]+\/1000000/), "the pause in the status bar");
    await the.workbench.screenshot("paused");
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
    await startRun("water");
    const waiting = await the.panel.waitForState("Queued");
    assert.match(waiting, /^behind run \d+ \(\d+\/1000000\), which is paused/);
    assert.deepEqual(await the.panel.accessibilityProblems(), []);
    await stop();
    await the.panel.showRun("The sky is blue.");
    assert.equal(await the.panel.waitForState("Paused"), before);
    assert.equal(await rows(), shownBefore);
    await the.workbench.runCommand("Inversion Lab: Resume Run");
    await the.panel.waitForState("Running");
    await until("it shows more", async () => Number(await rows()) > Number(shownBefore));
    await the.workbench.runCommand("Inversion Lab: Pause Run");
    await the.panel.waitForState("Paused");
    await stop();
    await until("the status bar is quiet", async () => (await runStatus().count()) === 0);
  });

  it("says so when the engine is killed, and the next run works", async () => {
    await startRun("sky");
    await the.panel.waitForState("Running");
    await the.panel.waitForRows(2);
    const [engine] = the.workbench.processes("engine.cjs");
    assert.ok(engine);
    process.kill(engine, "SIGKILL");
    await the.panel.waitForState("Failed");
    assert.match(await the.panel.trouble(), /SIGKILL/);
    await the.panel.waitForRows(2);
    await the.panel.newRun(() => the.panel.press("Run Again"));
    await the.panel.waitForState("Running");
    await stop();
  });

  it("goes on while its panel is closed", async () => {
    await startRun("sky");
    await the.panel.waitForState("Running");
    await the.panel.close();
    assert.equal(the.workbench.processes("engine.cjs").length, 1);
    await the.workbench.runCommand("Inversion Lab: Show Last Run");
    await the.panel.waitForState("Running");
    await stop();
  });

  itWasQuiet(the);
});

describe("a narrow window", () => {
  const the = useWorkbench({ settings: MINI, width: 600 });

  it("shows the panel without cutting it off", async () => {
    await the.workbench.selectLine(1);
    await the.panel.newRun(() => the.workbench.pickFromContextMenu("Invert Selection"));
    await the.panel.waitForState("Done");
    await the.workbench.runCommand("View: Toggle Primary Side Bar Visibility");
    await the.workbench.screenshot("panel-narrow");
    const page = await the.panel.page();
    await until("nothing is cut off", () =>
      page.evaluate<boolean>("document.documentElement.scrollWidth <= innerWidth"),
    );
  });

  itWasQuiet(the);
});
