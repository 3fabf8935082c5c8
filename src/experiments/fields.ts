// The fields of a spec as data, in the words of JSON Schema: flags, forms, files' schemas and the check all read them. What
// is wrong with a value is said in one form: what it is, and what it must be.

/** What one field may be. */
export interface Field {
  readonly type?: "integer" | "number" | "string" | "boolean";
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly anyOf?: readonly Field[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  /** It names a file, or several with semicolons between them. */
  readonly paths?: "one" | "many";
  readonly default?: string | number | boolean;
  readonly description?: string;
}

export type Fields = Readonly<Record<string, Field>>;

/** What a field's declaration says of its values. */
export type ValueOf<F> = F extends { readonly enum: readonly (infer Name)[] }
  ? Name
  : F extends { readonly anyOf: readonly (infer Any)[] }
    ? Any extends unknown
      ? ValueOf<Any>
      : never
    : F extends { readonly const: infer Word }
      ? Word
      : F extends { readonly type: "integer" | "number" }
        ? number
        : F extends { readonly type: "boolean" }
          ? boolean
          : string;

type WithDefault<Fs> = { [Name in keyof Fs]: Fs[Name] extends { readonly default: unknown } ? Name : never }[keyof Fs];

/** All fields decided; those without a default may be missing. */
export type ValuesOf<Fs> = { readonly [Name in WithDefault<Fs>]: ValueOf<Fs[Name]> } & {
  readonly [Name in Exclude<keyof Fs, WithDefault<Fs>>]?: ValueOf<Fs[Name]>;
};

/** What a person may give of them. */
export type RequestOf<Fs> = { readonly [Name in keyof Fs]?: ValueOf<Fs[Name]> };

export const integer = <const Rest>(minimum: number, maximum: number, rest: Rest) =>
  ({ type: "integer", minimum, maximum, ...rest }) as const;

export const positive = <const Rest>(maximum: number | undefined, rest: Rest) =>
  ({ type: "number", exclusiveMinimum: 0, ...(maximum !== undefined && { maximum }), ...rest }) as const;

export const oneOf = <const Name extends string, const Rest>(names: readonly Name[], rest: Rest) =>
  ({ type: "string", enum: names, ...rest }) as const;

export const seedField = <const Rest>(rest: Rest) => integer(0, Number.MAX_SAFE_INTEGER, { default: 0, ...rest });

/** The files that the value of a field with many paths names. */
export const pathsOf = (list: string): string[] =>
  list.split(";").flatMap((name) => (name.trim() === "" ? [] : [name.trim()]));

/** Is it a value of the field? */
export function accepts(field: Field, value: unknown): boolean {
  if (field.anyOf) return field.anyOf.some((each) => accepts(each, value));
  if (field.const !== undefined) return value === field.const;
  if (field.enum) return (field.enum as readonly unknown[]).includes(value);
  switch (field.type) {
    case "integer":
      return Number.isSafeInteger(value) && isWithin(field, value as number);
    case "number":
      return Number.isFinite(value) && isWithin(field, value as number);
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string" && value.length >= (field.minLength ?? 0);
    case undefined:
      return true;
  }
}

const isWithin = ({ minimum = -Infinity, exclusiveMinimum = -Infinity, maximum = Infinity }: Field, value: number) =>
  value >= minimum && value > exclusiveMinimum && value <= maximum;

/** Completes "it must be …". */
export function ruleInWords(field: Field): string {
  if (field.anyOf) return field.anyOf.map(ruleInWords).join(", or ");
  if (field.const !== undefined) return field.const;
  if (field.enum) return alternatives(field.enum);
  if (field.type === "integer") return `a whole number${bounds(field)}`;
  if (field.type === "number") return `a number${bounds(field)}`;
  if (field.type === "boolean") return "true or false";
  if (field.type === "string") return field.minLength === undefined ? "a text" : "a text that is not empty";
  return "a JSON object";
}

function bounds({ minimum, exclusiveMinimum, maximum }: Field): string {
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${most === undefined ? "" : `, at most ${most}`}`;
  if (minimum === undefined) return most === undefined ? "" : `, at most ${most}`;
  return most === undefined ? `, ${minimum} or more` : ` from ${minimum} to ${most}`;
}

const alternatives = (values: readonly string[]): string =>
  values.length === 1 ? values[0] : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
