// Files that the person asks for: a plot, or records in the format of another program.

import { subjectOf } from "../../describe/spec-subject.ts";
import path from "node:path";
import * as vscode from "vscode";
import { homeFolder } from "../../common/folders.ts";
import { LabError, messageOf } from "../../common/errors.ts";
import { type PrintedFigure, stackedCharts } from "../../reports/line-chart.ts";
import { type ExportFormat, exportRuns } from "../../reports/run-export.ts";
import { readRun } from "../../records/read-record.ts";
import { slug } from "../../records/record.ts";
import { messageText } from "../../session/phrases.ts";

/** From an SVG to a PNG of twice its size in pixels. Throws a LabError. */
type Rasterise = (svg: string) => Promise<Uint8Array>;

export async function saveFigure(
  figure: PrintedFigure,
  prompt: string,
  format: "svg" | "png",
  rasterise: Rasterise,
): Promise<void> {
  const svg = stackedCharts([figure]);
  await save(`${slug(prompt)}-${slug(figure.yLabel)}`, format, async () => (format === "png" ? rasterise(svg) : svg));
}

/** Asks for a format and a place, and writes what the records hold: of several, a comparison. Throws a LabError. */
export async function exportRecords(folders: readonly string[], rasterise: Rasterise): Promise<void> {
  const picked = await vscode.window.showQuickPick(formats(), {
    title:
      folders.length === 1
        ? vscode.l10n.t("Export Run")
        : vscode.l10n.t("Export Comparison of {0} Runs", folders.length),
    placeHolder: vscode.l10n.t("Which format?"),
    matchOnDescription: true,
  });
  if (!picked) return;
  const runs = await Promise.all(folders.map((folder) => readRun(folder)));
  const name = runs.length === 1 ? runs[0].id : `comparison-${slug(subjectOf(runs[0].spec))}`;
  await save(name, picked.extension, async () =>
    picked.format === "png" ? rasterise(exportRuns(runs, "svg")) : exportRuns(runs, picked.format),
  );
}

interface FormatItem extends vscode.QuickPickItem {
  readonly format: ExportFormat | "png";
  readonly extension: string;
}

function formats(): FormatItem[] {
  const { t } = vscode.l10n;
  return [
    { label: "CSV", description: t("a row a shown iteration, for pandas, R and spreadsheets"), format: "csv" },
    { label: "JSON", description: t("all of the record"), format: "json" },
    { label: "Markdown", description: t("tables"), format: "md" },
    { label: "LaTeX", description: t("the decoded iterations as the source sets them"), format: "latex" },
    { label: "SVG", description: t("the plots of the distances, to be scaled"), format: "svg" },
    { label: "PNG", description: t("the same plots in pixels"), format: "png" },
    { label: "HTML", description: t("one page with everything, that needs nothing beside it"), format: "html" },
  ].map((item) => ({ ...item, extension: item.format === "latex" ? "tex" : item.format }) as FormatItem);
}

/** `make` is called when it is known where to. */
async function save(name: string, extension: string, make: () => Promise<string | Uint8Array>): Promise<void> {
  const [workspace] = vscode.workspace.workspaceFolders ?? [];
  const folder = workspace?.uri ?? vscode.Uri.file(homeFolder());
  const file = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(folder, `${name}.${extension}`),
    filters: { [extension.toUpperCase()]: [extension] },
  });
  if (!file) return;
  const content = await make();
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    await vscode.workspace.fs.writeFile(file, bytes);
  } catch (error) {
    throw new LabError("storage", vscode.l10n.t("{0} could not be saved: {1}", file.fsPath, messageOf(error)), {
      cause: error,
    });
  }
  const open = vscode.l10n.t("Open");
  const saved = vscode.l10n.t("Saved {0}.", path.basename(file.fsPath));
  void vscode.window.showInformationMessage(messageText(saved), open).then((answer) => {
    if (answer) void vscode.commands.executeCommand("vscode.open", file);
  });
}
