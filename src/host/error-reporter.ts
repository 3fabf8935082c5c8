// How trouble reaches the person: one sentence in a message, all there is to know in the log.

import * as vscode from "vscode";
import { LabError, messageOf } from "../common/errors.ts";
import { messageText } from "../session/phrases.ts";

export type Report = (error: unknown) => void;

export function reporter(log: vscode.LogOutputChannel): Report {
  return (error) => {
    if (error instanceof LabError) {
      log.warn(error.message);
      void vscode.window.showErrorMessage(messageText(error.message));
      return;
    }
    log.error(error instanceof Error ? error : String(error));
    const message = vscode.l10n.t("Inversion Lab failed unexpectedly: {0}", messageOf(error));
    void vscode.window.showErrorMessage(messageText(message), vscode.l10n.t("Show Log")).then((answer) => {
      if (answer) log.show(true);
    });
  };
}
