// Experiments as files, in a real VS Code: what stands above them runs them, and their mistakes are underlined.

import { until } from "./until.ts";
import { itWasQuiet, useWorkbench } from "./use-workbench.ts";
import { shown } from "./workbench.ts";

const json = (content: unknown): string => JSON.stringify(content, null, 2);
const MINI = { prompt: "The sky is blue.", checkpoint: "random:mini", iterations: 20 };

describe("experiment files", () => {
  const the = useWorkbench({
    files: {
      "one.inversion.json": json({ ...MINI, blocks: 2 }),
      "two.sweep.json": json({ base: MINI, axes: { blocks: [1, 2], initSeed: { from: 0, to: 1 } } }),
      "wrong.sweep.json": json({ base: MINI, axes: { blocks: [0], depht: [1] } }),
    },
  });
  const lens = (title: string) =>
    the.workbench.page.locator(".codelens-decoration a").getByText(title, { exact: true });

  it("run one spec from the Run above it, in the panel", async () => {
    await the.workbench.openFile("one.inversion.json");
    await shown(lens("Run"), "Run above the file");
    await the.panel.newRun(() => lens("Run").click());
    await the.panel.waitForState("Done");
  });

  it("run a sweep from the Run above it, and show its table", async () => {
    await the.workbench.openFile("two.sweep.json");
    await shown(lens("Run Sweep"), "Run Sweep above the file");
    await lens("Run Sweep").click();
    await the.workbench.waitForMessage(/two: 4 runs finished\./);
    await the.workbench.pressInMessage("Show Results");
    await until("the table is shown", async () => {
      const texts = await Promise.all(
        the.workbench.page.frames().map((frame) =>
          frame
            .locator("table")
            .allInnerTexts()
            .catch(() => []),
        ),
      );
      return texts.flat().some((text) => text.includes("95 % (Wilson)") && text.includes("2 of 2"));
    });
    await the.workbench.screenshot("sweep-results");
  });

  it("have mistakes underlined, and are refused with the reason", async () => {
    await the.workbench.openFile("wrong.sweep.json");
    const editor = the.workbench.page.locator('.monaco-editor[data-uri$="wrong.sweep.json"]');
    await until("two mistakes are underlined", async () => (await editor.locator(".squiggly-warning").count()) >= 2);
    await shown(lens("Run Sweep"), "Run Sweep above the file");
    await lens("Run Sweep").click();
    await the.workbench.waitForMessage(/wrong\.sweep\.json: unknown field of an experiment: depht/);
  });

  itWasQuiet(the);
});
