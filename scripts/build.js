// Bundles the extension, the engine, the terminal program and the pages into dist/.

import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import esbuild from "esbuild";
import { thirdPartyNotices } from "./notices.js";
import { cache, root } from "./ready.js";

/** What only some runs need is a file of its own, no part of the programs that load it when they do. */
const BESIDE = {
  undici: "undici",
  tokenizer: "src/text/tokenizer.ts",
};

/** @type {import("esbuild").Plugin} */
const loadedLater = {
  name: "what is loaded later is a file of its own",
  setup: (build) =>
    build.onResolve({ filter: /^undici$|\/tokenizer\.ts$/ }, ({ kind, path: asked }) => {
      if (kind !== "dynamic-import") return undefined;
      const found = Object.entries(BESIDE).find(([, file]) => path.basename(file) === path.basename(asked));
      return found && { path: `./${found[0]}.cjs`, external: true };
    }),
};

/**
 * Programs that Node or the extension host runs; CommonJS, because that is what VS Code loads.
 * @satisfies {import("esbuild").BuildOptions}
 */
const node = {
  entryPoints: {
    "extension": "src/extension.ts",
    "engine": "src/engine/main.ts",
    "device-trial": "src/runtime/devices/trial-process.ts",
    "weights-worker": "src/checkpoints/generated/weights-worker.ts",
    "download-worker": "src/checkpoints/hub/download-worker.ts",
    "cli": "src/cli.ts",
    ...BESIDE,
  },
  platform: "node",
  target: "node20",
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  external: ["vscode", "onnxruntime-node"],
  plugins: [loadedLater],
};

/**
 * Pages know the methods by their words and carry none out: what a run would load is not part of them.
 * @type {import("esbuild").Plugin}
 */
const nothingLater = {
  name: "nothing is loaded later",
  setup: (build) =>
    build.onResolve({ filter: /.*/ }, ({ kind }) => (kind === "dynamic-import" ? { external: true } : undefined)),
};

/** @satisfies {import("esbuild").BuildOptions} */
const page = {
  entryPoints: { "webview/panel": "webview/panel.ts", "webview/sweeps": "webview/sweeps.ts" },
  platform: "browser",
  target: "es2022",
  format: "iife",
  loader: { ".css": "css" },
  plugins: [nothingLater],
};

/** Packages that stay outside the bundles, with those that they need. */
const SHIPPED_BESIDE = ["onnxruntime-node", "onnxruntime-common"];

/** @satisfies {import("esbuild").BuildOptions} */
const common = {
  absWorkingDir: root,
  outdir: "dist",
  bundle: true,
  minify: true,
  keepNames: true,
  sourcemap: "linked",
  legalComments: "none", // all licences are in the notices
  logLevel: "warning",
};

/**
 * Builds everything and then puts it in the place of dist/ at once, so that nobody meets half a build. One at a time.
 * @param {Record<string, string>} alongside further files of dist/, content by name
 */
export async function build(alongside) {
  const dist = path.join(root, "dist");
  const fresh = path.join(cache, "dist-new");
  const stale = path.join(cache, "dist-old");
  const bundles = await Promise.all([node, page].map((options) => bundle(options)));
  const inputs = bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const texts = { ...alongside, "ThirdPartyNotices.txt": thirdPartyNotices(inputs, SHIPPED_BESIDE) };
  const files = [
    ...bundles.flatMap(({ outputFiles }) => outputFiles),
    ...Object.entries(texts).map(([name, contents]) => ({ path: path.join(dist, name), contents })),
  ];
  await rm(fresh, { recursive: true, force: true });
  await rm(stale, { recursive: true, force: true });
  for (const file of files) {
    const place = path.join(fresh, path.relative(dist, file.path));
    await mkdir(path.dirname(place), { recursive: true });
    await writeFile(place, file.contents);
  }
  if (existsSync(dist)) await rename(dist, stale);
  await rename(fresh, dist);
  await rm(stale, { recursive: true, force: true });
}

async function bundle(/** @type {import("esbuild").BuildOptions} */ options) {
  try {
    return await esbuild.build({ ...common, ...options, write: false, metafile: true });
  } catch (error) {
    throw new Error("The sources do not build; what is wrong is said above.", { cause: error });
  }
}

/** Builds, and again at every change of a source, until the process ends. */
export async function watch() {
  await rm(path.join(root, "dist"), { recursive: true, force: true });
  for (const options of [node, page])
    await (await esbuild.context({ ...common, ...options, logLevel: "info" })).watch();
}
