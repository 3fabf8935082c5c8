// What a restart has come to, as its method puts it.

import type { RestartResult, StepEvent } from "../experiments/events.ts";
import type { Standing, Verdict } from "../experiments/methods/method.ts";
import { methodOf } from "../experiments/methods/table.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { hasPrompt, tokensProved, tokensRight, tokensRightOf } from "./tokens-right.ts";

/** Of a restart that is over. */
export const verdictOf = (spec: ExperimentSpec, result: RestartResult): Verdict =>
  verdict(spec, result, tokensRightOf(result));

/** Of a restart at one of its shown iterations, or at its end. */
export const verdictAt = (
  spec: ExperimentSpec,
  found: StepEvent | RestartResult,
  targetIds: readonly number[],
): Verdict => verdict(spec, found, tokensRight(found.tokenIds, targetIds));

const verdict = (
  spec: ExperimentSpec,
  found: Pick<Standing, "outputDistance" | "ratio"> & Pick<StepEvent, "tokenIds" | "proved">,
  rightTokens: number,
): Verdict => {
  const { tokenIds, outputDistance, ratio } = found;
  const isKnown = hasPrompt(spec);
  const correctTokens = isKnown ? rightTokens : tokensProved(found);
  return methodOf(spec).verdict({ correctTokens, tokens: tokenIds.length, outputDistance, ratio, isKnown });
};

/** Is the method out for the prompt's tokens? */
export const recovers = (spec: ExperimentSpec): boolean => methodOf(spec).goal === "recover";
