// The command line that repeats a run, checked against a shell.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { shellLine } from "../../src/reports/command-line.ts";
import { hardText } from "../support/hard-text.ts";

describe("the command line of a run", () => {
  it("reaches a program through the shell as it was meant", function () {
    if (process.platform === "win32") this.skip(); // has no sh
    const all = fc.sample(hardText, 300);
    const { stdout } = spawnSync("sh", ["-c", `printf '%s\\0' ${shellLine(all, "linux")}`], { encoding: "utf8" });
    assert.deepEqual(stdout.split("\0").slice(0, -1), all);
  });
});
