// The view *Sweeps* in the side panel. Registered with the extension; what it shows is loaded when it is first looked at.

import * as vscode from "vscode";
import type { Lab } from "./lab.ts";

/** Under which a workspace remembers its sweeps. */
export const SWEEPS_KEY = "inversionLab.sweeps";
export const SWEEPS_VIEW = "inversionLab.sweeps";

export const registerSweepsView = (lab: () => Promise<Lab>): vscode.Disposable =>
  vscode.window.registerWebviewViewProvider(SWEEPS_VIEW, {
    resolveWebviewView: async (view) => (await lab()).sweeps.attach(view),
  });
