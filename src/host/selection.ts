// Which texts of an editor runs are about.

import type * as vscode from "vscode";
import { LabError } from "../common/errors.ts";

/**
 * The selected texts in the order of the document or, where nothing is selected, the line of the cursor. Throws a LabError
 * (badInput) where one of them is nothing but white space.
 */
export function selectedTexts(editor: vscode.TextEditor | undefined): readonly [string, ...string[]] {
  if (!editor)
    throw new LabError("badInput", "No text has the focus: click into one, and select what is to be inverted.");
  const selected = editor.selections
    .filter(({ isEmpty }) => !isEmpty)
    .toSorted((a, b) => a.start.compareTo(b.start))
    .map((selection) => textOf(editor, selection));
  const [first, ...rest] = selected.length > 0 ? selected : [lineOf(editor)];
  if (selected.length === 0 && first === "") {
    throw new LabError("badInput", "Nothing is selected, and the line is empty: select the text to invert.");
  }
  if ([first, ...rest].some((text) => text.trim() === "")) {
    throw new LabError("badInput", "The selection holds nothing but white space: select the text to invert.");
  }
  return [first, ...rest];
}

/** The selection made first where anything is selected, white space included. */
export const selectionOf = (editor: vscode.TextEditor | undefined): string | undefined =>
  editor && !editor.selection.isEmpty ? textOf(editor, editor.selection) : undefined;

/** Exactly as it is, but for the line break at its end: a triple click selects it with the line. */
const textOf = ({ document }: vscode.TextEditor, selection: vscode.Selection): string =>
  document.getText(selection).replace(/\r?\n$/, "");

const lineOf = ({ document, selection }: vscode.TextEditor): string =>
  document.lineAt(selection.active.line).text.trim();
