// All methods: whatever lists, reads, shows or runs them goes through this table.

import { LabError } from "../../common/errors.ts";
import { clampedWalk } from "./clamped-walk.ts";
import { exact } from "./exact.ts";
import { inversion } from "./inversion.ts";
import type { Method } from "./method.ts";
import { orthogonalWalk } from "./orthogonal-walk.ts";

/** In the order in which they are listed; the first is the one that a request without a method means. */
export const METHODS: Method[] = [inversion, exact, orthogonalWalk, clampedWalk];

export const methodNames = (): readonly string[] => METHODS.map(({ name }) => name);

export const defaultMethod = (): Method => METHODS[0];

export const findMethod = (name: unknown): Method | undefined => METHODS.find((method) => method.name === name);

/** The method of a spec, or of a name. Throws a LabError (badInput) for one that there is not. */
export function methodOf(named: string | { readonly method: string }): Method {
  const name = typeof named === "string" ? named : named.method;
  const method = findMethod(name);
  if (method) return method;
  throw new LabError("badInput", `There is no method ${JSON.stringify(name)}: they are ${methodNames().join(", ")}.`);
}
