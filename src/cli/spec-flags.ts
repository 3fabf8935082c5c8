// The flags of an experiment: one for each field of the spec but the prompt, under the field's own name.

import { Option } from "commander";
import { LabError } from "../common/errors.ts";
import type { ExperimentRequest } from "../experiments/spec.ts";

export type SpecField = Exclude<keyof ExperimentRequest, "method" | "prompt">;

/** What a flag is followed by: a whole number N, a number X, or a word. */
export const SPEC_FLAGS = {
  checkpoint: "SOURCE",
  initSeed: "N",
  blocks: "N",
  output: "NAME",
  positions: "NAME",
  iterations: "N",
  learningRate: "X",
  metric: "NAME",
  optimizer: "NAME",
  start: "NAME",
  startMean: "X",
  startStd: "X",
  targetShare: "X",
  noiseShare: "X",
  seed: "N",
  restarts: "N",
  dtype: "NAME",
  topK: "N",
  decoder: "NAME",
  every: "N",
  shiftStd: "X",
  shiftDraws: "N",
  device: "NAME",
  memory: "NAME",
} as const satisfies Record<SpecField, "SOURCE" | "NAME" | "N" | "X">;

export const SPEC_FIELDS = Object.keys(SPEC_FLAGS) as SpecField[];

/** initSeed → --init-seed */
export const flagOf = (field: string): string => `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The part of the spec's JSON schema that help is made of. */
interface FieldSchema {
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: string | number;
}
export type SpecSchema = { readonly properties: Readonly<Record<string, FieldSchema>> };

/**
 * The flags of these fields. Values are checked by the spec's own schema, not here. Without the schema the flags have
 * no descriptions: loading it takes longer than all the rest, and only help shows them.
 */
export function specOptions(fields: readonly SpecField[], schema: SpecSchema | undefined): Option[] {
  return fields.map((field) => {
    const argument = SPEC_FLAGS[field];
    const option = new Option(`${flagOf(field)} <${argument}>`, schema && describe(schema.properties[field]));
    return argument === "N" || argument === "X" ? option.argParser((value) => decimal(flagOf(field), value)) : option;
  });
}

function describe({ description = "", enum: names, default: value }: FieldSchema): string {
  const notes = [...(names ? [names.join("|")] : []), ...(value === undefined ? [] : [`default ${value}`])];
  return notes.length > 0 ? `${description} (${notes.join("; ")})` : description;
}

/** A decimal number; `Number` alone would take "" and "0x10" too. Throws a LabError (badInput). */
export function decimal(flag: string, value: string): number {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : NaN;
  if (Number.isFinite(number)) return number;
  throw new LabError("badInput", `${flag} is ${JSON.stringify(value)}: it takes a number.`);
}

/** The request that the flags make on top of a preset: explicit flags win, and a mean or a deviation means "custom". */
export function requestOf(
  prompt: string,
  flags: Readonly<Record<string, unknown>>,
  preset: Partial<ExperimentRequest> = {},
): Record<string, unknown> {
  const explicit = Object.fromEntries(
    SPEC_FIELDS.filter((field) => flags[field] !== undefined).map((field) => [field, flags[field]]),
  );
  const custom = explicit.startMean !== undefined || explicit.startStd !== undefined;
  return { ...preset, ...(custom && { start: "custom" }), ...explicit, prompt };
}
