// Runs the parts of the test: build, check (types, rooms, lint, format), and the suites of mocha: unit (in one process),
// process (starts and bundles programs), gpu (on a software adapter), vscode (drives a real VS Code). The last line sums
// them up. What a suite needs from outside npm is installed by that suite alone.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { ensurePrograms } from "./programs.js";
import { cache, ensureBuilt, root } from "./ready.js";
import { prepareServer } from "./vscode-server.js";

/**
 * @typedef {{passed: number, failed: number, flaky: number, skipped?: number}} Counts `flaky` ones have passed, at their
 * second try; `skipped` ones need what this machine lacks
 */

/** @type {Record<string, (parameters: string[]) => Promise<Counts>>} */
const PARTS = {
  build: () => counted("build", ensureBuilt),
  check,
  unit: (parameters) => mocha("test/!(gpu|vscode)/**/!(*.process).test.ts", parameters),
  process: (parameters) => mocha("test/!(gpu|vscode)/**/*.process.test.ts", parameters),
  gpu: async (parameters) => {
    const prepared = await counted("a software graphics card is set up", () =>
      ensurePrograms(["swiftShader", "vulkan"]),
    );
    if (prepared.failed > 0) return prepared;
    return sum(prepared, await mocha("test/gpu/*.test.ts", parameters));
  },
  vscode: async (parameters) => {
    const prepared = await counted("a real VS Code is set up", prepareVSCode);
    if (prepared.failed > 0) return prepared;
    // More than the waits of any test together; and what a busy machine has upset is tried once more, and told of.
    const limits = ["--timeout", "300000", "--retries", "1"];
    return sum(prepared, await mocha("test/vscode/*.test.ts", [...limits, ...parameters]));
  },
};

/** @type {Record<string, string[]>} what runs when one part is asked for */
const NEEDED = {
  build: ["build"],
  check: ["check"],
  unit: ["unit"],
  process: ["build", "process"],
  gpu: ["gpu"],
  vscode: ["build", "vscode"],
};

/** What keeps the house in order; the programs share nothing and run at the same time. */
const CHECKS = {
  "types": ["node_modules/typescript/bin/tsc", "--noEmit"],
  "types of the page": ["node_modules/typescript/bin/tsc", "--noEmit", "--project", "webview"],
  "rooms": ["scripts/rooms.js"],
  "lint": ["node_modules/eslint/bin/eslint.js", "."],
  "format": ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level=warn", "."],
};

/**
 * Runs the part that is named first, the rest going to mocha, or all parts.
 * @param {string[]} parameters for example ["unit", "--grep", "tokenizer"], or none
 */
export async function test([name, ...parameters]) {
  if (name && !(name in PARTS)) throw new Error(`"${name}" is none of: ${Object.keys(PARTS).join(", ")}.`);
  // What VS Code needs may come over the network while the processors are busy; trouble is told where it is needed.
  if (!name) prepareVSCode().catch(() => undefined);
  /** @type {Counts} */
  let counts = { passed: 0, failed: 0, flaky: 0 };
  for (const part of name ? NEEDED[name] : Object.keys(PARTS)) {
    console.log(`\n— ${part} —`);
    const start = performance.now();
    counts = sum(counts, await PARTS[part](parameters));
    console.log(`  ${part} took ${Math.round((performance.now() - start) / 1000)} s`);
    if (part === "build" && counts.failed > 0) break; // the rest would test what was built before
  }
  console.log(`\n${sentenceOf(counts)}`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

/**
 * Breaks things on purpose, as often as a release asks for: --quick for few of each kind, --seed N for others, --KIND N for
 * so many of a kind (runs, sweeps, writers, shortWrites, disks, headers, configs, experiments, records, engineRuns). The rest goes to
 * mocha. What needs root is skipped by name elsewhere, and counted.
 * @param {string[]} parameters
 */
export async function faults(parameters) {
  /** @type {{seed?: number, quick?: boolean, counts: Record<string, number>}} */
  const asked = { counts: {} };
  const others = [];
  for (let i = 0; i < parameters.length; i++) {
    const name = /^--(\w+)$/.exec(parameters[i] ?? "")?.[1];
    if (name === "quick") asked.quick = true;
    else if (name === "seed") asked.seed = wholeNumber(name, parameters[++i]);
    else if (name && FAULTS.includes(name)) asked.counts[name] = wholeNumber(name, parameters[++i]);
    else others.push(parameters[i] ?? "");
  }
  process.env.INVERSION_LAB_FAULTS = JSON.stringify(asked);
  const counts = await mocha("test/faults/*.test.ts", others);
  console.log(`\n${sentenceOf(counts)}, ${counts.skipped ?? 0} skipped`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

const FAULTS = [
  "runs",
  "sweeps",
  "writers",
  "shortWrites",
  "disks",
  "headers",
  "configs",
  "experiments",
  "records",
  "engineRuns",
];

function wholeNumber(/** @type {string} */ name, /** @type {string | undefined} */ value) {
  if (value !== undefined && /^\d{1,9}$/.test(value)) return Number(value);
  throw new Error(`--${name} takes a whole number.`);
}

/** @type {Promise<unknown> | undefined} */
let preparing;

function prepareVSCode() {
  preparing ??= Promise.all([ensurePrograms(["chromium", "rg"]), prepareServer()]);
  return preparing;
}

/** @returns {Promise<Counts>} */
async function check() {
  const results = await Promise.all(
    Object.entries(CHECKS).map(([name, [program = "", ...parameters]]) =>
      counted(name, async () => {
        const script = path.join(root, program);
        await promisify(execFile)(process.execPath, [script, ...parameters], { cwd: root, maxBuffer: 1 << 26 });
      }),
    ),
  );
  return results.reduce(sum);
}

/**
 * Runs something that either succeeds or not, as one test.
 * @param {string} name
 * @param {() => Promise<unknown>} work
 * @returns {Promise<Counts>}
 */
async function counted(name, work) {
  try {
    await work();
    console.log(`  ✔ ${name}`);
    return { passed: 1, failed: 0, flaky: 0 };
  } catch (error) {
    const { message, stdout = "", stderr = "" } = /** @type {Error & {stdout?: string, stderr?: string}} */ (error);
    console.log(`  ✘ ${name}\n${stdout + stderr || message}`);
    return { passed: 0, failed: 1, flaky: 0 };
  }
}

/**
 * @param {string} suite run unless the parameters name files of their own
 * @param {string[]} parameters of mocha
 * @returns {Promise<Counts>}
 */
export async function mocha(suite, parameters) {
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(path.join(cache, "counts-"));
  const file = path.join(folder, "counts.json");
  const reporter = ["--reporter", path.join(import.meta.dirname, "mocha-reporter.js"), "--reporter-option"];
  const files = parameters.some((parameter) => parameter.endsWith(".ts")) ? [] : [suite];
  const script = path.join(root, "node_modules", "mocha", "bin", "mocha.js");
  const child = spawn(process.execPath, [script, ...reporter, `counts=${file}`, ...files, ...parameters], {
    cwd: root,
    stdio: "inherit",
  });
  const [code] = await once(child, "exit");
  try {
    const { passes, failures, pending, flaky } = JSON.parse(await readFile(file, "utf8"));
    return { passed: passes, failed: failures, flaky, skipped: pending };
  } catch {
    console.log(`  ✘ mocha ended with ${code} before its tests did`);
    return { passed: 0, failed: 1, flaky: 0 };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @returns {Counts} */
function sum(/** @type {Counts} */ a, /** @type {Counts} */ b) {
  const skipped = (a.skipped ?? 0) + (b.skipped ?? 0);
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, flaky: a.flaky + b.flaky, skipped };
}

/** "1136 passed, 0 failed, 2 flaky"; without the last where there are none. */
export function sentenceOf(/** @type {Counts} */ { passed, failed, flaky }) {
  return [`${passed} passed`, `${failed} failed`, ...(flaky > 0 ? [`${flaky} flaky`] : [])].join(", ");
}
