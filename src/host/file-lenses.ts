// *Run* above a *.inversion.json and a *.sweep.json. Loaded with the extension: it knows nothing of what is in them.

import * as vscode from "vscode";

export const registerFileLenses = (): vscode.Disposable =>
  vscode.Disposable.from(
    ...[
      { pattern: "**/*.inversion.json", title: vscode.l10n.t("Run") },
      { pattern: "**/*.sweep.json", title: vscode.l10n.t("Run Sweep") },
    ].map(({ pattern, title }) =>
      vscode.languages.registerCodeLensProvider(
        { pattern },
        {
          provideCodeLenses: ({ uri }) => [
            new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), {
              title: `$(play) ${title}`,
              command: "inversionLab.runFile",
              arguments: [uri],
            }),
          ],
        },
      ),
    ),
  );
