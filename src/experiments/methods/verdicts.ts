// What methods of either goal say of a restart.

import { t } from "@vscode/l10n";
import { plural } from "../../common/counts.ts";
import { figure } from "../../common/number-format.ts";
import type { Standing, Verdict } from "./method.ts";

/** Of a search for the prompt's tokens: how many it has. */
export function recoveryVerdict({ correctTokens, tokens, outputDistance }: Standing): Verdict {
  const reached = correctTokens === tokens;
  return {
    title: reached
      ? t("Exact: all {0}", plural(tokens, "token"))
      : t("{0} of {1} right", correctTokens, plural(tokens, "token")),
    figure: figure(outputDistance),
    reached,
  };
}

/** The same where there may be no prompt to compare with, and a token is right when it is proved. */
export const proofVerdict = (standing: Standing): Verdict =>
  standing.isKnown ? recoveryVerdict(standing) : provedVerdict(standing);

function provedVerdict({ correctTokens, tokens, outputDistance }: Standing): Verdict {
  const reached = correctTokens === tokens;
  return {
    title: reached
      ? t("All {0} proved", plural(tokens, "token"))
      : t("{0} of {1} proved", correctTokens, plural(tokens, "token")),
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
