// How far a run is: in iterations of those that were asked for or, of a method that proves its tokens, in settled tokens.

import { t } from "@vscode/l10n";
import { plural } from "../common/counts.ts";
import type { StepEvent } from "../experiments/events.ts";
import { methodOf } from "../experiments/methods/table.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";

/** Are its iterations rounds, which end by themselves? */
export const countsRounds = (spec: Pick<ExperimentSpec, "method">): boolean => methodOf(spec).proves === true;

/** What of a step says how far it is; nothing but the iteration before the first. */
export type Reached = Pick<StepEvent, "iteration"> & Partial<Pick<StepEvent, "position" | "tokenIds" | "blocks">>;

/** 0…1 */
export function progressShare(spec: ExperimentSpec, { iteration, position = 0, tokenIds, blocks }: Reached): number {
  if (!countsRounds(spec)) return iteration / spec.iterations;
  const share = tokenIds ? position / tokenIds.length : 0;
  return blocks === undefined ? share : (blocks - 1 + share) / spec.blocks;
}

/** ", after 2 of 4 blocks" where a run goes through all depths. */
const atDepth = (spec: ExperimentSpec, blocks: number | undefined): string =>
  blocks === undefined ? "" : t(", after {0} of {1} blocks", blocks, spec.blocks);

/** "15/20", or "4/9 settled". */
export function progressFigure(spec: ExperimentSpec, { iteration, position = 0, tokenIds, blocks }: Reached): string {
  if (!countsRounds(spec)) return `${iteration}/${spec.iterations}`;
  if (!tokenIds) return t("round {0}", iteration);
  return t("{0}/{1} settled", position, tokenIds.length) + atDepth(spec, blocks);
}

/** "15 of 20 iterations", or "round 3, 4 of 9 tokens settled". */
export function progressWords(spec: ExperimentSpec, { iteration, position = 0, tokenIds, blocks }: Reached): string {
  const number = iteration.toLocaleString("en");
  if (!countsRounds(spec)) return t("{0} of {1}", number, plural(spec.iterations, "iteration"));
  const round = t("round {0}", number);
  if (!tokenIds) return round;
  return t("{0}, {1} of {2} settled", round, position, plural(tokenIds.length, "token")) + atDepth(spec, blocks);
}

/** "at iteration 15", "at round 3" */
export const atIteration = (spec: ExperimentSpec, iteration: number): string =>
  countsRounds(spec)
    ? t("at round {0}", iteration.toLocaleString("en"))
    : t("at iteration {0}", iteration.toLocaleString("en"));

/** "iteration 15", "round 3" */
export const iterationName = (spec: ExperimentSpec, iteration: number): string =>
  countsRounds(spec)
    ? t("round {0}", iteration.toLocaleString("en"))
    : t("iteration {0}", iteration.toLocaleString("en"));

/** "20 iterations" after as many updates; rounds are counted with the first, which is 0. */
export const iterationCount = (spec: ExperimentSpec, last: number): string =>
  countsRounds(spec) ? plural(last + 1, "round") : plural(last, "iteration");
