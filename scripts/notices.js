// The licences of the packages that the bundles contain or need beside them; their terms ask for a copy in each package.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./ready.js";

/**
 * @param {string[]} inputs every source file of the bundles, as esbuild's metafile names them
 * @param {string[]} beside further packages that are shipped as they are
 * @returns {string}
 */
export function thirdPartyNotices(inputs, beside) {
  const bundled = inputs.flatMap((input) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
  const folders = new Set([...bundled, ...beside.map((name) => `node_modules/${name}`)]);
  const notices = [...folders].sort().map((folder) => notice(path.join(root, folder)));
  return ["Inversion Lab contains the following packages.", ...notices].join(`\n\n${"-".repeat(80)}\n\n`) + "\n";
}

function notice(/** @type {string} */ folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  const by = typeof author === "string" ? author : author?.name;
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  return [
    `${name} ${version} (${license}${by ? `, ${by}` : ""})`,
    ...texts.map((file) => readFileSync(path.join(folder, file), "utf8").trim()),
  ].join("\n\n");
}
