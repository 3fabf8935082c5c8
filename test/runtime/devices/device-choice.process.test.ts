// What `auto` means: only a device that was seen to work, right and faster than the CPU, whatever its driver does.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { surveyDevices, type TrialMessage, type TrialOptions } from "../../../src/runtime/devices/device-choice.ts";
import { diagnose } from "../../../src/runtime/devices/device-diagnosis.ts";
import { automaticDevices, DEVICE_NAMES, devicesOf, whereDeviceExists } from "../../../src/runtime/devices/devices.ts";
import { temporaryFolders } from "../../support/temporary-folders.ts";

const measured = { works: true, openMs: 40, iterationMs: 1, cpuIterationMs: 4, error: 1e-6 } as const;
const LINUX = { platform: "linux", arch: "x64" };

interface Plan {
  readonly message?: TrialMessage;
  readonly log?: string;
  readonly crash?: boolean;
  readonly hang?: boolean;
}

describe("the devices", () => {
  const folder = temporaryFolders();
  const options = async (trials: Record<string, Plan>, limitMs = 60_000): Promise<TrialOptions> => ({
    cacheFolder: await folder(),
    trialProgram: path.join(import.meta.dirname, "fixtures/fake-trial.js"),
    platform: LINUX,
    limitMs,
    fork: ((program: string, parameters: string[], { env, ...others }: { env: NodeJS.ProcessEnv }) =>
      fork(program, parameters, { ...others, env: { ...env, FAKE_TRIALS: JSON.stringify(trials) } })) as typeof fork,
  });
  const survey = async (trials: Record<string, Plan>, limitMs?: number) =>
    surveyDevices(await options({ cpu: { message: measured }, ...trials }, limitMs));
  const statusOf = async (webgpu: Plan, limitMs?: number) => {
    const { automatic, devices } = await survey({ webgpu }, limitMs);
    return [automatic, devices.find(({ device }) => device === "webgpu")!.status];
  };

  it("chooses the first that works, in the platform's order", async () => {
    const both = { cuda: { message: measured }, webgpu: { message: measured } };
    assert.equal((await survey(both)).automatic, "cuda");
    assert.equal((await survey({ webgpu: { message: measured } })).automatic, "webgpu");
  });

  it("never chooses a software driver, even one that claims to be fast", async () => {
    assert.deepEqual(await statusOf({ message: { ...measured, softwareDriver: "SwiftShader" } }), ["cpu", "software"]);
  });

  it("never chooses what is slower than the processor, or wrong", async () => {
    assert.deepEqual(await statusOf({ message: { ...measured, iterationMs: 5 } }), ["cpu", "slow"]);
    assert.deepEqual(await statusOf({ message: { ...measured, error: 0.01 } }), ["cpu", "wrong"]);
    // NaN comes as null through JSON.
    assert.deepEqual(await statusOf({ message: { ...measured, error: NaN } }), ["cpu", "wrong"]);
  });

  it("outlives a driver that crashes and one that hangs", async () => {
    assert.deepEqual(await statusOf({ crash: true }), ["cpu", "fails"]);
    assert.deepEqual(await statusOf({ hang: true }, 2000), ["cpu", "fails"]);
  });

  it("keeps what came of it, and does not mind a cache that cannot be written", async () => {
    const trial = await options({ cpu: { message: measured }, cuda: { message: measured } });
    await surveyDevices(trial);
    assert.equal(
      (JSON.parse(await readFile(path.join(trial.cacheFolder, "devices.json"), "utf8")) as { device: string }).device,
      "cuda",
    );
    const file = path.join(await folder(), "file");
    await writeFile(file, "");
    assert.equal((await surveyDevices({ ...trial, cacheFolder: path.join(file, "below") })).automatic, "cuda");
  });

  it("says why a device does not work, and what to do", () => {
    const nvidia = [{ name: "NVIDIA GeForce RTX 4090" }];
    const says = (device: "cuda" | "webgpu", log: string, cards = nvidia) => diagnose(device, "Failed.", log, cards);
    const shared = "libonnxruntime_providers_shared.so: cannot open shared object file: No such file or directory";
    assert.match(says("cuda", shared).fix!, /inversion-lab doctor --cuda fetch/);
    assert.equal(says("cuda", shared, []).fix, undefined);
    assert.match(
      says("cuda", "libcudnn.so.9: cannot open shared object file").reason,
      /cuDNN 9 is missing \(libcudnn\.so\.9\)/,
    );
    assert.match(
      says("cuda", "libcublasLt.so.12: cannot open shared object file").reason,
      /CUDA 12's runtime is missing/,
    );
    assert.match(says("cuda", "CUDA driver version is insufficient for CUDA runtime version").fix!, /525 or newer/);
    assert.match(says("webgpu", "Failed to get a WebGPU adapter: No supported adapters").fix!, /Vulkan/);
    assert.match(
      says("webgpu", "Failed to get a WebGPU adapter: No supported adapters", []).reason,
      /No graphics card/,
    );
  });

  it("are on every platform in one table", () => {
    const platforms = ["linux-x64", "linux-arm64", "darwin-arm64", "win32-x64", "win32-arm64"].map((name) => {
      const [platform, arch] = name.split("-");
      return { platform, arch };
    });
    for (const platform of platforms) {
      assert.equal(devicesOf(platform).at(-1), "cpu");
      for (const name of automaticDevices(platform)) assert.ok(devicesOf(platform).includes(name));
    }
    for (const name of DEVICE_NAMES)
      assert.ok(
        platforms.some((platform) => devicesOf(platform).includes(name)),
        name,
      );
    assert.equal(whereDeviceExists("dml"), "ONNX Runtime has DirectML on win32-x64, win32-arm64 only.");
  });
});
