// Experiments as files in the editor: a *Run* above them, and what it does. One spec becomes a run of the session; a sweep
// is carried out in the background, beside its file, with progress and cancel.

import path from "node:path";
import * as vscode from "vscode";
import { LabError } from "../common/errors.ts";
import type { RunExperiment } from "../engine/client.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { cellsOf, folderOf, parseExperimentFile } from "../sweeps/files.ts";
import { performSweep } from "../sweeps/perform.ts";
import { RESULTS_MARKDOWN, writeResults } from "../sweeps/results.ts";

/** What a file asks for is started by these. */
export interface Experimenter {
  /** Begins one run, shown in the panel. */
  readonly start: (spec: ExperimentSpec) => void;
  /** Carries out one run without showing it. */
  readonly run: RunExperiment;
}

/** Runs the file, or the one in the active editor, as it stands there. Throws LabErrors. */
export async function runExperimentFile(uri: vscode.Uri | undefined, { start, run }: Experimenter): Promise<void> {
  const file = uri ?? vscode.window.activeTextEditor?.document.uri;
  if (!file) throw new LabError("badInput", "No file is open: open a *.inversion.json or *.sweep.json.");
  const document = await vscode.workspace.openTextDocument(file);
  const name = path.basename(file.path);
  const cells = cellsOf(parseExperimentFile(document.getText(), name), name);
  const [first] = cells;
  if (cells.length === 1 && Object.keys(first.axes).length === 0) return start(first.spec);
  if (file.scheme !== "file") {
    throw new LabError(
      "badInput",
      `${name} is not on a disk: a sweep writes its runs beside its file, so save it there.`,
    );
  }
  // What is resumed later is the file, not an editor's unsaved text.
  if (document.isDirty && !(await document.save())) return;
  const folder = folderOf(file.fsPath);
  const finished = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: name, cancellable: true },
    async (progress, token) => {
      const stop = new AbortController();
      token.onCancellationRequested(() => stop.abort());
      let told = 0;
      const outcomes = await performSweep(cells, {
        folder,
        run,
        signal: stop.signal,
        onProgress({ stage, done = 0, total = 1 }) {
          const percent = (100 * done) / total;
          progress.report({ message: stage, increment: percent - told });
          told = percent;
        },
        now: () => performance.now(),
      });
      await writeResults(folder, outcomes);
      return outcomes;
    },
  );
  await vscode.commands.executeCommand("markdown.showPreview", vscode.Uri.file(path.join(folder, RESULTS_MARKDOWN)));
  void tellEnd(
    file,
    folder,
    cells.length,
    finished.length,
    finished.filter(({ status }) => status === "failed").length,
  );
}

async function tellEnd(
  file: vscode.Uri,
  folder: string,
  runs: number,
  finished: number,
  failed: number,
): Promise<void> {
  const name = path.basename(file.path);
  const goOn = vscode.l10n.t("Go On");
  const showFiles = vscode.l10n.t("Show Files");
  const sentences = [
    finished < runs
      ? vscode.l10n.t("{0}: stopped with {1} of {2} runs finished.", name, finished, runs)
      : vscode.l10n.t("{0}: {1} runs finished.", name, runs),
    ...(failed > 0 ? [vscode.l10n.t("{0} of them failed.", failed)] : []),
  ];
  const answer = await vscode.window.showInformationMessage(sentences.join(" "), finished < runs ? goOn : showFiles);
  if (answer === goOn) await vscode.commands.executeCommand("inversionLab.runFile", file);
  if (answer === showFiles) await vscode.commands.executeCommand("revealFileInOS", vscode.Uri.file(folder));
}
