// What methods of either goal say of a restart.

import { t } from "@vscode/l10n";
import { plural } from "../../common/counts.ts";
import { figure } from "../../common/number-format.ts";
import type { Certainty } from "../events.ts";
import type { Standing, Verdict } from "./method.ts";

/** Of a search for the prompt's tokens: how many it has. */
export function recoveryVerdict({ correctTokens, tokens, outputDistance }: Standing): Verdict {
  const reached = correctTokens === tokens;
  return {
    title: reached
      ? t("Exact: all {0}", plural(tokens, "token"))
      : t("{0} of {1} recovered", correctTokens, plural(tokens, "token")),
    figure: figure(outputDistance),
    reached,
  };
}

/** Of a walk away from the prompt: how far it went for how far the output moved. */
export const movementVerdict = ({ ratio, outputDistance }: Standing): Verdict => ({
  title:
    ratio === null
      ? t("The output has not moved")
      : t("r = {0}: the input moved {0} times as far as the output", figure(ratio)),
  figure: ratio === null ? figure(outputDistance) : `r = ${figure(ratio)}`,
  reached: false,
});

/** Of a search that proves its tokens: how sure it is of them. What is proved is right, whichever of several equal tokens it is. */
export function certaintyVerdict(standing: Standing): Verdict {
  const { certainty = [], correctTokens, tokens, isKnown } = standing;
  const count = (wanted: Certainty) => certainty.filter((each) => each === wanted).length;
  const proved = count("proved");
  const whole = plural(tokens, "token");
  const isRight = isKnown && correctTokens === tokens && count("unknown") === 0;
  if (!isKnown) {
    return {
      title: proved === tokens ? t("All {0} proved", whole) : t("Of {0}: {1}", whole, certaintyCounts(certainty)),
      figure: t("{0}/{1} proved", proved, tokens),
      reached: proved === tokens,
    };
  }
  const title =
    proved === tokens
      ? t("Exact: all {0}, each proved", whole)
      : isRight
        ? t("Exact: all {0}, {1}", whole, certaintyCounts(certainty))
        : t("{0} of {1} recovered: {2}", correctTokens, whole, certaintyCounts(certainty));
  return { title, figure: t("{0}/{1} proved", proved, tokens), reached: proved === tokens || isRight };
}

/** "7 proved, 1 most likely, 1 unknown", and none that there is none of. */
export const certaintyCounts = (certainty: readonly Certainty[]): string =>
  (["proved", "likely", "unknown"] as const)
    .map((wanted) => [wanted, certainty.filter((each) => each === wanted).length] as const)
    .filter(([, count]) => count > 0)
    .map(([wanted, count]) => `${count} ${certaintyName(wanted)}`)
    .join(", ");

export function certaintyName(certainty: Certainty): string {
  switch (certainty) {
    case "proved":
      return t("proved");
    case "likely":
      return t("most likely");
    case "unknown":
      return t("unknown");
  }
}
