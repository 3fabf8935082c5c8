// Which text of an editor a run is about.

import type * as vscode from "vscode";
import { LabError } from "../common/errors.ts";

/** The selected text, exactly as it is; of several selections the first one made. Throws a LabError (badInput). */
export function selectedText(editor: vscode.TextEditor | undefined): string {
  if (!editor || editor.selection.isEmpty) {
    throw new LabError("badInput", "Nothing is selected: select the text to invert, then run the command again.");
  }
  const text = editor.document.getText(editor.selection);
  if (text.trim() === "") {
    throw new LabError("badInput", "The selection holds nothing but white space: select the text to invert.");
  }
  return text;
}
