// Which device `auto` means: every graphics device of the platform is tried out in a throw-away process with a time
// limit, and the first is taken that works, computes the CPU's gradient, is no software driver, and is faster than the
// CPU. What came of it is kept in the cache folder until the machine looks different. Loads no native code itself.

import { type ChildProcess, fork } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { writeWhole } from "../../common/files.ts";
import { messageOf, throwIfCancelled } from "../../common/errors.ts";
import { nodeProcess } from "../../common/node-process.ts";
import { isCudaPlatform, restoreCudaLibraries, runtimeFolder } from "./cuda-libraries.ts";
import { diagnose } from "./device-diagnosis.ts";
import type { TrialResult } from "./device-trial.ts";
import { automaticDevices, type DeviceName, deviceNamed, devicesOf, type Platform } from "./devices.ts";
import { graphicsCards, graphicsMark, type GraphicsCard } from "./graphics-cards.ts";
import { ONNX_RUNTIME_VERSION } from "../onnxruntime-version.ts";

/** What the throw-away process tells. */
export type TrialMessage =
  ({ readonly works: true } & TrialResult) | { readonly works: false; readonly reason: string };

/** `works` may be chosen by `auto`; `slow`, `software` and `wrong` ran and may not; `fails` did not run. */
export type DeviceStatus = "works" | "slow" | "software" | "wrong" | "fails";

export interface TriedDevice {
  readonly device: DeviceName;
  readonly label: string;
  readonly status: DeviceStatus;
  /** A sentence: how fast it is, or why it is not chosen. */
  readonly reason: string;
  /** What to do about it, where something can be done. */
  readonly fix?: string;
  readonly measured?: TrialResult;
}

export interface DeviceSurvey {
  /** What `auto` means here. */
  readonly automatic: DeviceName;
  /** Every device of the platform, best first, the CPU last. */
  readonly devices: readonly TriedDevice[];
  readonly cards: readonly GraphicsCard[];
}

export interface TrialOptions {
  /** Folder for what can be made again. */
  readonly cacheFolder: string;
  /** The program that tries one device out, `dist/device-trial.cjs`. */
  readonly trialProgram: string;
  readonly platform?: Platform;
  /** How long a trial may take; 30 s by default. */
  readonly limitMs?: number;
  /** Told before each trial. */
  readonly onTrial?: (label: string) => void;
  readonly fork?: typeof fork;
  /** Ends the trial that is going on. */
  readonly signal?: AbortSignal;
}

/** The gradient on a device may differ from the CPU's by this share of its largest element. */
const TOLERANCE = 1e-3;
const LIMIT_MS = 30_000;
/** Drivers are updated without a sign of it; after a week a device is tried again. */
const LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

/** The device that `auto` means, from the cache or by trying. Never throws: the CPU always works. */
export async function automaticDevice(options: TrialOptions): Promise<DeviceName> {
  const { platform = process } = options;
  const names = automaticDevices(platform);
  const mark = await graphicsMark(platform.platform as NodeJS.Platform);
  if (names.length === 0 || mark === "none") return "cpu";
  const key = keyOf(platform, mark);
  const kept = await readKept(options.cacheFolder, key);
  if (kept) return kept;
  const cards = await graphicsCards(platform.platform as NodeJS.Platform);
  for (const device of names) {
    const { status } = await tryOut(device, cards, options);
    if (status === "works") return keep(options.cacheFolder, key, device);
  }
  return keep(options.cacheFolder, key, "cpu");
}

/**
 * Tries out every device of the platform, whatever was kept; what `auto` means from now on comes with it. Throws a
 * LabError (cancelled).
 */
export async function surveyDevices(options: TrialOptions): Promise<DeviceSurvey> {
  const { platform = process } = options;
  const cards = await graphicsCards(platform.platform as NodeJS.Platform);
  const devices: TriedDevice[] = [];
  for (const device of devicesOf(platform)) {
    devices.push(await tryOut(device, cards, options));
    throwIfCancelled(options.signal);
  }
  const automatic =
    automaticDevices(platform).find((name) =>
      devices.some(({ device, status }) => device === name && status === "works"),
    ) ?? "cpu";
  const mark = await graphicsMark(platform.platform as NodeJS.Platform);
  await keep(options.cacheFolder, keyOf(platform, mark), automatic);
  return { automatic, devices, cards };
}

/** Forgets what `auto` means, as when the device it chose has just failed. */
export async function forgetAutomaticDevice(cacheFolder: string): Promise<void> {
  await rm(keptFile(cacheFolder), { force: true }).catch(() => undefined);
}

/** Puts back what a device needs and an update has taken along. */
export async function prepareDevice(
  device: DeviceName,
  { cacheFolder, trialProgram }: Pick<TrialOptions, "cacheFolder" | "trialProgram">,
): Promise<void> {
  if (device !== "cuda" || !isCudaPlatform(process)) return;
  await restoreCudaLibraries({ cacheFolder, runtimeFolder: runtimeFolder(trialProgram, process) });
}

async function tryOut(device: DeviceName, cards: readonly GraphicsCard[], options: TrialOptions): Promise<TriedDevice> {
  const { label } = deviceNamed(device);
  options.onTrial?.(label);
  await prepareDevice(device, options);
  const { message, log } = await trial(device, options);
  return { device, label, ...verdict(device, message, log, cards) };
}

function verdict(
  device: DeviceName,
  message: TrialMessage,
  log: string,
  cards: readonly GraphicsCard[],
): Omit<TriedDevice, "device" | "label"> {
  if (!message.works) return { status: "fails", ...diagnose(device, message.reason, log, cards) };
  const measured: TrialResult = message;
  const { iterationMs, cpuIterationMs, error, softwareDriver } = measured;
  const speed = `${milliseconds(iterationMs)} an iteration of one block`;
  if (device === "cpu") return { status: "works", reason: `${speed}.`, measured };
  const beside = `${speed}, ${milliseconds(cpuIterationMs)} on the processor`;
  // Infinity comes through the channel as null.
  if (!Number.isFinite(error) || error >= TOLERANCE) {
    const reason = `It computes wrong: its gradient is ${error?.toPrecision(2) ?? "infinitely far"} away from the processor's.`;
    return { status: "wrong", reason, fix: "Update the graphics driver.", measured };
  }
  if (softwareDriver) {
    const reason = `${softwareDriver} computes on the processor in a card's place: ${beside}. It is never chosen by itself.`;
    return { status: "software", reason, measured };
  }
  if (iterationMs >= cpuIterationMs) {
    return { status: "slow", reason: `It works and is the slower one: ${beside}.`, measured };
  }
  return { status: "works", reason: `${beside}.`, measured };
}

const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/** What the process said, or became; and what it wrote. */
async function trial(device: DeviceName, options: TrialOptions): Promise<{ message: TrialMessage; log: string }> {
  const { trialProgram, limitMs = LIMIT_MS, signal, fork: forkProcess = fork } = options;
  let child: ChildProcess;
  try {
    const env = deviceNamed(device).environment;
    child = forkProcess(trialProgram, [device], { ...nodeProcess(env), stdio: ["ignore", "ignore", "pipe", "ipc"] });
  } catch (error) {
    return { message: { works: false, reason: messageOf(error) }, log: "" };
  }
  let log = "";
  child.stderr?.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-LOG_LENGTH)));
  const message = await new Promise<TrialMessage>((resolve) => {
    const failed = (reason: string) => resolve({ works: false, reason });
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      failed(`It did not answer within ${limitMs / 1000} s.`);
    }, limitMs);
    signal?.addEventListener("abort", () => child.kill("SIGKILL"), { once: true });
    child.once("message", (told) => resolve(told as TrialMessage));
    child.once("error", (error) => failed(`It could not be tried: ${messageOf(error)}.`));
    child.once("close", (code, signal) => {
      clearTimeout(limit);
      failed(`Its driver ended the process (${signal ?? `exit code ${code}`}).`);
    });
  });
  return { message, log };
}

const LOG_LENGTH = 1 << 16;

/** What decides whether a kept outcome still holds. */
function keyOf({ platform, arch }: Platform, mark: string): string {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, CUDA_VISIBLE_DEVICES } = process.env;
  return JSON.stringify([
    ONNX_RUNTIME_VERSION,
    platform,
    arch,
    os.release(),
    mark,
    VK_DRIVER_FILES,
    VK_ICD_FILENAMES,
    CUDA_VISIBLE_DEVICES,
  ]);
}

const keptFile = (cacheFolder: string): string => path.join(cacheFolder, "devices.json");

async function readKept(cacheFolder: string, key: string): Promise<DeviceName | undefined> {
  try {
    const kept = JSON.parse(await readFile(keptFile(cacheFolder), "utf8")) as Record<string, unknown>;
    const age = Date.now() - Number(kept.at);
    const known = devicesOf(process).find((device) => device === kept.device);
    return kept.key === key && age >= 0 && age < LIFETIME_MS ? known : undefined;
  } catch {
    return undefined;
  }
}

/** A cache that cannot be written costs the next run a trial, and nothing else. */
async function keep(cacheFolder: string, key: string, device: DeviceName): Promise<DeviceName> {
  const text = JSON.stringify({ key, device, at: Date.now() });
  await writeWhole(keptFile(cacheFolder), text).catch(() => undefined);
  return device;
}
