// The one library of a window. Loaded when somebody looks at runs, before anything is run here.

import { config } from "@vscode/l10n";
import * as vscode from "vscode";
import { cacheFolder } from "../read-settings.ts";
import { RunLibrary } from "../../session/run-library.ts";
import type { Report } from "../error-reporter.ts";

export function openLibrary(report: Report, subscriptions: { dispose(): void }[]): RunLibrary {
  // For the files of this room that do not know VS Code.
  if (vscode.l10n.bundle) config({ contents: vscode.l10n.bundle });
  const library = new RunLibrary({ cacheFolder, report });
  subscriptions.push(
    library,
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (library.loaded && change.affectsConfiguration("inversionLab.cacheFolder")) library.refresh().catch(report);
    }),
  );
  return library;
}
