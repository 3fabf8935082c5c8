// The command line that repeats a run: the other way from experiments/spec-flags.ts.

import { type ExperimentSpec, type MethodName, parseSpec } from "../experiments/spec.ts";
import { fieldsOf, flagOf } from "../experiments/spec-flags.ts";

const COMMANDS: Readonly<Record<MethodName, readonly string[]>> = {
  inversion: ["invert"],
  orthogonalWalk: ["walk", "orthogonal"],
  clampedWalk: ["walk", "clamped"],
};

/**
 * The arguments of `inversion-lab` that make this spec: its prompt and the fields that are not as they are by default. A
 * prompt that is "-" would be read from standard input, and has none.
 */
export function argumentsOf(spec: ExperimentSpec): string[] {
  const fields = spec as unknown as Readonly<Record<string, unknown>>;
  const given = changedFields(spec).flatMap((field) => {
    const value = fields[field];
    if (typeof value === "boolean") return value ? [flagOf(field)] : [];
    const text = String(value);
    // What begins with a dash is taken for a flag, unless it is one word with its own.
    return text.startsWith("-") ? [`${flagOf(field)}=${text}`] : [flagOf(field), text];
  });
  const { method, prompt } = spec;
  return prompt.startsWith("-")
    ? [...COMMANDS[method], ...given, "--", prompt]
    : [...COMMANDS[method], prompt, ...given];
}

/** Defaults may depend on other fields: left out is what comes back when all other fields are given. */
function changedFields(spec: ExperimentSpec): string[] {
  const { method, prompt, iterations } = spec;
  const direction = spec.method === "orthogonalWalk" ? { direction: spec.direction } : {};
  const defaults = [parseSpec({ method, prompt }), parseSpec({ method, prompt, iterations, ...direction })];
  const [plain, dependent] = defaults as unknown as Readonly<Record<string, unknown>>[];
  const dependentFields = ["every", "vectors"];
  return fieldsOf(method).filter((field) => {
    const value = (spec as unknown as Readonly<Record<string, unknown>>)[field];
    return value !== undefined && value !== (dependentFields.includes(field) ? dependent : plain)[field];
  });
}

/** Arguments as they are typed into a shell: sh and its like or, on Windows, PowerShell. */
export const shellLine = (args: readonly string[], platform: NodeJS.Platform): string =>
  args.map((argument) => (/^[\w+=:./-][\w@+=:./-]*$/.test(argument) ? argument : quoted(argument, platform))).join(" ");

/** Between single quotes nothing is special but the quote itself. */
const quoted = (argument: string, platform: NodeJS.Platform): string =>
  `'${argument.replaceAll("'", platform === "win32" ? "''" : "'\\''")}'`;
