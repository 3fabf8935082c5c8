// How a program of ours is forked so that plain Node runs it, wherever the parent runs.

import type { ForkOptions } from "node:child_process";
import process from "node:process";

/**
 * Lets the C library of Linux ask for pages of 2 MB where it hands out large blocks. An iteration reads hundreds of
 * megabytes of weights, and through pages of 4 kB the processor looks up their addresses for a tenth of the time.
 */
const HUGE_PAGES = "glibc.malloc.hugetlb=1";

const TOKENS = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

/** An environment for other programs: they inherit no token. */
export const withoutTokens = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !TOKENS.includes(name)));

/** Options of `fork` for a program of dist/. */
export const nodeProcess = (env: NodeJS.ProcessEnv = {}): ForkOptions => ({
  // The extension host may be debugged; its inspector's port is taken.
  execArgv: [],
  env: {
    ...withoutTokens(process.env),
    // In desktop VS Code the executable is Electron, and this makes it Node.
    ...(process.versions.electron && { ELECTRON_RUN_AS_NODE: "1" }),
    ...(process.platform === "linux" && {
      GLIBC_TUNABLES: [process.env.GLIBC_TUNABLES, HUGE_PAGES].filter(Boolean).join(":"),
    }),
    ...env,
  },
});
