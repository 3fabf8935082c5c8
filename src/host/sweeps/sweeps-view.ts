// The view *Sweeps* in the side panel. Registered with the extension; what it shows is loaded when it is first looked at.

import * as vscode from "vscode";
import type { Session } from "../session.ts";

/** Under which a workspace remembers its sweeps. */
export const SWEEPS_KEY = "inversionLab.sweeps";
export const SWEEPS_VIEW = "inversionLab.sweeps";

export const registerSweepsView = (session: () => Promise<Session>): vscode.Disposable =>
  vscode.window.registerWebviewViewProvider(SWEEPS_VIEW, {
    resolveWebviewView: async (view) => (await session()).sweeps.attach(view),
  });
