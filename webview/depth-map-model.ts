// What each depth of a network determines of a text, position by position: of a run that recovers it at every depth.

import { CERTAINTY_SIGNS, certaintyName } from "../src/describe/recovered-tokens.ts";
import { plural } from "../src/describe/numbers.ts";
import type { StepEvent } from "../src/experiments/events.ts";
import type { Grid, GridPlace } from "./grid-model.ts";
import { t } from "./l10n.ts";
import { type PageModel, shownSteps } from "./page-model.ts";

export interface DepthMap {
  readonly grid: Grid;
  /** By row, the newest step of that depth; undefined where there is none yet. */
  readonly steps: readonly (number | undefined)[];
}

/** Undefined of a run that is not at every depth, and before its first step. */
export function depthMapOf(page: PageModel): DepthMap | undefined {
  const { run } = page;
  const steps = shownSteps(page);
  if (!run?.start || steps.at(-1)?.blocks === undefined) return undefined;
  const { target, vocabulary = Infinity } = run.start;
  const newest: (number | undefined)[] = Array.from({ length: run.info.spec.blocks }, () => undefined);
  steps.forEach(({ blocks }, row) => (newest[blocks! - 1] = row));
  return {
    steps: newest,
    grid: {
      label: t("Tokens recovered by depth and position"),
      across: t("position"),
      down: t("blocks"),
      columns: target.tokens.map((text, position) => `${position + 1} ${text}`),
      rows: newest.map((_, depth) => String(depth + 1)),
      places: newest.map((row, depth) =>
        target.tokens.map((_, position) =>
          placeOf(row === undefined ? undefined : steps[row], depth + 1, position, vocabulary),
        ),
      ),
    },
  };
}

function placeOf(step: StepEvent | undefined, blocks: number, position: number, vocabulary: number): GridPlace {
  const where = t("{0}, position {1}", plural(blocks, "block"), position + 1);
  if (!step?.certainty || position >= (step.position ?? 0)) {
    return { text: "", strength: 0, mark: "open", told: t("{0}: not settled yet", where) };
  }
  const certainty = step.certainty[position];
  const tried = step.tried?.[position] ?? 0;
  const atOnce = certainty === "proved" && tried <= 1;
  return {
    text: certainty === "proved" && !atOnce ? String(tried) : CERTAINTY_SIGNS[certainty],
    strength: certainty === "unknown" ? 1 : Math.log(Math.max(1, tried)) / Math.log(vocabulary),
    ...(certainty === "unknown" && { mark: "unknown" }),
    told: atOnce
      ? t("{0}: proved at the first guess", where)
      : t("{0}: {1}, {2} tried", where, certaintyName(certainty), plural(tried, "token")),
  };
}
