// The flags of an experiment: one for each field of the spec but the prompt, under the field's own name.

import { methodOf } from "./methods/table.ts";
import { fieldsOf } from "./spec.ts";

/** initSeed → --init-seed */
export const flagOf = (field: string): string => `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The fields that have a flag. */
export const flaggedFields = (method: string): readonly string[] =>
  fieldsOf(method).filter((field) => field !== "prompt");

/** The request that the flags make on top of a preset: explicit flags win, and what they imply comes before the preset. */
export function requestOf(
  method: string,
  prompt: string | undefined,
  flags: Readonly<Record<string, unknown>>,
  preset: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const explicit = Object.fromEntries(
    flaggedFields(method)
      .filter((field) => flags[field] !== undefined)
      .map((field) => [field, flags[field]]),
  );
  return { ...preset, ...methodOf(method).implied?.(explicit), ...explicit, method, prompt };
}
