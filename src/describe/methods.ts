// The methods for those who only tell of them: pages and lists.

import { METHODS } from "../experiments/methods/table.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";

export { defaultMethod, methodNames, METHODS, methodOf } from "../experiments/methods/table.ts";

/** The method that proves what the state of a search determines; undefined where it cannot, or the search is its own. */
export function proofFor(spec: ExperimentSpec): string | undefined {
  const method = METHODS.find(({ proves, goal }) => proves && goal === "recover");
  if (!method || method.name === spec.method) return undefined;
  const values = method.complete?.({ ...spec }, (field) => field);
  return typeof values === "string" ? undefined : method.name;
}
