// The extension's entry: registers commands and the panel's return after a restart. All else is loaded at first use.

import * as vscode from "vscode";
import { registerCommands } from "./host/commands.ts";
import { registerFileLenses } from "./host/file-lenses.ts";
import type { Lab } from "./host/lab.ts";
import { PANEL_TYPE } from "./host/panel.ts";
import { reporter } from "./host/report.ts";
import { registerWalkthrough } from "./host/walkthrough.ts";
import { registerRunHover } from "./host/run-hover.ts";
import type { RunLibrary } from "./host/run-library.ts";
import { RunsView } from "./host/runs-view.ts";
import type { StoredSweep } from "./host/sweeps.ts";
import { registerSweepsView, SWEEPS_KEY } from "./host/sweeps-view.ts";

export function activate(context: vscode.ExtensionContext): void {
  const { subscriptions } = context;
  const log = vscode.window.createOutputChannel("Inversion Lab", { log: true });
  const report = reporter(log);
  let loaded: Promise<Lab> | undefined;
  const lab = () => (loaded ??= load());

  let opened: Promise<RunLibrary> | undefined;
  const library = () => (opened ??= open());

  async function open(): Promise<RunLibrary> {
    const { openLibrary } = await import("./host/open-library.ts");
    return openLibrary(report, subscriptions);
  }

  async function load(): Promise<Lab> {
    const [{ Lab }, runs] = await Promise.all([import("./host/lab.ts"), library()]);
    const lab = new Lab(context, log, report, runs);
    subscriptions.push(
      lab,
      runs.onDidChange(() => runsView.showActive(lab.active)),
    );
    return lab;
  }

  const runsView = new RunsView(lab, library, report);
  subscriptions.push(
    log,
    ...registerCommands(lab, log, report),
    registerFileLenses(),
    registerWalkthrough(context.extension.id),
    runsView,
    registerRunHover(library, report),
    registerSweepsView(lab),
    vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, {
      async deserializeWebviewPanel(panel: vscode.WebviewPanel) {
        await (await lab()).restore(panel);
      },
    }),
  );

  // The lab brings the sweeps back; without one that was going on, it is not needed yet.
  if (context.workspaceState.get<StoredSweep[]>(SWEEPS_KEY, []).some(({ wanted }) => wanted === "running")) {
    lab().catch(report);
  }
}
