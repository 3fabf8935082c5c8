// Keeps node_modules what package-lock.json says and dist/ what the sources say. Uses only what Node brings along, so
// it runs in a fresh clone; when nothing is to be done it costs some stat calls and two small files read.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** What may be deleted at any time and comes back by itself. */
export const cache = path.join(root, ".cache");
/** Written beside the bundles: the sources they were made of. */
const STAMP = "sources.txt";

/** Everything that decides what the bundles contain. */
const SOURCES = ["src", "webview", "scripts/build.js", "package.json", "package-lock.json"];

/** Installs the packages of package-lock.json unless they are there. Throws a sentence when npm fails. */
export async function ensureModules() {
  if (modulesMatch()) return;
  const { withLock } = await import("./lock.js");
  await withLock(path.join(cache, "modules.lock"), async () => {
    if (modulesMatch()) return;
    console.error("Installing the packages that package-lock.json lists (once; under a minute)…");
    await npm(["ci", "--no-audit", "--no-fund"], root);
  });
}

/** Builds dist/ unless it was made of the sources as they are. Throws when they do not build. */
export async function ensureBuilt() {
  if (isBuilt()) return;
  const { withLock } = await import("./lock.js");
  await withLock(path.join(cache, "build.lock"), async () => {
    if (isBuilt()) return;
    const stamp = sourceList(); // before the build: what is saved during it belongs to the next one
    const { build } = await import("./build.js");
    await build({ [STAMP]: stamp });
  });
}

/**
 * Runs npm; its complaints go to stderr. Throws a sentence when it fails.
 * @param {string[]} parameters
 * @param {string} folder
 * @returns {Promise<string>} what it wrote to stdout
 */
export async function npm(parameters, folder) {
  // Under `npm run` this is the npm that runs us; otherwise the one on the PATH (a .cmd file on Windows).
  const self = process.env["npm_execpath"];
  const [program, first] = self?.endsWith("npm-cli.js") ? [process.execPath, [self]] : ["npm", []];
  const child = spawn(program, [...first, "--loglevel=error", ...parameters], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
    shell: program === "npm" && process.platform === "win32",
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`npm ${parameters[0]} failed in ${folder} with exit code ${code}.`);
  return output;
}

/** npm writes its own list of what it has installed last of all, so an interrupted installation leaves none. */
function modulesMatch() {
  const installed = packagesOf("node_modules/.package-lock.json");
  if (!installed) return false;
  const wanted = packagesOf("package-lock.json") ?? {};
  return Object.entries(wanted).every(([place, { integrity, optional }]) =>
    place === "" || installed[place] === undefined
      ? place === "" || optional === true
      : installed[place].integrity === integrity,
  );
}

/** @returns {Record<string, {integrity?: string, optional?: boolean}> | undefined} */
function packagesOf(/** @type {string} */ lockFile) {
  try {
    return JSON.parse(readFileSync(path.join(root, lockFile), "utf8")).packages;
  } catch {
    return undefined;
  }
}

function isBuilt() {
  try {
    return readFileSync(path.join(root, "dist", STAMP), "utf8") === sourceList();
  } catch {
    return false;
  }
}

/** Name, time and size of every source file, a line each. */
function sourceList() {
  return SOURCES.flatMap(filesUnder)
    .map((file) => {
      const { mtimeMs, size } = statSync(path.join(root, file));
      return `${file} ${mtimeMs} ${size}\n`;
    })
    .join("");
}

/** @returns {string[]} */
function filesUnder(/** @type {string} */ place) {
  if (!statSync(path.join(root, place)).isDirectory()) return [place];
  return readdirSync(path.join(root, place), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
}
