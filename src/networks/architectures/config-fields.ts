// Fields of a config.json, each checked. Errors are what an architecture's readConfig throws.

import { shortJson } from "../../common/short-json.ts";
import { LabError } from "../../common/errors.ts";
import { type Activation, ACTIVATION_NAMES, activationNamed } from "../activations.ts";
import type { ConfigJson } from "./architecture.ts";

export const unsupported = (why: string): LabError => new LabError("checkpoint", why);

/** Throws unless the field is missing or has the one value that is computed with. */
export function checkFixed(json: ConfigJson, name: string, value: boolean): void {
  if ((json[name] ?? value) === value) return;
  throw unsupported(`its ${name} is ${shortJson(json[name])}, and only ${value} is supported`);
}

export function countField(json: ConfigJson, name: string, byDefault: number): number {
  const value = json[name] ?? byDefault;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw unsupported(`its ${name} is ${shortJson(value)}, and must be a whole number from 1 on`);
}

/** Far above what any network has; numbers of this size are all that is made of one that is larger. */
const LARGEST = 1000;

export function positiveField(json: ConfigJson, name: string, byDefault: number): number {
  const value = json[name] ?? byDefault;
  if (typeof value === "number" && value > 0 && value <= LARGEST) return value;
  throw unsupported(`its ${name} is ${shortJson(value)}, and must be a positive number, at most ${LARGEST}`);
}

export function booleanField(json: ConfigJson, name: string, byDefault: boolean): boolean {
  const value = json[name] ?? byDefault;
  if (typeof value === "boolean") return value;
  throw unsupported(`its ${name} is ${shortJson(value)}`);
}

/** The name under which a config.json has a field of an architecture: the common one, where it is there. */
export const usedName = (json: ConfigJson, own: string, commonNames: Readonly<Record<string, string>>): string =>
  Object.entries(commonNames).find(([common, name]) => name === own && (json[common] ?? null) !== null)?.[0] ?? own;

export function activationField(json: ConfigJson, name: string, byDefault: Activation): Activation {
  const value = json[name] ?? byDefault;
  const activation = activationNamed(value);
  if (activation) return activation;
  throw unsupported(`its ${name} is ${shortJson(value)}, and must be one of ${ACTIVATION_NAMES.join(", ")}`);
}
