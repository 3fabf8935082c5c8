// When a run first had the prompt's tokens, in words that do not say more than was seen: only shown iterations are decoded.

import { t } from "@vscode/l10n";
import type { EndEvent, RestartResult, StartEvent, StepEvent } from "../experiments/events.ts";
import { beforeFirst, type FirstIterations, withShown } from "../experiments/first-iterations.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { countsRounds } from "./run-progress.ts";
import { recovers } from "./run-verdict.ts";
import { hasPrompt } from "./tokens-right.ts";

export { beforeFirst, type FirstIterations, withShown } from "../experiments/first-iterations.ts";

/** Does it search for a known prompt, iteration by iteration? */
export const hasFirstIterations = (spec: ExperimentSpec): boolean =>
  recovers(spec) && hasPrompt(spec) && !countsRounds(spec);

/** What a result says; undefined of other methods, and in records of earlier versions. */
export const firstIterationsOf = ({
  firstExactIteration,
  exactSince,
  firstCorrectIterations,
}: RestartResult): FirstIterations | undefined =>
  firstExactIteration === undefined || exactSince === undefined || firstCorrectIterations === undefined
    ? undefined
    : { firstExactIteration, exactSince, firstCorrectIterations };

/** Of each restart, as its result says or else as its shown iterations do; of a method that has none, an empty list. */
export function firstIterations(
  { spec, target: { tokenIds } }: StartEvent,
  steps: readonly (readonly StepEvent[])[],
  end: EndEvent | undefined,
): readonly FirstIterations[] {
  if (!hasFirstIterations(spec)) return [];
  return steps.map((shown, restart) => {
    const result = end?.restarts[restart];
    const read = () =>
      shown.reduce(
        (firsts, step) => withShown(firsts, step.iteration, step.tokenIds, tokenIds),
        beforeFirst(tokenIds.length),
      );
    return (result && firstIterationsOf(result)) ?? read();
  });
}

type Shown = Pick<ExperimentSpec, "every">;

/** "at iteration 40" or, where nobody looked at those before, "by iteration 40 (shown every 5)". */
export const firstAt = ({ every }: Shown, iteration: number): string => {
  const number = iteration.toLocaleString("en");
  return every === 1 || iteration === 0
    ? t("at iteration {0}", number)
    : t("by iteration {0} (shown every {1})", number, every);
};

/** "exact by iteration 40 and since (shown every 5)"; undefined while nothing decoded has been exact. */
export function exactWhen(spec: Shown, { firstExactIteration: first, exactSince: since }: FirstIterations) {
  if (first === null) return undefined;
  const number = first.toLocaleString("en");
  if (since === null) return t("exact {0}, not at the last one", firstAt(spec, first));
  if (since > first) return t("exact {0}, always since {1}", firstAt(spec, first), since.toLocaleString("en"));
  return spec.every === 1 || first === 0
    ? t("exact since iteration {0}", number)
    : t("exact by iteration {0} and since (shown every {1})", number, spec.every);
}

/** The restart that was exact first; undefined while none was. */
export function firstExactRestart(firsts: readonly FirstIterations[]): number | undefined {
  const at = (restart: number) => firsts[restart].firstExactIteration ?? Infinity;
  const first = [...firsts.keys()].sort((a, b) => at(a) - at(b))[0];
  return first === undefined || at(first) === Infinity ? undefined : first;
}
