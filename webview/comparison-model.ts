// Runs side by side: what they differ in, what each has come to, and what each reads as.

import { differences, valueText } from "../src/describe/spec-fields.ts";
import { certaintyCounts } from "../src/describe/recovered-tokens.ts";
import { exactWhen, firstExactRestart } from "../src/describe/exact-when.ts";
import { countsRounds, iterationName } from "../src/describe/run-progress.ts";
import { recovers } from "../src/describe/run-verdict.ts";
import { tokensRight } from "../src/describe/tokens-right.ts";
import { type Chip, chipsOf } from "./chips-model.ts";
import { formatNumber } from "./format.ts";
import { t } from "./l10n.ts";
import { comparedRuns, type PageModel, restartOf, shownStep } from "./page-model.ts";
import { distinct, percent, wrongTokens } from "./result-model.ts";
import { exactRestarts, latestOf, nearestRow, type RunModel } from "./run-model.ts";
import { stateOf } from "./state-words.ts";

export interface Comparison {
  readonly runs: readonly {
    readonly id: string;
    readonly shown: boolean;
  }[];
  /** The fields in which the specs differ, as each has them. */
  readonly differences: readonly { readonly field: string; readonly values: readonly string[] }[];
  /** What each has come to, a row each; "–" while that is not known. */
  readonly rows: readonly { readonly label: string; readonly values: readonly string[] }[];
}

/** What a run of the comparison reads as at the iteration under study. */
export interface Decoded {
  readonly id: string;
  /** Its shown iteration that is closest: "iteration 15". */
  readonly place: string;
  readonly chips: readonly Chip[];
  /** Undefined where there is no prompt to compare with. */
  readonly right: number | undefined;
}

/** Undefined where the shown run is compared with none. */
export function comparisonOf(page: PageModel): Comparison | undefined {
  const runs = comparedRuns(page);
  if (runs.length === 0) return undefined;
  const row = (label: string, read: (run: RunModel) => string | number | null | undefined) => ({
    label,
    values: runs.map((run) => {
      const value = read(run);
      return typeof value === "number" ? formatNumber(value) : (value ?? "–");
    }),
  });
  const isWalk = !recovers(page.run!.info.spec);
  return {
    runs: runs.map(({ info }) => ({
      id: info.id,
      shown: info === page.run!.info,
    })),
    differences: differences(runs.map(({ info }) => info.spec)).map(({ field, values }) => ({
      field,
      values: values.map(valueText),
    })),
    rows: [
      row(t("State"), (run) => stateOf(run, 0).title),
      row(t("Correct tokens"), rightOf),
      ...(runs.some((run) => latestOf(run)?.certainty)
        ? [
            row(t("Certainty"), (run) => {
              const certainty = latestOf(run)?.certainty;
              return certainty && certaintyCounts(certainty);
            }),
          ]
        : []),
      row(t("Exact restarts"), (run) => t("{0} of {1}", exactRestarts(run), run.info.spec.restarts)),
      row(t("Output distance"), (run) => latestOf(run)?.outputDistance),
      row(t("Noise threshold"), ({ start }) => start?.shiftDistance),
      ...(isWalk
        ? []
        : [
            row(t("First exact iteration"), firstExact),
            row(t("Below the noise threshold since iteration"), ({ end }) => end?.best.beatsShiftAt),
          ]),
      row(t("Discrete distance"), ({ end }) => end?.best.discreteDistance),
      ...(isWalk ? [row(t("Input moved / output moved, r"), (run) => latestOf(run)?.ratio)] : []),
      row(t("Token error rate, top 1 / top 5"), ({ end }) => end && wrongTokens(end.best).join(" / ")),
      row(t("Repeated tokens"), ({ end }) => end && percent(end.best.repetition.repeated)),
      row(t("Distinct-1 / distinct-2"), ({ end }) => end && distinct(end.best)),
    ],
  };
}

/** The runs of the comparison at the iteration under the pointer or, without one, the one under study; undefined before. */
export function decodedSideBySide(page: PageModel): (Decoded | undefined)[] {
  const iteration = page.pointed ?? shownStep(page)?.iteration ?? 0;
  return comparedRuns(page).map((run): Decoded | undefined => {
    const steps = run.steps[restartOf(page, run)] ?? [];
    // Rounds have no iterations to stand beside: what such runs have come to is compared.
    const counts = countsRounds(run.info.spec) === countsRounds(page.run!.info.spec);
    const step = counts ? steps[nearestRow(steps, iteration)] : steps.at(-1);
    const target = run.start?.target.tokenIds;
    if (!step || !target) return undefined;
    const right = run.start?.target.known === false ? undefined : tokensRight(step.tokenIds, target);
    const place = iterationName(run.info.spec, step.iteration);
    return { id: run.info.id, place, chips: chipsOf(step, target, run.info.spec), right };
  });
}

/** Of the restart that was exact first. */
function firstExact({ firsts, info }: RunModel): string | undefined {
  const first = firstExactRestart(firsts);
  return first === undefined ? undefined : exactWhen(info.spec, firsts[first]);
}

function rightOf(run: RunModel): string | undefined {
  const latest = latestOf(run);
  const target = run.start?.target.known === false ? undefined : run.start?.target.tokenIds;
  return latest && target ? t("{0} of {1}", tokensRight(latest.tokenIds, target), target.length) : undefined;
}
