// *Insert Result*: the decoded iterations of a run as text at the cursor, in the form that is asked for.

import { subjectOf } from "../../describe/spec-subject.ts";
import * as vscode from "vscode";
import { LabError } from "../../common/errors.ts";
import { DECODED_FORMS, decodedText, type DecodedForm, placed } from "../../reports/decoded-text.ts";
import type { DecodedRun } from "../../reports/latex.ts";
import { shorten } from "../../describe/short-text.ts";
import { shortCondition } from "../../describe/run-condition.ts";

/** Asks for the form, then writes into the editor, as one step that can be undone. Throws a LabError (badInput). */
export async function insertResult(run: DecodedRun, editor: vscode.TextEditor): Promise<void> {
  const text = decodedText(run, "text");
  if (text === undefined) {
    throw new LabError("badInput", vscode.l10n.t("This run has shown no iteration: there is nothing to insert."));
  }
  const picked = await vscode.window.showQuickPick(choices(run), {
    title: vscode.l10n.t("Insert Result of “{0}” ({1})", shorten(subjectOf(run.spec), 40), shortCondition(run.spec)),
    placeHolder: vscode.l10n.t("In which form?"),
    matchOnDetail: true,
  });
  if (picked) await write(run, picked.form, await writable(editor));
}

function choices(run: DecodedRun): (vscode.QuickPickItem & { readonly form: DecodedForm })[] {
  const labels: Record<DecodedForm, readonly [label: string, description: string]> = {
    text: [vscode.l10n.t("The text found"), ""],
    lines: [vscode.l10n.t("Every shown iteration"), vscode.l10n.t("iteration: text")],
    table: [vscode.l10n.t("Every shown iteration as a table"), "Markdown"],
    latex: [vscode.l10n.t("The iterations that change the text"), "LaTeX, \\mathtt{}"],
  };
  return DECODED_FORMS.map((form) => {
    const [label, description] = labels[form];
    const lines = decodedText(run, form)!.trimEnd().split("\n");
    const detail = form === "text" ? shorten(lines.join(" "), 100) : vscode.l10n.t("{0} lines", lines.length);
    return { label, description, detail, form };
  });
}

/** The editor with its document in sight: one that a page or another file hides is brought back. */
async function writable(editor: vscode.TextEditor): Promise<vscode.TextEditor> {
  if (editor.document.isClosed) {
    throw new LabError("badInput", vscode.l10n.t("The document is closed: put the cursor where the result is to go."));
  }
  const shown = vscode.window.visibleTextEditors.find(({ document }) => document === editor.document);
  return shown ?? vscode.window.showTextDocument(editor.document, editor.viewColumn);
}

async function write(run: DecodedRun, form: DecodedForm, editor: vscode.TextEditor): Promise<void> {
  const { document, selection } = editor;
  const place = selection.end; // after a selected prompt, not in its stead
  const line = document.lineAt(place.line).text;
  const text = placed(decodedText(run, form)!, form, line.slice(0, place.character), line.slice(place.character));
  if (!(await editor.edit((edit) => edit.insert(place, text)))) {
    const name = vscode.workspace.asRelativePath(document.uri);
    throw new LabError("badInput", vscode.l10n.t("{0} took no text: is it read-only?", name));
  }
  await vscode.window.showTextDocument(document, editor.viewColumn);
}
