// The program that makes the project ready stays out of the way once it is: little time, and no words on stdout.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = (...parameters: string[]) => spawnSync(process.execPath, parameters, { cwd: ROOT, encoding: "utf8" });
const { version } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as { version: string };

describe("scripts/run.js", () => {
  before(function () {
    this.timeout(120_000);
    run("scripts/run.js", "build");
  });

  it("leaves streams and exit code to the program", () => {
    const good = run("scripts/run.js", "cli", "--version");
    assert.deepEqual([good.status, good.stdout, good.stderr], [0, `${version}\n`, ""]);
    const bad = run("scripts/run.js", "cli", "--no-such-flag");
    assert.deepEqual([bad.status, bad.stdout], [2, ""]);
  });

  it("costs less than 100 ms when all is ready", function () {
    const best = (...parameters: string[]): number =>
      Math.min(
        ...Array.from({ length: 5 }, () => {
          const start = performance.now();
          run(...parameters, "--version");
          return performance.now() - start;
        }),
      );
    const cost = best("scripts/run.js", "cli") - best("dist/cli.cjs");
    if (this.test) this.test.title += `: ${cost.toFixed(0)} ms`;
    assert.ok(cost < 100);
  });

  it("names the programs when it is given another name", () => {
    const { status, stderr } = run("scripts/run.js", "nonsense");
    assert.equal(status, 1);
    assert.match(stderr, /"nonsense" is none of: cli, start/);
  });
});
