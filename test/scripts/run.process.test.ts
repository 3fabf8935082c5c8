// The program that makes the project ready stays out of the way once it is: it makes nothing, and has no words on stdout.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = (...parameters: string[]) => spawnSync(process.execPath, parameters, { cwd: ROOT, encoding: "utf8" });
const { version } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as { version: string };

describe("scripts/run.js", () => {
  before(() => {
    run("scripts/run.js", "build");
  });

  it("leaves streams and exit code to the program", () => {
    const good = run("scripts/run.js", "cli", "--version");
    assert.deepEqual([good.status, good.stdout, good.stderr], [0, `${version}\n`, ""]);
    const bad = run("scripts/run.js", "cli", "--no-such-flag");
    assert.deepEqual([bad.status, bad.stdout], [2, ""]);
  });

  it("makes nothing anew when all is ready", () => {
    const made = () =>
      ["dist/sources.txt", "dist/cli.cjs", "node_modules/.package-lock.json"].map(
        (file) => statSync(path.join(ROOT, file)).mtimeMs,
      );
    const before = made();
    const { status, stderr } = run("scripts/run.js", "cli", "--version");
    assert.deepEqual([status, stderr], [0, ""]);
    assert.deepEqual(made(), before);
  });

  it("names the programs when it is given another name", () => {
    const { status, stderr } = run("scripts/run.js", "nonsense");
    assert.equal(status, 1);
    assert.match(stderr, /"nonsense" is none of: cli, start/);
  });
});
