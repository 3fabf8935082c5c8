// Runs the tests of this folder with mocha inside VS Code's extension host, and writes what came of them as JSON into
// the file that the environment variable names.

import { readdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import Mocha from "mocha";
import { RESULTS_VARIABLE, type HostTest } from "./results.ts";

/** VS Code calls this; the extension host ends when it has settled. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ timeout: 120_000 });
  for (const name of readdirSync(__dirname)) {
    if (name.endsWith(".test.cjs")) mocha.addFile(path.join(__dirname, name));
  }
  const tests: HostTest[] = [];
  await new Promise((resolve) =>
    mocha
      .run(resolve)
      .on("pass", (test) => tests.push({ title: test.fullTitle() }))
      .on("fail", (test, error: Error) => tests.push({ title: test.fullTitle(), error: error.stack ?? error.message })),
  );
  const file = process.env[RESULTS_VARIABLE] ?? "";
  writeFileSync(`${file}.part`, JSON.stringify(tests));
  renameSync(`${file}.part`, file); // who waits for it finds all of it
}
