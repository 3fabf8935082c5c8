// What a run is about, for lists and titles.

import { t } from "@vscode/l10n";
import { lastPart } from "../common/last-part.ts";
import { type ExperimentSpec, valuesOf } from "../experiments/common-fields.ts";

/** The prompt or, of states without one, their file. */
export function subjectOf(spec: ExperimentSpec): string {
  const { states } = valuesOf(spec);
  return spec.prompt === "" && typeof states === "string" ? t("states of {0}", lastPart(states)) : spec.prompt;
}
