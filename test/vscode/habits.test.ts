// What people expect of anything in VS Code: first steps, keys, a status item, a panel that can be put elsewhere.

import assert from "node:assert/strict";
import type { Frame } from "playwright-core";
import { until } from "./until.ts";
import { itWasQuiet, useWorkbench } from "./use-workbench.ts";
import { shown } from "./workbench.ts";

describe("first steps", () => {
  const the = useWorkbench({
    settings: { "inversionLab.checkpoint": "random:mini", "inversionLab.iterations": 50_000 },
  });
  const press = async (keys: string) => {
    for (const key of keys.split(" ")) await the.workbench.page.keyboard.press(key);
  };

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
    await press("Control+k Shift+I");
    await the.panel.waitForState("Running");
    await the.workbench.runCommand("Inversion Lab: First Steps");
    await until(
      "two steps are ticked",
      async () => (await page.locator(".getting-started-step .complete").count()) >= 2,
    );
    await press("Control+w");
  });

  it("go on by keys: pause, resume, stop, show the panel", async () => {
    await press("Control+k Space");
    await the.panel.waitForState("Paused");
    await press("Control+k Space");
    await the.panel.waitForState("Running");
    await the.workbench.runCommand("View: Close All Editors in Group");
    await press("Control+k Shift+L");
    await the.panel.waitForState("Running");
  });

  it("have one item in the status bar, which opens the panel", async () => {
    const { page } = the.workbench;
    const item = page.locator('.statusbar-item[id$="inversionLab.status"]');
    await until("it says how far the run is", async () => /Iteration \d+\/50000/.test(await item.innerText()));
    await the.workbench.runCommand("View: Close All Editors");
    await item.click();
    await the.panel.waitForState("Running");
    assert.equal(await item.count(), 1);
  });

  it("take the panel into a window of its own, with its run and what still comes", async () => {
    await press("Control+k Backspace");
    await the.panel.waitForState("Stopped");
    await the.workbench.runCommand("Inversion Lab: Run Again");
    await the.panel.waitForState("Running");
    const opened = the.workbench.page.context().waitForEvent("page");
    await the.workbench.runCommand("Inversion Lab: Move Panel into New Window");
    const window = await opened;
    const panelThere = async (): Promise<Frame | undefined> => {
      for (const frame of window.frames()) {
        const title = await frame.evaluate("document.body?.dataset.title").catch(() => undefined);
        if (title === "Inversion Lab") return frame;
      }
      return undefined;
    };
    await until("the panel is in the new window", async () => (await panelThere()) !== undefined);
    const rows = async () => {
      const slider = (await panelThere())?.getByRole("slider", { name: "Iteration" });
      return Number(await slider?.getAttribute("max", { timeout: 500 }).catch(() => 0));
    };
    await until("it shows the run", async () => (await rows()) > 0);
    const before = await rows();
    await until("it shows what comes", async () => (await rows()) > before);
    await window.close();
    await press("Control+k Shift+L");
    await the.panel.waitForState("Running");
    await press("Control+k Backspace");
    await the.panel.waitForState("Stopped");
  });

  itWasQuiet(the);
});
