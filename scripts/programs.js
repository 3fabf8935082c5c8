// What VS Code and the tests need from outside npm: found where it is, installed from Debian where that is possible.

import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { withLock } from "./lock.js";
import { cache } from "./ready.js";

const run = promisify(execFile);

/** Vulkan driver of Chromium that computes on the CPU: a graphics card for tests. */
export const SWIFT_SHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Where Debian puts Vulkan's loader. */
const VULKAN_LOADERS = ["x86_64", "aarch64"].map((machine) => `/usr/lib/${machine}-linux-gnu/libvulkan.so.1`);

/** Debian's package for each thing, and whether it is there. */
const NEEDS = {
  chromium: { debian: "chromium", present: () => findProgram("chromium") !== undefined },
  rg: { debian: "ripgrep", present: () => findProgram("rg") !== undefined },
  swiftShader: { debian: "chromium-common", present: () => existsSync(SWIFT_SHADER) },
  vulkan: { debian: "libvulkan1", present: () => VULKAN_LOADERS.some((file) => existsSync(file)) },
};

/** @typedef {keyof typeof NEEDS} Need */

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
 * @param {Need[]} names
 */
export async function ensurePrograms(names) {
  const missing = () => names.filter((name) => !NEEDS[name].present()).map((name) => NEEDS[name].debian);
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
