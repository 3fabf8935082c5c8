// The extension's commands: each is one call of the lab, and whatever it throws is reported.

import * as vscode from "vscode";
import type { Lab } from "./lab.ts";
import type { Report } from "./report.ts";

/** Registers every command; the first that is called loads the lab. */
export function registerCommands(
  lab: () => Promise<Lab>,
  log: vscode.LogOutputChannel,
  report: Report,
): vscode.Disposable[] {
  const command = (
    name: string,
    run: (lab: Lab, argument: unknown, selected: unknown) => void | Promise<void>,
  ): vscode.Disposable =>
    vscode.commands.registerCommand(`inversionLab.${name}`, async (argument: unknown, selected: unknown) => {
      try {
        await run(await lab(), argument, selected);
      } catch (error) {
        report(error);
      }
    });
  return [
    command("invertSelection", (lab) => lab.invertSelection()),
    command("invertSelectionWithOptions", (lab) => lab.invertSelectionWithOptions()),
    command("walkOrthogonal", (lab) => lab.walkFromSelection("orthogonalWalk")),
    command("walkClamped", (lab) => lab.walkFromSelection("clampedWalk")),
    command("compareRandomAndTrained", (lab) => lab.compareRandomAndTrained()),
    command("newExperiment", (lab) => lab.newExperiment()),
    command("stop", (lab) => lab.stop()),
    command("pause", (lab) => lab.pause()),
    command("resume", (lab) => lab.resume()),
    command("runAgain", (lab) => lab.runAgain()),
    command("showPanel", (lab) => lab.showPanel()),
    command("newSweep", (lab) => lab.newSweep()),
    command("openSweep", (lab) => lab.sweeps.open()),
    command("runFile", (lab, file) => lab.runFile(file)),
    command("exportRun", (lab, run, selected) => lab.export(run, selected, false)),
    command("exportComparison", (lab, run, selected) => lab.export(run, selected, true)),
    command("reproduce", (lab) => lab.reproduce()),
    command("chooseCheckpoint", (lab) => lab.checkpoints.choose()),
    command("manageCheckpoints", (lab) => lab.checkpoints.manage()),
    command("setToken", (lab) => lab.setToken()),
    command("showDevices", (lab) => lab.showDevices()),
    command("movePanel", (lab) => lab.movePanel()),
    vscode.commands.registerCommand("inversionLab.showLog", () => log.show(true)),
  ];
}
