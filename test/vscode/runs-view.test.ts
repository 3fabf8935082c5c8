// The view *Runs* and what the editor knows of runs, in a real VS Code.

import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { RunsView } from "./runs-view.ts";
import { itWasQuiet, useWorkbench } from "./use-workbench.ts";
import { shown } from "./workbench.ts";

const MINI = { "inversionLab.checkpoint": "random:mini" };

describe("the view Runs", () => {
  let cache: string;
  const the = useWorkbench(async () => {
    cache = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-runs-"));
    return { settings: MINI, env: { INVERSION_LAB_CACHE: cache } };
  });
  after(() => rm(cache, { recursive: true, force: true }));

  it("shows each run, and opens it", async () => {
    const runs = new RunsView(the.workbench);
    await runs.open();
    await the.workbench.screenshot("runs-empty");
    await the.workbench.selectLine(1);
    await the.workbench.pickFromContextMenu("Invert Selection");
    await the.panel.waitForState("Done", 30_000);
    await shown(runs.row("The sky is blue."), "the run");
    await the.workbench.screenshot("runs");
  });

  itWasQuiet(the);
});
