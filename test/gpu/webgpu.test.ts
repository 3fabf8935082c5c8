// The WebGPU provider on a software adapter: Chromium's SwiftShader, found through Vulkan's loader.
// It shows that every operator has a WebGPU kernel and computes right; it says nothing about speed or real drivers.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { METRICS } from "../../src/networks/options.ts";
import type { EndEvent, StartEvent } from "../../src/experiments/events.ts";
import { FULLY_CONNECTED_KINDS } from "../../src/networks/options.ts";
import { OUTPUTS } from "../../src/networks/outputs.ts";
import type { DeviceSurvey } from "../../src/runtime/devices/device-choice.ts";
import { SWIFT_SHADER } from "../../scripts/programs.js";
import { ensureBuilt, root } from "../../scripts/ready.js";

/** A software adapter shares the processor with whatever else is at work. */
const LIMIT_MS = 300_000;
const ENVIRONMENT = { ...process.env, VK_DRIVER_FILES: SWIFT_SHADER, XDG_RUNTIME_DIR: "/tmp" };

/** Runs a program of this folder in a process of its own, where a driver may crash without harm. */
async function run(program: string) {
  const file = path.join(import.meta.dirname, program);
  return promisify(execFile)(process.execPath, ["--import=tsx/esm", file], {
    env: ENVIRONMENT,
    maxBuffer: 1 << 28,
    timeout: LIMIT_MS, // what mocha gave up on must not go on computing
  });
}

describe("WebGPU", function () {
  this.timeout(LIMIT_MS);

  it("takes every node of every graph of every network", async () => {
    const { stderr } = await run("node-placement.ts");
    const graphs = stderr.split(/^graph /m).slice(1);
    const networks = OUTPUTS.length + 1 + FULLY_CONNECTED_KINDS.length; // one of them has weights in 16 bits
    assert.equal(graphs.length, networks * (METRICS.length + 3));
    for (const log of graphs) {
      assert.match(log, /All nodes placed on \[WebGpuExecutionProvider\]/, log.split("\n")[0]);
    }
  });

  it("computes the CPU's gradient of every network to 1e-3", async () => {
    const errors = Object.entries(JSON.parse((await run("gradient-errors.ts")).stdout) as Record<string, number>);
    assert.equal(errors.length, OUTPUTS.length + FULLY_CONNECTED_KINDS.length + METRICS.length);
    for (const [name, error] of errors) assert.ok(error < 1e-3, `${name}: ${error}`);
  });

  it("gives the prompt back in a whole inversion", async () => {
    const [start, end] = (await run("inversion.ts")).stdout.trim().split("\n");
    assert.equal((JSON.parse(start) as StartEvent).device, "webgpu");
    const { best } = JSON.parse(end) as EndEvent;
    assert.deepEqual([best.text, best.exact], ["The sky is blue.", true]);
  });

  it("proves every token at every depth in an exact recovery", async () => {
    const [start, end] = (await run("exact-recovery.ts")).stdout.trim().split("\n");
    assert.equal((JSON.parse(start) as StartEvent).device, "webgpu");
    const { best } = JSON.parse(end) as EndEvent;
    assert.equal(best.text, "at the a of is in to");
    assert.deepEqual(
      best.depths!.map(({ certainty }) => certainty!.every((word) => word === "proved")),
      [true, true],
    );
  });

  it("says that it does not know 16 bits, which this driver lacks", async () => {
    const { stdout } = await run("float16-weights.ts");
    assert.match(stdout, /^badInput: The device webgpu does not compute in 16 bits here: use the stored weights, or/);
  });

  it("is never what auto means, with a software adapter", async function () {
    await ensureBuilt();
    const folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-gpu-"));
    const doctor = [path.join(root, "dist/cli.cjs"), "doctor", "--json", "--cache", folder];
    const { stdout } = await promisify(execFile)(process.execPath, doctor, { env: ENVIRONMENT });
    await rm(folder, { recursive: true });
    const { automatic, devices } = JSON.parse(stdout) as DeviceSurvey;
    assert.equal(automatic, "cpu");
    assert.equal(devices.find(({ device }) => device === "webgpu")!.status, "software");
  });
});
