// What a field of the spec may be, in the words of a sentence, read off its JSON schema: "a whole number from 1 to 64".

/** What a JSON schema says of one field. */
export interface FieldRule {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly anyOf?: readonly FieldRule[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
}

/** Completes "it must be …". */
export function ruleInWords(rule: FieldRule): string {
  if (rule.anyOf) return rule.anyOf.map(ruleInWords).join(", or ");
  if (rule.const !== undefined) return rule.const;
  if (rule.enum) return oneOf(rule.enum);
  if (rule.type === "integer") return `a whole number${bounds(rule)}`;
  if (rule.type === "number") return `a number${bounds(rule)}`;
  if (rule.type === "boolean") return "true or false";
  if (rule.type === "string") return rule.minLength === undefined ? "a text" : "a text that is not empty";
  return "a JSON object";
}

function bounds({ minimum, exclusiveMinimum, maximum }: FieldRule): string {
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${most === undefined ? "" : `, at most ${most}`}`;
  if (minimum === undefined) return most === undefined ? "" : `, at most ${most}`;
  return most === undefined ? `, ${minimum} or more` : ` from ${minimum} to ${most}`;
}

const oneOf = (values: readonly string[]): string =>
  values.length === 1 ? values[0] : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
