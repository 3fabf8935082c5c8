// A text that was inverted tells what came of it when the pointer rests on it. Registered with the extension; costs nothing
// before somebody hovers.

import * as vscode from "vscode";
import type { Report } from "../error-reporter.ts";
import type { RunLibrary } from "../../session/run-library.ts";

/** Documents that a person reads and writes, wherever they are. */
const DOCUMENTS = ["file", "untitled", "vscode-remote", "vscode-vfs", "vscode-notebook-cell"].map((scheme) => ({
  scheme,
}));

export const registerRunHover = (library: () => Promise<RunLibrary>, report: Report): vscode.Disposable =>
  vscode.languages.registerHoverProvider(DOCUMENTS, {
    async provideHover(document, position, token) {
      if (!vscode.workspace.getConfiguration("inversionLab").get<boolean>("hover")) return undefined;
      try {
        const runs = await library();
        await runs.load();
        if (token.isCancellationRequested) return undefined;
        const { hoverAt } = await import("./run-hover-text.ts");
        return hoverAt(runs.prompts, document, position);
      } catch (error) {
        report(error);
        return undefined;
      }
    },
  });
