// What a restart has come to, as its method puts it.

import type { RecoveredTokens, RestartResult, StepEvent } from "../experiments/events.ts";
import type { Standing, Verdict } from "../experiments/methods/method.ts";
import { methodOf } from "../experiments/methods/table.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { hasPrompt, tokensRight, tokensRightOf } from "./tokens-right.ts";

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
  { tokenIds, outputDistance, ratio, certainty }: Found,
  correctTokens: number,
): Verdict =>
  methodOf(spec).verdict({
    correctTokens,
    tokens: tokenIds.length,
    outputDistance,
    ratio,
    isKnown: hasPrompt(spec),
    ...(certainty && { certainty }),
  });

type Found = Pick<Standing, "outputDistance" | "ratio"> &
  Pick<StepEvent, "tokenIds"> &
  Pick<RecoveredTokens, "certainty">;

/** Is the method out for the prompt's tokens? */
export const recovers = (spec: ExperimentSpec): boolean => methodOf(spec).goal === "recover";
