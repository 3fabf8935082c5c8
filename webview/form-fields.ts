// The fields of an experiment as a form shows them, read off the JSON schema of the spec: groups, kinds, texts, values.

import { t } from "./l10n.ts";

import type { Field } from "../src/experiments/fields.ts";
import { fieldName } from "../src/describe/field-names.ts";
import { methodOf } from "../src/describe/methods.ts";

export interface MethodSchema {
  readonly properties: Readonly<Record<string, Field>>;
}

/** What has been written into the form, a text a field; a check box is "true" or "". */
export type Draft = Readonly<Record<string, string>>;

/** Symbols of the formulas and units, beside the fields' names. */
const notes = (): Readonly<Record<string, string>> => ({
  iterations: "N",
  learningRate: "η",
  startMean: "μ",
  startStd: "σ",
  topK: t("tokens"),
  channels: t("numbers"),
});

const GROUPS: readonly (readonly [name: string, fields: readonly string[]])[] = [
  [t("Network"), ["checkpoint", "initSeed", "network", "blocks", "output", "positions"]],
  [t("Distance"), ["metric", "reduction", "fromPosition", "channels", "shiftStd", "shiftUnit", "shiftDraws"]],
  [t("Decoding"), ["decoder", "topK", "vocabulary", "every"]],
];

interface FieldGroup {
  readonly name: string;
  /** Is it the one that begins with the method's name and formula? */
  readonly isMethod?: boolean;
  readonly fields: readonly string[];
}

/** Every field of a method but its name and the prompt, in groups; `common` are those that all methods have. */
export function groupsOf({ properties }: MethodSchema, common: readonly string[]): FieldGroup[] {
  const named = new Set(["method", "prompt", ...GROUPS.flatMap(([, fields]) => fields)]);
  const rest = Object.keys(properties).filter((field) => !named.has(field));
  const [network, distance, decoding] = GROUPS.map(([name, fields]) => ({
    name,
    fields: fields.filter((field) => field in properties),
  }));
  return [
    network,
    { name: t("Method"), isMethod: true, fields: rest.filter((field) => !common.includes(field)) },
    { name: t("Run"), fields: rest.filter((field) => common.includes(field)) },
    distance,
    decoding,
  ];
}

/** Its own name, or "initSeed" → "Init seed" with its symbol or unit. */
export function labelOf(field: string, method: string): string {
  const name = fieldName(field);
  if (name !== undefined) return name;
  const words = field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const note = methodOf(method).describe.symbols?.[field] ?? notes()[field];
  return `${words[0].toUpperCase()}${words.slice(1)}${note ? ` (${note})` : ""}`;
}

/** The field's explanation with its bounds and its default. */
export function explanationOf({ description = "", ...schema }: Field): string {
  const { minimum, exclusiveMinimum, maximum } = schema.anyOf?.[0] ?? schema;
  const low = minimum ?? exclusiveMinimum;
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  return [
    description,
    low !== undefined && boundsText(low, most, exclusiveMinimum !== undefined),
    schema.default !== undefined && t("Default: {0}.", String(schema.default)),
  ]
    .filter(Boolean)
    .join(" ");
}

function boundsText(low: number, most: number | undefined, isAbove: boolean): string {
  if (most === undefined) return isAbove ? t("Above {0}.", low) : t("From {0}.", low);
  return isAbove ? t("Above {0} to {1}.", low, most) : t("From {0} to {1}.", low, most);
}

export const isNumber = ({ type, anyOf }: Field): boolean =>
  type === "number" || type === "integer" || anyOf !== undefined;

export const draftOf = (request: Readonly<Record<string, unknown>>): Draft =>
  Object.fromEntries(
    Object.entries(request)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([field, value]) => [field, value === false ? "" : String(value)]),
  );

export const defaultDraft = ({ properties }: MethodSchema): Draft =>
  draftOf(Object.fromEntries(Object.entries(properties).map(([field, schema]) => [field, schema.default])));

/**
 * The request that the texts ask for: numbers where they are ones (the host says so where they are not), nothing where
 * nothing is written, and no field that the method does not have.
 */
export function requestOf(draft: Draft, { properties }: MethodSchema): Record<string, unknown> {
  const request: Record<string, unknown> = {};
  for (const [field, schema] of Object.entries(properties)) {
    const text = draft[field] ?? "";
    if (schema.type === "boolean") request[field] = text === "true";
    else if (field === "prompt") request[field] = text;
    else if (text.trim() === "") continue;
    else if (isNumber(schema) && Number.isFinite(Number(text))) request[field] = Number(text);
    else request[field] = text;
  }
  return request;
}

/** The draft for another method: what only the old one has stays out, and a default of the old one becomes the new one's. */
export function withMethod(draft: Draft, method: string, from: MethodSchema, to: MethodSchema): Draft {
  const kept = Object.entries(draft).filter(([field, text]) => {
    const old = from.properties[field]?.default;
    return field in to.properties && !(old !== undefined && String(old) === text);
  });
  return { ...defaultDraft(to), ...Object.fromEntries(kept), method };
}
