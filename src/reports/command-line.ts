// The command line that repeats a run: the other way from experiments/spec-flags.ts.

import { type ExperimentSpec, valuesOf } from "../experiments/common-fields.ts";
import { methodOf } from "../experiments/methods/table.ts";
import { parseSpec } from "../experiments/spec.ts";
import { flaggedFields, flagOf } from "../experiments/spec-flags.ts";

/**
 * The arguments of `inversion-lab` that make this spec: its prompt and the fields that are not as they are by default. A
 * prompt that is "-" would be read from standard input, and has none.
 */
export function argumentsOf(spec: ExperimentSpec): string[] {
  const given = flaggedFields(spec.method).flatMap((field) => {
    const value = valuesOf(spec)[field];
    if (value === undefined || comesByItself(spec, field)) return [];
    if (typeof value === "boolean") return value ? [flagOf(field)] : [];
    const text = typeof value === "string" ? value : JSON.stringify(value);
    // What begins with a dash is taken for a flag, unless it is one word with its own.
    return text.startsWith("-") ? [`${flagOf(field)}=${text}`] : [flagOf(field), text];
  });
  const command = methodOf(spec).command.map(([word]) => word);
  const { prompt } = spec;
  if (prompt === "") return [...command, ...given];
  return prompt.startsWith("-") ? [...command, ...given, "--", prompt] : [...command, prompt, ...given];
}

/** Left out, does the field become what it is? Its default may depend on the others. */
function comesByItself(spec: ExperimentSpec, field: string): boolean {
  try {
    const others = { ...valuesOf(spec), [field]: undefined };
    return valuesOf(parseSpec(others))[field] === valuesOf(spec)[field];
  } catch {
    return false;
  }
}

/** Arguments as they are typed into a shell: sh and its like or, on Windows, PowerShell. */
export const shellLine = (args: readonly string[], platform: NodeJS.Platform): string =>
  args.map((argument) => (/^[\w+=:./-][\w@+=:./-]*$/.test(argument) ? argument : quoted(argument, platform))).join(" ");

/** Between single quotes nothing is special but the quote itself. */
const quoted = (argument: string, platform: NodeJS.Platform): string =>
  `'${argument.replaceAll("'", platform === "win32" ? "''" : "'\\''")}'`;
