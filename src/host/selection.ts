// Which text of an editor a run is about.

import type * as vscode from "vscode";
import { LabError } from "../common/errors.ts";

/** The selected text, exactly as it is; of several selections the first one made. Throws a LabError (badInput). */
export function selectedText(editor: vscode.TextEditor | undefined): string {
  const text = selectionOf(editor);
  if (text === undefined) {
    throw new LabError("badInput", "Nothing is selected: select the text to invert, then run the command again.");
  }
  if (text.trim() === "") {
    throw new LabError("badInput", "The selection holds nothing but white space: select the text to invert.");
  }
  return text;
}

/** The same where anything is selected, white space included. */
export const selectionOf = (editor: vscode.TextEditor | undefined): string | undefined =>
  editor && !editor.selection.isEmpty ? editor.document.getText(editor.selection) : undefined;
