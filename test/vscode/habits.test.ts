// What people expect of anything in VS Code: first steps, keys, a status item, a panel that can be put elsewhere.

import assert from "node:assert/strict";
import { endlessFile } from "./endless.ts";
import { repeatUntil, until } from "./until.ts";
import { itWasQuiet, useWorkbench } from "./use-workbench.ts";
import { frameOf, shown } from "./workbench.ts";

describe("first steps", () => {
  const the = useWorkbench({
    settings: { "inversionLab.checkpoint": "random:mini" },
    files: { "long.inversion.json": endlessFile("The sky is blue.") },
  });
  const press = async (keys: string) => {
    for (const key of keys.split(" ")) await the.workbench.page.keyboard.press(key);
  };
  /** Keys that take the run from one state to another; until VS Code has heard of the first one they mean nothing. */
  const pressFrom = (from: string, keys: string, to: string) =>
    repeatUntil(
      `${keys} makes it ${to}`,
      async () => {
        if (await the.panel.says(from)) await press(keys);
      },
      () => the.panel.says(to),
    );
  const startRun = async () => {
    await the.panel.newRun(() => the.workbench.runFile("long.inversion.json"));
    await the.panel.waitForState("Running");
  };
  const stop = () => pressFrom("Running", "Control+k Backspace", "Stopped");

  it("are a walkthrough whose steps are ticked as they are done", async () => {
    await the.workbench.runCommand("Inversion Lab: First Steps");
    const { page } = the.workbench;
    await shown(
      page
        .locator(".getting-started-category", { hasText: "First Steps" })
        .or(page.locator(".category-title", { hasText: "First Steps" }))
        .first(),
      "the walkthrough",
    );
    const steps = page.locator(".getting-started-step");
    await until("its five steps are there", async () => (await steps.count()) === 5);
    await until("its picture is drawn", async () =>
      (
        await Promise.all(
          page.frames().map((frame) =>
            frame
              .locator("svg text")
              .count()
              .catch(() => 0),
          ),
        )
      ).some(Boolean),
    );
    await the.workbench.screenshot("walkthrough");
    await page.getByRole("button", { name: "Open a Sample Text" }).click();
    await shown(page.locator(".monaco-editor[data-uri^='inversion-lab-sample']"), "the sample");
    await shown(page.locator(".monaco-editor.focused .selected-text").first(), "its first line, selected");
    await the.panel.newRun(() => press("Control+k Shift+I"));
    await the.panel.waitForState("Done");
    await the.workbench.runCommand("Inversion Lab: First Steps");
    await until(
      "two steps are ticked",
      async () => (await page.locator(".getting-started-step .complete").count()) >= 2,
    );
    await press("Control+w");
  });

  it("go on by keys: pause, resume, stop, show the panel", async () => {
    await startRun();
    await pressFrom("Running", "Control+k Space", "Paused");
    await pressFrom("Paused", "Control+k Space", "Running");
    await the.panel.close();
    await repeatUntil(
      "the panel is shown",
      () => press("Control+k Shift+L"),
      () => the.panel.says("Running"),
    );
    await stop();
  });

  it("have one item in the status bar, which opens the panel", async () => {
    await startRun();
    const { page } = the.workbench;
    const item = page.locator('.statusbar-item[id$="inversionLab.status"]');
    await until("it says how far the run is", async () => /Iteration \d+\/1000000/.test(await item.innerText()));
    await the.panel.close();
    await item.click();
    await the.panel.waitForState("Running");
    assert.equal(await item.count(), 1);
    await stop();
  });

  it("take the panel into a window of its own, with its run and what still comes", async () => {
    await startRun();
    const opened = the.workbench.page.context().waitForEvent("page");
    await the.workbench.runCommand("Inversion Lab: Move Panel into New Window");
    const window = await opened;
    const panelThere = () => frameOf(window, "Inversion Lab");
    await until("the panel is in the new window", async () => (await panelThere()) !== undefined);
    const rows = async () => {
      const count = "Number(document.querySelector('.scrubber')?.max ?? 0)";
      return (await (await panelThere())?.evaluate<number>(count).catch(() => 0)) ?? 0;
    };
    await until("it shows the run", async () => (await rows()) > 0);
    const before = await rows();
    await until("it shows what comes", async () => (await rows()) > before);
    await window.close();
    await repeatUntil(
      "the panel is in the first window",
      () => press("Control+k Shift+L"),
      () => the.panel.says("Running"),
    );
    await stop();
  });

  itWasQuiet(the);
});
