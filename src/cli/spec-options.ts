// The flags of an experiment, one for each field of the spec but the prompt, under the field's own name: as the command
// line's parser takes them and as help describes them.

import { Option } from "commander";
import { LabError } from "../common/errors.ts";
import type { Field } from "../experiments/fields.ts";
import { schemaOf } from "../experiments/spec.ts";
import { flaggedFields, flagOf } from "../experiments/spec-flags.ts";

const TEXTS: Readonly<Record<string, string>> = { checkpoint: "SOURCE", tensor: "NAME" };

/** What a flag is followed by: a whole number N, a number X, a word, a text, or nothing. */
function argumentOf(field: string, { type, anyOf, enum: names, paths }: Field): string {
  if (paths !== undefined) return paths === "many" ? "FILE..." : "FILE";
  if (anyOf) return anyOf.map((each) => each.const ?? argumentOf(field, each)).join("|");
  if (names) return "NAME";
  switch (type) {
    case "integer":
      return "N";
    case "number":
      return "X";
    case "boolean":
      return "";
    case "string":
    case undefined:
      return TEXTS[field] ?? "TEXT";
  }
}

/** Flags of a method, all or those of the given fields. Bounds are checked by the spec, not here. */
export const specOptions = (method: string, fields = flaggedFields(method)): Option[] =>
  fields.map((name) => {
    const field = schemaOf(method)[name];
    const flag = flagOf(name);
    const argument = argumentOf(name, field);
    const option = new Option(argument ? `${flag} <${argument}>` : flag, describe(field));
    const words = (field.anyOf ?? []).flatMap(({ const: word }) => word ?? []);
    if (field.paths === "many") {
      return option.argParser((file: string, before?: string) => (before === undefined ? file : `${before};${file}`));
    }
    const isNumber = [field, ...(field.anyOf ?? [])].some(({ type }) => type === "integer" || type === "number");
    return isNumber ? option.argParser((value) => (words.includes(value) ? value : decimal(flag, value))) : option;
  });

function describe({ description = "", enum: names, default: value }: Field): string {
  const notes = [
    ...(names ? [names.join("|")] : []),
    ...(value === undefined || value === false ? [] : [`default ${value}`]),
  ];
  return notes.length > 0 ? `${description} (${notes.join("; ")})` : description;
}

/** A decimal number; `Number` alone would take "" and "0x10" too. Throws a LabError (badInput). */
export function decimal(flag: string, value: string): number {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : NaN;
  if (Number.isFinite(number)) return number;
  throw new LabError("badInput", `${flag} is ${JSON.stringify(value)}: it takes a number.`);
}
