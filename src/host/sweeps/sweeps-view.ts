// The view *Sweeps* in the side panel. Registered with the extension; what it shows is loaded when it is first looked at.

import * as vscode from "vscode";

/** Under which a workspace remembers its sweeps. */
export const SWEEPS_KEY = "inversionLab.sweeps";
export const SWEEPS_VIEW = "inversionLab.sweeps";

/** `attach` fills the view. */
export const registerSweepsView = (attach: (view: vscode.WebviewView) => Promise<void>): vscode.Disposable =>
  vscode.window.registerWebviewViewProvider(SWEEPS_VIEW, { resolveWebviewView: attach });
