// What a run says to a person, in words: the lines that the live view and the plain one share.

import type { EndEvent, Quantisation, RestartResult, StartEvent, StepEvent, Token } from "../experiments/events.ts";
import { counted } from "../common/counts.ts";
import { duration, figure } from "../common/number-format.ts";
import { reducedPrecisionName } from "../describe/run-condition.ts";
import { recovers, verdictOf } from "../describe/run-verdict.ts";
import { hasPrompt, tokensProved, tokensRight } from "../describe/tokens-right.ts";
import type { Styles } from "./io.ts";
import type { Span } from "./visible-text.ts";

/**
 * The decoded text with the prompt's tokens marked or, where there is no prompt, those that are proved. One token may hold a part of a character only; its own text is a
 * replacement character then, so a text that is right as a whole is shown as a whole.
 */
export function decoded(step: StepEvent, start: StartEvent, { match }: Styles): Span[] {
  const { tokenIds, topK, text, proved } = step;
  const isRight = hasPrompt(start.spec)
    ? tokenIds.map((id, position) => id === start.target.tokenIds[position])
    : proved!.slice();
  if (isRight.every(Boolean)) return [{ text, mark: match }];
  return topK.map(([best], position) => (isRight[position] ? { text: best.text, mark: match } : { text: best.text }));
}

/** "3/5", and what those 3 are. */
export const progressOf = (
  step: StepEvent,
  { spec, target: { tokenIds } }: StartEvent,
): [count: string, word: string] =>
  hasPrompt(spec)
    ? [`${tokensRight(step.tokenIds, tokenIds)}/${tokenIds.length}`, "right"]
    : [`${tokensProved(step)}/${tokenIds.length}`, "proved"];

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
    ...(best.distances ? proofRows(best.distances) : []),
    ...(best.nextToken && target.nextToken ? row("next token", nextTokens(best.nextToken, target.nextToken)) : []),
    ...(start.quantisation && spec.weights !== "stored"
      ? row(reducedPrecisionName(spec.weights), offBy(start.quantisation, start.shiftDistance))
      : []),
    ...(start.rateSearch ? row("rate", `${start.rateSearch.chosen}, found by trying`) : []),
    ["seed", String(spec.seed)],
    ["time", `${duration(end.elapsedMs)} for ${counted(iterations, "iteration")} on ${device}`],
  ];
  return [said(end, start), ...rows.map(([name, value]) => `  ${name.padEnd(18)}${value}`)];
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

function proofRows(distances: NonNullable<RestartResult["distances"]>): Row[] {
  const known = distances.filter((distance) => distance !== null);
  return known.length > 0 ? row("state distance", `at most ${figure(Math.max(...known))} of a state's norm`) : [];
}

function recoveryRows(best: RestartResult, { spec, shiftDistance }: StartEvent): Row[] {
  if (!hasPrompt(spec)) return [];
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
function said(end: EndEvent, start: StartEvent): string {
  const { spec } = start;
  const { title, reached } = verdictOf(spec, end.best);
  const failed = recovers(spec) && !reached;
  const why = end.best.certainty
    ? unsettled(end.best, start)
    : "This search did not find the prompt; another start, rate or length may.";
  return [
    `${stoppedAfter(end)}${title}.`,
    ...(failed && why !== undefined ? [why] : []),
    ...(!recovers(spec) && end.best.exact ? ["The decoded tokens are still the prompt's."] : []),
  ].join(" ");
}

function likelihood(certainty: NonNullable<RestartResult["certainty"]>): string | undefined {
  if (certainty.includes("unknown")) return undefined;
  if (!certainty.includes("likely")) return "Every token is proved: these are the states of another text.";
  const which = certainty.includes("proved") ? "Each of the others" : "Each";
  return `${which} is by far the most likely one, which is no proof.`;
}

/** What exact recovery knows of the first position that it has left unknown, or of all; undefined where it was stopped. */
export function unsettled(best: RestartResult, { vocabulary }: StartEvent): string | undefined {
  const { certainty, tried, distances, tokens } = best;
  if (!certainty || !tried || !distances) return undefined;
  const position = certainty.findIndex((certainty, t) => certainty === "unknown" && tried[t] > 0);
  if (position < 0) return likelihood(certainty);
  const none =
    tried[position] === vocabulary ? "No token of the vocabulary" : `None of the ${tried[position]} tokens tried`;
  return (
    `${none} gives this state at position ${position}; the nearest is “${tokens[position]}”, ` +
    `${figure(distances[position]!)} of the state's norm away.`
  );
}

function againstShift({ beatsShift, beatsShiftAt }: RestartResult, shiftDistance: number): string {
  const bar = `the shift test's ${figure(shiftDistance)}`;
  return beatsShift ? `first below ${bar} at iteration ${beatsShiftAt}` : `never below ${bar}`;
}
