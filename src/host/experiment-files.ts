// Experiments as files in the editor: what the *Run* above them does. One spec becomes a run of the session; a sweep is
// carried out in the Sweeps view, beside its file.

import path from "node:path";
import * as vscode from "vscode";
import { LabError } from "../common/errors.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { checkNamedByFile } from "../session/trust.ts";
import { eachCell, parseExperimentFile } from "../sweeps/sweep-files.ts";

interface ExperimentStarters {
  readonly run: (spec: ExperimentSpec) => void;
  readonly sweep: (file: string) => Promise<void>;
  /** Asks where a file's weights are to be downloaded first. */
  readonly mayDownload: (file: string, sources: readonly string[]) => Promise<boolean>;
}

/** Runs the file, or the one in the active editor, as it stands there. Throws LabErrors. */
export async function runExperimentFile(
  uri: vscode.Uri | undefined,
  { run, sweep, mayDownload }: ExperimentStarters,
): Promise<void> {
  const file = uri ?? vscode.window.activeTextEditor?.document.uri;
  if (!file) throw new LabError("badInput", "No file is open: open a *.inversion.json or *.sweep.json.");
  const document = await vscode.workspace.openTextDocument(file);
  const name = path.basename(file.path);
  const asked = parseExperimentFile(document.getText(), name, path.dirname(file.fsPath));
  const specs = [...eachCell(asked, name)].map(({ spec }) => spec);
  checkNamedByFile(specs, name);
  const sources = [...new Set(specs.map(({ checkpoint }) => checkpoint))];
  if (!(await mayDownload(name, sources))) return;
  if (asked.axes.length === 0) {
    if (specs.length > 0) run(specs[0]);
    return;
  }
  if (file.scheme !== "file") {
    throw new LabError(
      "badInput",
      `${name} is not on a disk: a sweep writes its runs beside its file, so save it there.`,
    );
  }
  // What is gone on with later is the file, not an editor's unsaved text.
  if (document.isDirty && !(await document.save())) return;
  await sweep(file.fsPath);
}
