// Packs the extension for one platform: npm run package -- [--target linux-x64]

import { createVSIX } from "@vscode/vsce";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { cache, root } from "./ready.js";

/** Where onnxruntime-node keeps its binaries for each platform that VS Code and it have in common. */
export const BINARIES = {
  "linux-x64": "linux/x64/*",
  "linux-arm64": "linux/arm64/*",
  "darwin-arm64": "darwin/arm64/{*.node,libonnxruntime.1.dylib}", // the third file is a copy that nothing loads
  "win32-x64": "win32/x64/*",
  "win32-arm64": "win32/arm64/*",
};

/** Writes the VSIX into the project's folder, or where `--out` says. */
export async function main(/** @type {string[]} */ parameters) {
  const { target, out } = parseArgs({
    args: parameters,
    options: { target: { type: "string", default: `${process.platform}-${process.arch}` }, out: { type: "string" } },
  }).values;
  const { name, version } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8"));
  const file = path.resolve(out ?? path.join(root, `${name}-${target}-${version}.vsix`));
  await packageExtension(target, file);
  console.log(`${file}: ${((await stat(file)).size / 1e6).toFixed(1)} MB`);
}

/**
 * Packs dist/ as it is. Throws a sentence for a platform that has no binaries.
 * @param {string} target for example linux-x64
 * @param {string} file the VSIX to write
 */
export async function packageExtension(target, file) {
  if (!isTarget(target)) {
    throw new Error(`No package can be made for ${target}: the targets are ${Object.keys(BINARIES).join(", ")}.`);
  }
  const folder = await mkdtemp(path.join(cache, "package-"));
  try {
    const ignoreFile = path.join(folder, "ignore");
    const common = await readFile(path.join(root, ".vscodeignore"), "utf8");
    await writeFile(ignoreFile, `${common}!node_modules/onnxruntime-node/bin/napi-v6/${BINARIES[target]}\n`);
    await createVSIX({
      cwd: root,
      packagePath: file,
      target,
      ignoreFile,
      allowMissingRepository: true,
      rewriteRelativeLinks: false,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @returns {target is keyof typeof BINARIES} */
function isTarget(/** @type {string} */ target) {
  return target in BINARIES;
}
