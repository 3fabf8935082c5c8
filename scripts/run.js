// Makes the project ready and then runs one of its programs: node scripts/run.js PROGRAM [PARAMETERS]. Uses only what
// Node brings along until the packages are there.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { runMain } from "node:module";
import path from "node:path";
import { ensureBuilt, ensureModules, root } from "./ready.js";

/**
 * What each program needs beside the packages, and how it runs.
 * @type {Record<string, {built: boolean, run: (parameters: string[]) => unknown}>}
 */
const PROGRAMS = {
  cli: { built: true, run: runCli },
  start: { built: true, run: async (parameters) => (await import("./start.js")).start(parameters) },
  build: { built: true, run: () => undefined },
  texts: { built: false, run: async () => (await import("./texts.js")).main() },
  watch: { built: false, run: async () => (await import("./build.js")).watch() },
  check: { built: false, run: async () => (await import("./test.js")).test(["check"]) },
  test: { built: false, run: async (parameters) => (await import("./test.js")).test(parameters) },
  faults: { built: true, run: async (parameters) => (await import("./test.js")).faults(parameters) },
  bench: { built: false, run: bench },
  package: { built: true, run: async (parameters) => (await import("./package.js")).main(parameters) },
};

/** In this very process, so that signals, pipes and the exit code are the program's own. */
function runCli(/** @type {string[]} */ parameters) {
  process.argv = [process.execPath, path.join(root, "dist", "cli.cjs"), ...parameters];
  runMain();
}

/** What an iteration and the program cost; with the parameter xl, a big model by the program itself. */
async function bench(/** @type {string[]} */ parameters) {
  await ensureBuilt();
  const [first = "--"] = parameters;
  const name = first.startsWith("--") ? "bench" : first;
  const bench = path.join(root, "bench", `${name}.ts`);
  const [code] = await once(
    spawn(process.execPath, ["--import=tsx/esm", bench, ...parameters], {
      stdio: "inherit",
      // As the engine's process has it (src/common/node-process.ts).
      env: { ...process.env, GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" },
    }),
    "exit",
  );
  process.exitCode = code;
}

const [name = "", ...parameters] = process.argv.slice(2);
const program = PROGRAMS[name];
try {
  if (!program) throw new Error(`"${name}" is none of: ${Object.keys(PROGRAMS).join(", ")}.`);
  await ensureModules();
  if (program.built) await ensureBuilt();
  await program.run(parameters);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
