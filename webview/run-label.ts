// Which run this is, in one line.

import { subjectOf } from "../src/describe/spec-subject.ts";
import { plural } from "../src/describe/numbers.ts";
import { conditionOf } from "../src/describe/run-condition.ts";
import { stateName } from "../src/describe/run-state.ts";
import { shorten } from "../src/describe/short-text.ts";
import type { RunInfo } from "../src/session/panel-messages.ts";
import type { PageModel } from "./page-model.ts";

/** What a plot in a file of its own is about. */
export function figureTitle({ run, beside }: PageModel): string {
  if (!run) return "";
  if (beside.length > 0) return plural(beside.length + 1, "run");
  return [shortPrompt(run.info), ...conditionOf(run.info.spec, run.start).slice(0, 3)].join(", ");
}

const shortPrompt = ({ spec }: RunInfo): string => shorten(subjectOf(spec), 32);

export function runLabel(run: RunInfo): string {
  const { id, spec, phase } = run;
  return `${id} · ${shortPrompt(run)} · ${plural(spec.blocks, "block")}, ${spec.output} · ${stateName(phase.kind)}`;
}
