// What the hover over an inverted text says: the newest result, and ways to its run.

import * as vscode from "vscode";
import type { KnownPrompts } from "../../session/known-prompts.ts";
import { resultMarkdown, type RunRow } from "../../session/run-rows.ts";

/** What is known of the text at a position; undefined where it is none that was inverted. */
export function hoverAt(
  prompts: KnownPrompts,
  document: vscode.TextDocument,
  { line, character }: vscode.Position,
): vscode.Hover | undefined {
  const first = Math.max(0, line - prompts.mostLines + 1);
  const last = Math.min(document.lineCount - 1, line + prompts.mostLines - 1);
  const lines = Array.from({ length: last - first + 1 }, (_, i) => document.lineAt(first + i).text);
  const before = lines.slice(0, line - first).reduce((sum, { length }) => sum + length + 1, 0);
  const found = prompts.at(lines.join("\n"), before + character);
  if (!found) return undefined;
  const positionOf = (offset: number): vscode.Position => {
    let at = 0;
    while (offset > lines[at].length) offset -= lines[at++].length + 1;
    return new vscode.Position(first + at, offset);
  };
  return new vscode.Hover(hoverText(found.row), new vscode.Range(positionOf(found.from), positionOf(found.to)));
}

function hoverText(row: RunRow): vscode.MarkdownString {
  const text = new vscode.MarkdownString(resultMarkdown(row, vscode.env.language).join("\n\n"), true);
  text.isTrusted = { enabledCommands: ["inversionLab.runs.open", "inversionLab.runs.runAgain"] };
  const named = encodeURIComponent(JSON.stringify([{ folder: row.folder, id: row.id }]));
  const links = [
    `[$(go-to-file) ${vscode.l10n.t("Open Run")}](command:inversionLab.runs.open?${named})`,
    `[$(debug-restart) ${vscode.l10n.t("Run Again")}](command:inversionLab.runs.runAgain?${named})`,
  ];
  return text.appendMarkdown(`\n\n${links.join(" · ")}`);
}
