// The experiment spec: the one description of a run. The same JSON is the command line's flags, a setting's default and the
// head of a run's record, so that any run can be repeated from its record. What all methods share comes first; each method
// adds its own fields.

import { shortJson } from "../common/short-json.ts";
import { LabError, messageOf } from "../common/errors.ts";
import { COMMON_FIELDS, type ExperimentRequest, type ExperimentSpec, valuesOf } from "./common-fields.ts";
import { accepts, type Field, type Fields, ruleInWords } from "./fields.ts";
import type { InversionRequest, InversionSpec } from "./methods/inversion.ts";
import type { Method } from "./methods/method.ts";
import { defaultMethod, findMethod, methodNames, methodOf } from "./methods/table.ts";

export type { ExperimentRequest, ExperimentSpec };

const schemas = new WeakMap<Method, Fields>();

/** The fields of a method, its name and the common ones first; made once, since every run of a sweep is checked by them. */
export function schemaOf(name: string): Fields {
  const method = methodOf(name);
  const known = schemas.get(method);
  if (known) return known;
  const schema = {
    method: { type: "string", const: name, description: "The algorithm." },
    ...COMMON_FIELDS,
    ...method.schema,
  } as const;
  schemas.set(method, schema);
  return schema;
}

/** Their names, beside the method's. */
export const fieldsOf = (method: string): readonly string[] =>
  Object.keys(schemaOf(method)).filter((field) => field !== "method");

/** About forty shown iterations, whatever N is: each costs as much as several iterations of a shallow network. */
const defaultEvery = (iterations: number): number => Math.max(1, Math.round(iterations / 40));

/** What the person who made the request calls a field: a flag, a setting. */
export type FieldName = (field: string) => string;

/** Checks a request and fills in what was left out. Throws a LabError (badInput) that names field, value and bounds. */
export function parseSpec(request: InversionRequest, nameOf?: FieldName): InversionSpec;
export function parseSpec(request: unknown, nameOf?: FieldName): ExperimentSpec;
export function parseSpec(request: unknown, nameOf: FieldName = (field) => field): ExperimentSpec {
  const [problem] = fieldProblems(request, nameOf);
  if (problem) throw new LabError("badInput", problem.message);
  const values = filledIn(request as Values);
  const spec = methodOf(values.method).complete?.(values, nameOf) ?? values;
  if (typeof spec === "string") throw new LabError("badInput", spec);
  const { weights, network, vocabulary } = values;
  if (weights !== "stored" && network !== "gpt2") {
    throw new LabError("badInput", `${nameOf("weights")} ${weights} is for ${nameOf("network")} gpt2 only.`);
  }
  if (vocabulary?.trim() === "") {
    throw new LabError("badInput", `${nameOf("vocabulary")} holds no token: give a text, or leave it out.`);
  }
  return spec as ExperimentSpec;
}

interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** What is wrong with a request, each at its field; nothing when parseSpec takes it. */
export function problemsOf(request: unknown): readonly FieldProblem[] {
  const problems = fieldProblems(request, () => "This");
  if (problems.length > 0) return problems;
  const asked: string[] = [];
  try {
    parseSpec(request, (field) => {
      asked.push(field);
      return field;
    });
    return [];
  } catch (error) {
    // What fields together make wrong is said at the one that is named first.
    return [{ field: asked[0] ?? "", message: messageOf(error) }];
  }
}

type Values = Readonly<Record<string, unknown>>;

/** What is wrong with single fields, in their order. */
function fieldProblems(request: unknown, nameOf: FieldName): FieldProblem[] {
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    return [{ field: "", message: sentence("The experiment", request, {}) }];
  }
  const values = request as Values;
  const method = findMethod(values["method"] ?? defaultMethod().name);
  if (!method) {
    const message = sentence(nameOf("method"), values["method"], { enum: methodNames() });
    return [{ field: "method", message }];
  }
  const schema = schemaOf(method.name);
  const problems = Object.entries(schema).flatMap(([field, rule]): FieldProblem[] => {
    const value = values[field];
    if (value === undefined ? field !== "prompt" : accepts(rule, value)) {
      // Of given states the text is most often not known.
      const isBlank = field === "prompt" && (value as string).trim() === "" && values["states"] === undefined;
      if (!isBlank) return [];
      return [{ field, message: "The prompt is empty: select or write the text to invert." }];
    }
    return [{ field, message: sentence(nameOf(field), value, rule) }];
  });
  const unknown = Object.keys(values).filter((field) => !Object.hasOwn(schema, field));
  if (unknown.length > 0) {
    problems.push({ field: "", message: `Unknown field of an experiment: ${unknown.join(", ")}.` });
  }
  return problems;
}

/** The same words for whatever is wrong with a field's value: what it is, and what it must be. */
const sentence = (field: string, value: unknown, rule: Field): string =>
  `${field} is ${shortJson(value)}: it must be ${ruleInWords(rule)}.`;

/** The values in the order of the fields: two equal requests, however they are written, are one text. */
function filledIn(request: Values): Values & Pick<ExperimentSpec, "method" | "weights" | "network" | "vocabulary"> {
  const method = (request["method"] as string | undefined) ?? defaultMethod().name;
  const values: Record<string, unknown> = { method };
  for (const [field, { default: byDefault }] of Object.entries(schemaOf(method))) {
    const value = field === "method" ? method : (request[field] ?? byDefault);
    // JSON, and so a record, does not tell −0 from 0.
    if (value !== undefined) values[field] = value === 0 ? 0 : value;
  }
  values["every"] ??= defaultEvery(values["iterations"] as number);
  return values as ReturnType<typeof filledIn>;
}

/** The same text, network and seeds with the settings of a preset of its method, as a request. */
export function withPreset(spec: ExperimentSpec, preset: string): Values {
  return { ...valuesOf(spec), every: undefined, ...methodOf(spec).presets?.[preset] };
}

export interface RequestSchema {
  readonly type: "object";
  readonly properties: Fields;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

/** JSON schema of a method's request, for editors and for help. */
export const specSchema = (method: string = defaultMethod().name): RequestSchema => ({
  type: "object",
  properties: schemaOf(method),
  required: ["method", "prompt"],
  additionalProperties: false,
});

/** The same of every method. */
export const specSchemas = (): Readonly<Record<string, RequestSchema>> =>
  Object.fromEntries(methodNames().map((method) => [method, specSchema(method)]));
