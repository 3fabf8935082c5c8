// The flags of an experiment as the command line's parser takes them, and as help describes them.

import { Option } from "commander";
import { LabError } from "../common/errors.ts";
import type { MethodName } from "../experiments/spec.ts";
import { fieldsOf, flagOf, flagsOf, type SpecField } from "../experiments/spec-flags.ts";

/** The part of the spec's JSON schema that help is made of. */
interface FieldSchema {
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: string | number | boolean;
}
export type SpecSchema = { readonly properties: Readonly<Record<string, FieldSchema>> };
/** The schema of each method. */
export type SpecSchemas = (method: MethodName) => SpecSchema;

/**
 * Flags of a method, all or those of the given fields. Values are checked by the spec's own schema, not here. Without the
 * schema the flags have no descriptions: only help shows them.
 */
export function specOptions(
  method: MethodName,
  schemas: SpecSchemas | undefined,
  fields: readonly SpecField[] = fieldsOf(method),
): Option[] {
  const flags = flagsOf(method);
  const properties = schemas?.(method).properties;
  return fields.map((field) => {
    const argument = flags[field]!;
    const flag = flagOf(field);
    const option = new Option(argument ? `${flag} <${argument}>` : flag, properties && describe(properties[field]));
    switch (argument) {
      case "N":
      case "X":
        return option.argParser((value) => decimal(flag, value));
      case "X|auto":
        return option.argParser((value) => (value === "auto" ? value : decimal(flag, value)));
      case "SOURCE":
      case "NAME":
      case "TEXT":
      case "":
        return option;
    }
  });
}

function describe({ description = "", enum: names, default: value }: FieldSchema): string {
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
