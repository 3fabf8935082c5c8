// Fields that name files: a path means what it says from the folder of whoever wrote it, and the engine has another one.

import path from "node:path";
import { defaultMethod, findMethod, METHODS } from "./methods/table.ts";
import { type Field, pathsOf } from "./fields.ts";
import { schemaOf } from "./spec.ts";

/** The request with its paths made absolute, seen from a folder; a value that is no text is left for the check. */
export function resolvePaths<Request extends Readonly<Record<string, unknown>>>(
  request: Request,
  folder: string,
  method: unknown = request["method"],
): Request {
  const { name } = findMethod(method ?? defaultMethod().name) ?? defaultMethod();
  const schema = schemaOf(name);
  return Object.fromEntries(
    Object.entries(request).map(([field, value]) => [
      field,
      typeof value === "string" && Object.hasOwn(schema, field) ? resolved(schema[field], value, folder) : value,
    ]),
  ) as Request;
}

/** The fields of any method that name files. */
export const pathFields = (): ReadonlySet<string> =>
  new Set(
    METHODS.flatMap(({ schema }) =>
      Object.entries(schema).flatMap(([field, { paths }]) => (paths === undefined ? [] : [field])),
    ),
  );

function resolved({ paths }: Field, value: string, folder: string): string {
  if (paths === undefined || value === "") return value;
  if (paths === "one") return path.resolve(folder, value);
  return pathsOf(value)
    .map((name) => path.resolve(folder, name))
    .join(";");
}
