// How a program of ours is forked so that plain Node runs it, wherever the parent runs.

import type { ForkOptions } from "node:child_process";
import process from "node:process";

/** Options of `fork` for a program of dist/. */
export const nodeProcess = (env: NodeJS.ProcessEnv = {}): ForkOptions => ({
  // The extension host may be debugged; its inspector's port is taken.
  execArgv: [],
  env: {
    ...process.env,
    // In desktop VS Code the executable is Electron, and this makes it Node.
    ...(process.versions.electron && { ELECTRON_RUN_AS_NODE: "1" }),
    ...env,
  },
});
