// The WebGPU provider on a graphics card made of software: Chromium's SwiftShader, found through Vulkan's loader.
// It shows that every operator has a WebGPU kernel and computes right; it says nothing about speed or real drivers.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { METRICS } from "../../src/networks/distance.ts";
import { OUTPUTS } from "../../src/networks/gpt2-config.ts";
import { SWIFT_SHADER } from "../../scripts/programs.js";

/** Runs a program of this folder in a process of its own, where a driver may crash without harm. */
async function run(program: string) {
  const file = path.join(import.meta.dirname, program);
  const env = { ...process.env, VK_DRIVER_FILES: SWIFT_SHADER, XDG_RUNTIME_DIR: "/tmp" };
  return promisify(execFile)(process.execPath, ["--import=tsx/esm", file], { env, maxBuffer: 1 << 27 });
}

describe("WebGPU", function () {
  this.timeout(120_000);

  it("takes every operator of every output and metric", async () => {
    const { stderr } = await run("node-placement.ts");
    const whole = stderr.match(/All nodes placed on \[WebGpuExecutionProvider\]/g) ?? [];
    assert.equal(whole.length, METRICS.length * OUTPUTS.length);
  });

  it("computes the CPU's gradient to 1e-3", async () => {
    const { stdout } = await run("gradient-error.ts");
    assert.ok(Number(stdout) < 1e-3, stdout);
  });
});
