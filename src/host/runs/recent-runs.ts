// The runs of the selected text: whether it has any, for the editor's menu, and a list to open one from.

import * as vscode from "vscode";
import { selectionOf } from "../selection.ts";
import type { RunLibrary } from "../../session/run-library.ts";
import { rowDescription, type RunRow, rowIcon, rowLabel } from "../../session/run-rows.ts";

/** A selection is looked up when it has stood still for so long. */
const STILL_MS = 200;

/** Keeps `inversionLab.selectionHasRuns` as the selection is; asks for no records by itself. */
export function watchSelection(library: RunLibrary, setContext: (value: boolean) => void): vscode.Disposable {
  let due: NodeJS.Timeout | undefined;
  const look = () => {
    const text = library.loaded ? selectionOf(vscode.window.activeTextEditor) : undefined;
    setContext(text !== undefined && library.prompts.runsOf(text).length > 0);
  };
  const changed = vscode.window.onDidChangeTextEditorSelection(() => {
    clearTimeout(due);
    due = setTimeout(look, STILL_MS);
  });
  return vscode.Disposable.from(changed, new vscode.Disposable(() => clearTimeout(due)));
}

/** Asks which run of the selection; undefined when none is picked. */
export async function pickRecentRun(library: RunLibrary): Promise<RunRow | undefined> {
  await library.load();
  const rows = library.prompts.runsOf(selectionOf(vscode.window.activeTextEditor) ?? "");
  if (rows.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("The selected text has no run: invert it first."));
    return undefined;
  }
  return pickRun(rows, vscode.l10n.t("Runs of “{0}”", rowLabel(rows[0])));
}

export async function pickRun(rows: readonly RunRow[], title: string): Promise<RunRow | undefined> {
  const picked = await vscode.window.showQuickPick(
    rows.map((row) => ({
      label: `$(${rowIcon(row).icon}) ${rowLabel(row)}`,
      description: rowDescription(row),
      detail: new Date(row.createdAt).toLocaleString(vscode.env.language),
      row,
    })),
    { title, placeHolder: vscode.l10n.t("Which run?"), matchOnDescription: true, matchOnDetail: true },
  );
  return picked?.row;
}
