// Programs outside npm that VS Code and its tests need: found on the PATH, installed from Debian where that is possible.

import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { withLock } from "./lock.js";
import { cache } from "./ready.js";

const run = promisify(execFile);

/** Debian's package for each program. */
const PACKAGES = { chromium: "chromium", rg: "ripgrep" };

/** @typedef {keyof typeof PACKAGES} Program */

/** @returns {string | undefined} where on the PATH a program is */
export function findProgram(/** @type {string} */ name) {
  const places = (process.env["PATH"] ?? "").split(path.delimiter).map((folder) => path.join(folder, name));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Installs what is missing where apt-get is at hand and we are root. Throws a sentence that says what to install.
 * @param {Program[]} names
 */
export async function ensurePrograms(names) {
  const missing = () => names.filter((name) => !findProgram(name)).map((name) => PACKAGES[name]);
  if (missing().length === 0) return;
  if (process.getuid?.() !== 0 || !findProgram("apt-get")) {
    throw new Error(
      `Missing: ${missing().join(", ")}. Install it, for example: sudo apt-get install ${missing().join(" ")}`,
    );
  }
  await withLock(path.join(cache, "apt.lock"), async () => {
    if (missing().length === 0) return;
    console.error(`Installing Debian's ${missing().join(" and ")}…`);
    await aptGet("update");
    await aptGet("install", "-y", "--no-install-recommends", ...missing());
  });
}

async function aptGet(/** @type {string[]} */ ...parameters) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=120", ...parameters], { env, maxBuffer: 1 << 24 });
}
