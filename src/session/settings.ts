// From the person's settings to what a run needs: settings that are fields of the experiment spec bear their names.

import path from "node:path";
import { LabError } from "../common/errors.ts";
import { cacheFolder } from "../common/folders.ts";
import {
  type ClampedWalkSpec,
  COMMON_FIELDS,
  type InversionRequest,
  type MethodName,
  type OrthogonalWalkSpec,
} from "../experiments/spec.ts";

/** Fields of the spec that have a setting of their name under `inversionLab.`. */
export const SPEC_SETTINGS = [
  "checkpoint",
  "initSeed",
  "blocks",
  "output",
  "positions",
  "iterations",
  "learningRate",
  "optimizer",
  "metric",
  "start",
  "seed",
  "restarts",
  "dtype",
  "topK",
  "decoder",
  "device",
  "weights",
  "memory",
] as const satisfies readonly (keyof InversionRequest)[];

/** The value of a setting under `inversionLab.`. */
export type ReadSetting = (name: string) => unknown;

/** What the settings ask for; not checked yet. */
export function requestFromSettings(read: ReadSetting): Partial<InversionRequest> {
  const set = SPEC_SETTINGS.map((name) => [name, read(name)] as const).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set);
}

/** Fields of a walk's own that have a setting, `inversionLab.METHOD.FIELD`; the common ones are shared with inversion. */
export const WALK_SETTINGS = {
  orthogonalWalk: ["iterations", "learningRate", "direction", "nullVector"] satisfies (keyof OrthogonalWalkSpec)[],
  clampedWalk: ["iterations", "randEta", "learningRate", "innerSteps"] satisfies (keyof ClampedWalkSpec)[],
} as const;
export type WalkName = keyof typeof WALK_SETTINGS & MethodName;

/** What the settings ask for of a walk; not checked yet. */
export function walkFromSettings(method: WalkName, read: ReadSetting): Readonly<Record<string, unknown>> {
  const isCommon = (name: string): boolean => (COMMON_FIELDS as readonly string[]).includes(name);
  const common = Object.entries(requestFromSettings(read)).filter(([name]) => isCommon(name));
  const own = WALK_SETTINGS[method].map((name) => [name, read(`${method}.${name}`)] as const);
  return {
    method,
    ...Object.fromEntries(common),
    ...Object.fromEntries(own.filter(([, value]) => value !== undefined)),
  };
}

/** This machine, as far as it decides where files go. */
export interface Machine {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/** The folder of the setting `inversionLab.cacheFolder`, or the lab's own. Throws a LabError (badInput). */
export function cacheFolderFromSettings(read: ReadSetting, { env, platform, home }: Machine): string {
  const setting = read("cacheFolder");
  if (typeof setting !== "string" || setting.trim() === "") return cacheFolder(env, platform, home);
  const folder = setting.trim().replace(/^~(?=$|[\\/])/, home);
  if (path.isAbsolute(folder)) return folder;
  throw new LabError(
    "badInput",
    `The setting inversionLab.cacheFolder is "${setting}": give the folder's whole path, or leave it empty.`,
  );
}
