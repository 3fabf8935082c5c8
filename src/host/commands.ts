// The extension's commands: each is one call of the session, and whatever it throws is reported.

import * as vscode from "vscode";
import { METHODS } from "../experiments/methods/table.ts";
import type { Session } from "./session.ts";
import type { Report } from "./error-reporter.ts";

/** Registers every command; the first that is called loads the session. */
export function registerCommands(
  session: () => Promise<Session>,
  log: vscode.LogOutputChannel,
  report: Report,
): vscode.Disposable[] {
  const command = (
    name: string,
    run: (session: Session, argument: unknown, selected: unknown) => void | Promise<void>,
  ): vscode.Disposable =>
    vscode.commands.registerCommand(`inversionLab.${name}`, async (argument: unknown, selected: unknown) => {
      try {
        await run(await session(), argument, selected);
      } catch (error) {
        report(error);
      }
    });
  return [
    ...METHODS.flatMap(({ name, editorCommand }) =>
      editorCommand === undefined ? [] : [command(editorCommand, (session) => session.runOnSelection(name))],
    ),
    command("invertSelectionWithOptions", (session) => session.invertSelectionWithOptions()),
    command("compareRandomAndTrained", (session) => session.compareRandomAndTrained()),
    command("newExperiment", (session) => session.newExperiment()),
    command("stop", (session) => session.stop()),
    command("pause", (session) => session.pause()),
    command("resume", (session) => session.resume()),
    command("runAgain", (session) => session.runAgain()),
    command("showPanel", (session) => session.showPanel()),
    command("newSweep", (session) => session.newSweep()),
    command("openSweep", (session) => session.sweeps.open()),
    command("runFile", (session, file) => session.runFile(file)),
    command("recoverFromStates", (session, file) => session.recoverFromStates(file)),
    command("exportRun", (session, run, selected) => session.export(run, selected, false)),
    command("exportComparison", (session, run, selected) => session.export(run, selected, true)),
    command("reproduce", (session) => session.reproduce()),
    command("chooseCheckpoint", (session) => session.checkpoints.choose()),
    command("manageCheckpoints", (session) => session.checkpoints.manage()),
    command("setToken", (session) => session.setToken()),
    command("showDevices", (session) => session.showDevices()),
    command("movePanel", (session) => session.movePanel()),
    vscode.commands.registerCommand("inversionLab.showLog", () => log.show(true)),
  ];
}
