// The first steps: the walkthrough of VS Code's welcome page, and the text that it begins with.

import * as vscode from "vscode";

/** Of documents that are nobody's files, and that nobody is asked to save. */
const SCHEME = "inversion-lab-sample";
const LINES = [
  "The sky is blue.",
  "Water boils at one hundred degrees.",
  "La mer est calme ce soir.",
  "for i in range(10): print(i)",
  "",
];

export const registerWalkthrough = (extensionId: string): vscode.Disposable =>
  vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      provideTextDocumentContent: () => LINES.join("\n"),
    }),
    vscode.commands.registerCommand("inversionLab.openSample", openSample),
    vscode.commands.registerCommand("inversionLab.openWalkthrough", () =>
      vscode.commands.executeCommand("workbench.action.openWalkthrough", `${extensionId}#firstSteps`, false),
    ),
  );

/** Selects the first line: the next thing to do is to invert it. */
async function openSample(): Promise<void> {
  const uri = vscode.Uri.from({ scheme: SCHEME, path: "/prompts.txt" });
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), {
    selection: new vscode.Range(0, 0, 0, LINES[0].length),
    preview: false,
  });
}
