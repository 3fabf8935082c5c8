// What a run says to a person, in words: the lines that the live view and the plain one share.

import type { ExperimentSpec } from "../experiments/spec.ts";
import type { EndEvent, Quantisation, RestartResult, StartEvent, StepEvent, Token } from "../experiments/events.ts";
import { counted } from "../common/counts.ts";
import { duration, figure } from "../common/number-format.ts";
import { reducedPrecisionName } from "../describe/run-condition.ts";
import { recovers, verdictOf } from "../describe/run-verdict.ts";
import { tokensRight } from "../describe/tokens-right.ts";
import type { Styles } from "./io.ts";
import type { Span } from "./visible-text.ts";

/**
 * The decoded text with the prompt's tokens marked. One token may hold a part of a character only; its own text is a
 * replacement character then, so a text that is right as a whole is shown as a whole.
 */
export function decoded({ tokenIds, topK, text }: StepEvent, start: StartEvent, { match }: Styles): Span[] {
  if (tokensRight(tokenIds, start.target.tokenIds) === start.target.tokenIds.length) return [{ text, mark: match }];
  return topK.map(([best], position) =>
    best.id === start.target.tokenIds[position] ? { text: best.text, mark: match } : { text: best.text },
  );
}

type Row = readonly [name: string, value: string];

const quoted = ({ text }: Token): string => JSON.stringify(text);

export function summary(end: EndEvent, start: StartEvent): string[] {
  const { best, restarts, iterations } = end;
  const { spec, target, device } = start;
  const rows: Row[] = [
    ["text", best.text],
    [
      "restart",
      `${best.restart}, at iteration ${best.iteration}` +
        (restarts.length > 1 ? ` (${restarts.filter(({ exact }) => exact).length} of ${restarts.length} exact)` : ""),
    ],
    ...(recovers(spec) ? recoveryRows(best, start) : movementRows(best, start)),
    ...(best.nextToken && target.nextToken ? row("next token", nextTokens(best.nextToken, target.nextToken)) : []),
    ...(start.quantisation && spec.weights !== "stored"
      ? row(reducedPrecisionName(spec.weights), offBy(start.quantisation, start.shiftDistance))
      : []),
    ...(start.rateSearch ? row("rate", `${start.rateSearch.chosen}, found by trying`) : []),
    ["seed", String(spec.seed)],
    ["time", `${duration(end.elapsedMs)} for ${counted(iterations, "iteration")} on ${device}`],
  ];
  return [said(end, spec), ...rows.map(([name, value]) => `  ${name.padEnd(18)}${value}`)];
}

const row = (name: string, value: string): Row[] => [[name, value]];

const percent = (share: number): string => `${figure(100 * share, 2)} %`;

function offBy({ weightError, outputError, outputDistance }: Quantisation, shiftDistance: number): string {
  const weights = `weights ${percent(weightError)} off`;
  if (outputError === null || outputDistance === null) return `${weights}, and no memory to compare outputs`;
  return (
    `${weights}, the prompt's output ${percent(outputError)}: a distance of ${figure(outputDistance)}, ` +
    `the shift test's being ${figure(shiftDistance)}`
  );
}

function recoveryRows(best: RestartResult, { shiftDistance }: StartEvent): Row[] {
  return [
    ["output distance", `${figure(best.outputDistance)}, ${againstShift(best, shiftDistance)}`],
    ["discrete distance", `${figure(best.discreteDistance)}, of the decoded tokens themselves`],
  ];
}

function movementRows(best: RestartResult, { shiftDistance, gradientCheck }: StartEvent): Row[] {
  const side = best.beatsShift ? "less" : "not less";
  return [
    ["output moved", `${figure(best.outputDistance)}, ${side} than the shift test's ${figure(shiftDistance)}`],
    ["input moved", figure(best.inputDistance)],
    ...(best.ratio === null ? [] : row("input / output", ratios(best))),
    ...(gradientCheck
      ? row(
          "gradient check",
          `the two ways differ by ${figure(gradientCheck.largestDifference)} at most, in entries of up to ` +
            figure(gradientCheck.largestEntry),
        )
      : []),
  ];
}

const ratios = ({ ratio, ratioPerElement }: RestartResult): string =>
  `${figure(ratio!)}${ratioPerElement === null ? "" : ` (${figure(ratioPerElement)} an element)`}; output / input ${figure(1 / ratio!)}`;

const nextTokens = (found: Token, wanted: Token): string =>
  found.id === wanted.id
    ? `${quoted(found)}, as after the prompt`
    : `${quoted(found)}, and ${quoted(wanted)} after the prompt`;

const stoppedAfter = ({ status, iterations }: EndEvent): string =>
  status === "cancelled" ? `Stopped after ${counted(iterations, "iteration")}. ` : "";

/** A search that fails shows what this search did, never that the information is gone. */
function said(end: EndEvent, spec: ExperimentSpec): string {
  const { title, reached } = verdictOf(spec, end.best);
  const failed = recovers(spec) && !reached;
  return (
    `${stoppedAfter(end)}${title}.` +
    (failed ? " This search did not find the prompt; another start, rate or length may." : "") +
    (!recovers(spec) && end.best.exact ? " The decoded tokens are still the prompt's." : "")
  );
}

function againstShift({ beatsShift, beatsShiftAt }: RestartResult, shiftDistance: number): string {
  const bar = `the shift test's ${figure(shiftDistance)}`;
  return beatsShift ? `first below ${bar} at iteration ${beatsShiftAt}` : `never below ${bar}`;
}
