// From the person's settings to what a run needs: settings that are fields of the experiment spec bear their names.

import path from "node:path";
import { LabError } from "../common/errors.ts";
import { cacheFolder } from "../common/folders.ts";
import { COMMON_FIELDS, type ExperimentSpec, valuesOf } from "../experiments/common-fields.ts";
import { defaultMethod, methodOf } from "../experiments/methods/table.ts";

/** Fields that all methods have and that have a setting of their name under `inversionLab.`. */
export const COMMON_SETTINGS = [
  "checkpoint",
  "initSeed",
  "blocks",
  "output",
  "positions",
  "metric",
  "seed",
  "restarts",
  "dtype",
  "topK",
  "decoder",
  "device",
  "weights",
  "memory",
] as const satisfies readonly (keyof typeof COMMON_FIELDS)[];

/** Those of them that a method takes as they are: a field that it has rules of its own for is not asked of it. */
export const commonSettingsOf = (method: string): readonly (keyof typeof COMMON_FIELDS)[] =>
  COMMON_SETTINGS.filter((field) => !(field in methodOf(method).schema));

export type ReadSetting = (name: string) => unknown;

/** The setting of a method's own field, under `inversionLab.`: the default method's bear the field's name alone. */
export const settingOf = (method: string, field: string): string =>
  method === defaultMethod().name ? field : `${method}.${field}`;

/** What the settings ask for of a method; not checked yet. */
export function requestFromSettings(
  read: ReadSetting,
  method = defaultMethod().name,
): Readonly<Record<string, unknown>> {
  const settings = [
    ...commonSettingsOf(method).map((field) => [field, read(field)] as const),
    ...methodOf(method).settings.map((field) => [field, read(settingOf(method, field))] as const),
  ];
  return { method, ...Object.fromEntries(settings.filter(([, value]) => value !== undefined)) };
}

/** The same prompt through the same network by another method: all that its own rules leave as it is. */
export function sameThrough(spec: ExperimentSpec, method: string): Readonly<Record<string, unknown>> {
  const { schema } = methodOf(method);
  const shared = Object.entries(valuesOf(spec)).filter(([field]) => field in COMMON_FIELDS && !(field in schema));
  return { ...Object.fromEntries(shared), method };
}

interface Machine {
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
