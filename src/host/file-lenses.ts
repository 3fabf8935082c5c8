// *Run* above a *.inversion.json and a *.sweep.json. Loaded with the extension: it knows nothing of what is in them.

import * as vscode from "vscode";

const FILES = [
  { pattern: "**/*.inversion.json", title: "$(play) Run" },
  { pattern: "**/*.sweep.json", title: "$(play) Run Sweep" },
];

export const registerFileLenses = (): vscode.Disposable =>
  vscode.Disposable.from(
    ...FILES.map(({ pattern, title }) =>
      vscode.languages.registerCodeLensProvider(
        { pattern },
        {
          provideCodeLenses: ({ uri }) => [
            new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), {
              title,
              command: "inversionLab.runFile",
              arguments: [uri],
            }),
          ],
        },
      ),
    ),
  );
