// JSON schemas of the two kinds of files, for completion and checks in editors; made from the spec's own.

import { defaultMethod, methodNames, METHODS } from "../experiments/methods/table.ts";
import { specSchema } from "../experiments/spec.ts";
import { heatFigures } from "./sweep-figures.ts";

type Schema = Readonly<Record<string, unknown>>;
interface ObjectSchema extends Schema {
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** The draft that VS Code knows fully. */
const DRAFT = "http://json-schema.org/draft-07/schema#";
const SELF = { $schema: { type: "string" } };
const methodSchema = () => ({
  enum: methodNames(),
  default: defaultMethod().name,
  description: `The algorithm: ${METHODS.map(({ describe }) => describe.title().toLowerCase()).join(", ")}.`,
});

function requestSchema(method: string): ObjectSchema {
  const { properties, required, ...others } = specSchema(method);
  return {
    ...others,
    properties: { ...SELF, ...properties, method: methodSchema() },
    required: required.filter((field) => field !== "method"),
  };
}

/** Of NAME.inversion.json: the spec of the method that is named, an inversion where none is. */
export const inversionFileSchema = (): Schema => ({
  $schema: DRAFT,
  title: "An experiment of Inversion Lab",
  ...methodNames()
    .slice(1)
    .reduce<Schema>(
      (otherwise, method) => ({
        if: { properties: { method: { const: method } }, required: ["method"] },
        then: requestSchema(method),
        else: otherwise,
      }),
      requestSchema(defaultMethod().name),
    ),
});

const RANGE = {
  type: "object",
  properties: { from: { type: "number" }, to: { type: "number" }, step: { type: "number", default: 1 } },
  required: ["from", "to"],
  additionalProperties: false,
  description: "All values from one number to another, both included.",
};

/** Of NAME.sweep.json. A field may be in base or in axes; which methods have it is checked when the sweep is read. */
export function sweepFileSchema(): Schema {
  const fields = Object.assign(
    {},
    ...methodNames()
      .toReversed()
      .map((method) => requestSchema(method).properties),
  ) as Record<string, Schema>;
  delete fields["$schema"];
  const axis = (field: Schema): Schema => ({
    description: field["description"],
    anyOf: [{ type: "array", items: field, minItems: 1 }, ...(isNumeric(field) ? [RANGE] : [])],
  });
  return {
    $schema: DRAFT,
    title: "A sweep of Inversion Lab",
    type: "object",
    properties: {
      ...SELF,
      base: {
        type: "object",
        description: "The fields that all runs share.",
        properties: fields,
        additionalProperties: false,
      },
      axes: {
        type: "object",
        description:
          "Fields with the values they take; every combination is one run, its restarts one batch. " +
          "Without a field every its iterations are decoded about 10 times.",
        properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, axis(field)])),
        additionalProperties: false,
        minProperties: 1,
      },
      charts: {
        type: "array",
        description: "Charts that are drawn beside the tables of results.",
        items: {
          type: "object",
          properties: {
            y: { enum: Object.keys(heatFigures()), description: "The figure." },
            along: { enum: Object.keys(fields), description: "The axis whose values are the points of a line." },
            lines: { enum: Object.keys(fields), description: "The axis with a line for each value." },
            x: {
              enum: Object.keys(heatFigures()),
              description: "The figure across; by default the values of the axis `along`.",
            },
          },
          required: ["y", "along"],
          additionalProperties: false,
        },
      },
    },
    required: ["axes"],
    additionalProperties: false,
  };
}

const isNumeric = ({ type, anyOf }: Schema): boolean =>
  type === "integer" || type === "number" || (Array.isArray(anyOf) && (anyOf as Schema[]).some(isNumeric));
