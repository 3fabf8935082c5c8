// The extension's entry: registers commands and the panel's return after a restart. All else is loaded at first use.

import * as vscode from "vscode";
import { registerCommands } from "./host/commands.ts";
import { registerFileLenses } from "./host/file-lenses.ts";
import type { Session } from "./host/session.ts";
import { PANEL_TYPE } from "./host/panel/run-panel.ts";
import { reporter } from "./host/error-reporter.ts";
import { registerMcpServer } from "./host/mcp-server-definition.ts";
import { registerWalkthrough } from "./host/walkthrough.ts";
import { registerRunHover } from "./host/runs/run-hover.ts";
import type { RunLibrary } from "./session/run-library.ts";
import { RunsView } from "./host/runs/runs-view.ts";
import type { StoredSweep } from "./session/sweep-list.ts";
import { registerSweepsView, SWEEPS_KEY } from "./host/sweeps/sweeps-view.ts";

export function activate(context: vscode.ExtensionContext): void {
  const { subscriptions } = context;
  const log = vscode.window.createOutputChannel("Inversion Lab", { log: true });
  const report = reporter(log);
  let loaded: Promise<Session> | undefined;
  const session = () => (loaded ??= load());

  let opened: Promise<RunLibrary> | undefined;
  const library = () => (opened ??= open());

  async function open(): Promise<RunLibrary> {
    const { openLibrary } = await import("./host/runs/open-library.ts");
    return openLibrary(report, subscriptions);
  }

  async function load(): Promise<Session> {
    const [{ Session }, runs] = await Promise.all([import("./host/session.ts"), library()]);
    const session = new Session(context, log, report, runs);
    subscriptions.push(
      session,
      runs.onDidChange(() => runsView.showActive(session.active)),
    );
    return session;
  }

  const runsView = new RunsView(session, library, report);
  subscriptions.push(
    log,
    ...registerCommands(session, log, report),
    registerFileLenses(),
    registerWalkthrough(context.extension.id),
    runsView,
    registerRunHover(library, report),
    ...registerMcpServer(context),
    registerSweepsView(async (view) => (await session()).sweeps.attach(view)),
    vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, {
      async deserializeWebviewPanel(panel: vscode.WebviewPanel) {
        await (await session()).restore(panel);
      },
    }),
  );

  // The session brings the sweeps back; without one that was going on, it is not needed yet.
  if (
    vscode.workspace.isTrusted &&
    context.workspaceState.get<StoredSweep[]>(SWEEPS_KEY, []).some(({ wanted }) => wanted === "running")
  ) {
    session().catch(report);
  }
}
