// What a run says to a person, in words: the lines that the live view and the plain one share.

import type { ExperimentSpec } from "../experiments/spec.ts";
import type {
  EndEvent,
  Quantisation,
  RecoveredTokens,
  RestartResult,
  StartEvent,
  StepEvent,
  Token,
  Utility,
} from "../experiments/events.ts";
import { counted } from "../common/counts.ts";
import { duration, figure } from "../common/number-format.ts";
import { reducedPrecisionName } from "../describe/run-condition.ts";
import { largestDistance, positionAtWork, smallestMargin, totalTried } from "../describe/recovered-tokens.ts";
import { exactWhen, firstExactRestart, firstIterationsOf } from "../describe/exact-when.ts";
import { countsRounds } from "../describe/run-progress.ts";
import { recovers, verdictOf } from "../describe/run-verdict.ts";
import { hasPrompt, tokensRight } from "../describe/tokens-right.ts";
import type { Styles } from "./io.ts";
import type { Span } from "./visible-text.ts";

/**
 * The decoded text with the prompt's tokens marked or, where the method proves its tokens, those that are settled. One
 * token may hold a part of a character only; its own text is a replacement character then, so a text that is right as a
 * whole is shown as a whole.
 */
export function decoded(step: StepEvent, start: StartEvent, { match }: Styles): Span[] {
  const { tokenIds, topK, text, certainty } = step;
  if (certainty) {
    if (certainty.every((each) => each !== "unknown")) return [{ text, mark: match }];
    const texts = tokenIds.map((id, position) => topK[position].find((token) => token.id === id)?.text);
    if (texts.includes(undefined)) return [{ text }];
    return texts.map((each, position) => ({
      text: each!,
      ...(certainty[position] !== "unknown" && { mark: match }),
    }));
  }
  if (tokensRight(tokenIds, start.target.tokenIds) === start.target.tokenIds.length) return [{ text, mark: match }];
  return topK.map(([best], position) =>
    best.id === start.target.tokenIds[position] ? { text: best.text, mark: match } : { text: best.text },
  );
}

/** "round 3", the position at work, and "4/9 proved". */
export function roundParts(step: StepEvent): string[] {
  const { iteration, tokenIds } = step;
  const work = workLine(step);
  const { blocks } = step;
  const depth = blocks === undefined ? [] : [`after ${counted(blocks, "block")}`];
  return [`round ${iteration}`, ...depth, ...(work === undefined ? [] : [work]), provedOf(step, tokenIds.length)];
}

/** "position 5 of 9: 28 tried, nearest distance 0.0123"; undefined of a round that tried none. */
export function workLine(step: StepEvent): string | undefined {
  const work = positionAtWork(step);
  if (!work) return undefined;
  const { position, tried, candidates } = work;
  const nearest = figure(candidates[0].distance);
  return `position ${position + 1} of ${step.tokenIds.length}: ${tried} tried, nearest distance ${nearest}`;
}

/** "4/9 proved", and how many more are likely. */
export function provedOf({ certainty = [] }: RecoveredTokens, tokens: number): string {
  const count = (wanted: string) => certainty.filter((each) => each === wanted).length;
  const likely = count("likely");
  return `${count("proved")}/${tokens} proved${likely > 0 ? `, ${likely} most likely` : ""}`;
}

/** "a fit of 79665 tokens in 10.3 s, cached, hit rate 100 %" */
export const fitLine = ({ tokens, seconds, cached, hitRate }: NonNullable<StartEvent["fit"]>): string =>
  `a fit of ${counted(tokens, "token")} in ${duration(1000 * seconds)}${cached ? ", cached" : ""}, hit rate ${percent(hitRate)}`;

type Row = readonly [name: string, value: string];

const quoted = ({ text }: Token): string => JSON.stringify(text);

export function summary(end: EndEvent, start: StartEvent): string[] {
  const { best, restarts, iterations } = end;
  const { spec, target, device } = start;
  const rows: Row[] = [
    ["text", best.text],
    ...(best.certainty
      ? certaintyRows(best, end, start)
      : [
          ...row(
            "restart",
            `${best.restart + 1}, at iteration ${best.iteration}` +
              (restarts.length > 1
                ? ` (${restarts.filter(({ exact }) => exact).length} of ${restarts.length} exact)`
                : ""),
          ),
          ...(recovers(spec) ? [...whenRows(end, start), ...recoveryRows(best, start)] : movementRows(best, start)),
        ]),
    ...(best.nextToken && target.nextToken ? row("next token", nextTokens(best.nextToken, target.nextToken)) : []),
    ...(start.quantisation && spec.weights !== "stored"
      ? row(reducedPrecisionName(spec.weights), offBy(start.quantisation, start.shiftDistance))
      : []),
    ...(start.checkpoint.ownHead
      ? row("head", "the checkpoint's own: it is not the embedding, as config.json has it")
      : []),
    ...(start.rateSearch ? row("rate", `${start.rateSearch.chosen}, found by trying`) : []),
    ["seed", String(spec.seed)],
    ["time", `${duration(end.elapsedMs)} for ${workDone(iterations, spec)} on ${device}`],
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
    `the noise threshold being ${figure(shiftDistance)}`
  );
}

/** When the best restart had the prompt's tokens, and which restart had them first where that is another one. */
function whenRows({ best, restarts }: EndEvent, { spec }: StartEvent): Row[] {
  const firsts = restarts.flatMap((result) => firstIterationsOf(result) ?? []);
  const own = firstIterationsOf(best);
  if (!own) return [];
  const first = firstExactRestart(firsts);
  const isOther = first !== undefined && firsts[first].firstExactIteration !== own.firstExactIteration;
  const when = [
    exactWhen(spec, own),
    isOther ? `restart ${first + 1} was first, ${exactWhen(spec, firsts[first])}` : undefined,
  ].filter((words) => words !== undefined);
  const tokens = own.firstCorrectIterations.slice(0, MOST_FIRSTS).map((at) => (at === null ? "–" : String(at)));
  const rest = own.firstCorrectIterations.length - tokens.length;
  return [
    ...(when.length === 0 ? [] : row("when", when.join("; "))),
    ...row(
      "first correct",
      `${spec.every === 1 ? "at" : "by"} iteration ${tokens.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}, token by token`,
    ),
  ];
}

/** Tokens whose first correct iteration is told. */
const MOST_FIRSTS = 16;

function recoveryRows(best: RestartResult, { shiftDistance }: StartEvent): Row[] {
  return [
    ["output distance", `${figure(best.outputDistance)}, ${againstShift(best, shiftDistance)}`],
    ["discrete distance", `${figure(best.discreteDistance)}, of the decoded tokens themselves`],
  ];
}

function certaintyRows(best: RestartResult, { tokenForwards }: EndEvent, { fit }: StartEvent): Row[] {
  const [distance, margin] = [largestDistance(best), smallestMargin(best)];
  const unknown = (best.certainty ?? []).flatMap((certainty, position) => (certainty === "unknown" ? [position] : []));
  return [
    ...(distance === undefined ? [] : row("distances", `${figure(distance)} at most, relative to the states' norms`)),
    ...(margin === undefined ? [] : row("margin", `${figure(margin)} at least, to the nearest other token tried`)),
    ...row("tried", counted(totalTried(best), "token")),
    ...unknown.slice(0, MOST_UNKNOWN).flatMap((position) => row("unknown", unknownLine(best, position))),
    ...(unknown.length > MOST_UNKNOWN ? row("", `and ${unknown.length - MOST_UNKNOWN} more unknown`) : []),
    ...(best.sameEmbedding ?? []).flatMap(({ position, tokens }) =>
      row("same embedding", `position ${position + 1}: ${tokens.map(quoted).join(", ")}`),
    ),
    ...(best.utility ? row("utility", utilityLine(best.utility)) : []),
    ...(tokenForwards === undefined ? [] : row("token forwards", String(tokenForwards))),
    ...depthRows(best),
    ...(fit ? row("fit", fitLine(fit).replace(/^a fit of /, "")) : []),
  ];
}

/** A row a depth, the shallowest first. */
const depthRows = ({ depths = [] }: RestartResult): Row[] =>
  depths.map((depth) => {
    const { blocks, tokenIds, tokenForwards, hitRate, utility } = depth;
    const figures = [
      provedOf(depth, tokenIds.length),
      counted(totalTried(depth), "token") + " tried",
      counted(tokenForwards, "token forward"),
      `hit rate ${percent(hitRate)}`,
      ...(utility ? [utilityLine(utility)] : []),
    ];
    return [`after ${counted(blocks, "block")}`, figures.join(" · ")];
  });

/** "the next token stays at 7 of 9 positions, KL 0.0123 nats" */
const utilityLine = ({ agreements, kl }: Utility): string =>
  `the next token stays at ${agreements.filter(Boolean).length} of ${counted(agreements.length, "position")}, ` +
  (kl === null ? "and the protected states overflow" : `KL ${figure(kl)} nats`);

/** Positions without a certain token that are told of one by one. */
const MOST_UNKNOWN = 5;

function unknownLine({ tokens, distances, tried }: RestartResult, position: number): string {
  const distance = distances?.[position];
  const place = `position ${position + 1}`;
  if (typeof distance !== "number") return `${place}, not tried`;
  const nearest = JSON.stringify(tokens[position]);
  return `${place}: ${nearest} is the nearest of ${counted(tried?.[position] ?? 0, "token")} tried, ${figure(distance)} away`;
}

function movementRows(best: RestartResult, { shiftDistance, gradientCheck }: StartEvent): Row[] {
  const side = best.beatsShift ? "less" : "not less";
  return [
    ["output moved", `${figure(best.outputDistance)}, ${side} than the noise threshold (${figure(shiftDistance)})`],
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
  `${figure(ratio!)}${ratioPerElement === null ? "" : ` (${figure(ratioPerElement)} per element)`}; output / input ${figure(1 / ratio!)}`;

const nextTokens = (found: Token, wanted: Token): string =>
  found.id === wanted.id
    ? `${quoted(found)}, as after the prompt`
    : `${quoted(found)}, and ${quoted(wanted)} after the prompt`;

/** Rounds are counted with the first, which is 0. */
const workDone = (iterations: number, spec: ExperimentSpec): string =>
  countsRounds(spec) ? counted(iterations + 1, "round") : counted(iterations, "iteration");

const stoppedAfter = ({ status, iterations }: EndEvent, spec: ExperimentSpec): string =>
  status === "cancelled" ? `Stopped after ${workDone(iterations, spec)}. ` : "";

/** A search that fails shows what this search did, never that the information is gone. */
function said(end: EndEvent, start: StartEvent): string {
  const { spec } = start;
  const { title, reached } = verdictOf(spec, end.best);
  const failed = recovers(spec) && !reached;
  const why = end.best.certainty
    ? !hasPrompt(spec) && unsettled(end.best, start)
    : "This search did not find the prompt; another start, rate or length may.";
  return [
    `${stoppedAfter(end, spec)}${title}.`,
    ...(failed && why ? [why] : []),
    ...(!recovers(spec) && end.best.exact ? ["The decoded tokens are still the prompt's."] : []),
  ].join(" ");
}

/** What exact recovery knows of the first position that it has left unknown; undefined where there is none. */
export function unsettled(best: RestartResult, { vocabulary }: StartEvent): string | undefined {
  const { certainty = [], tried = [], distances = [], tokens } = best;
  const position = certainty.findIndex((word, t) => word === "unknown" && tried[t] > 0);
  if (position < 0) return undefined;
  const none =
    tried[position] === vocabulary ? "No token of the vocabulary" : `None of the ${tried[position]} tokens tried`;
  return (
    `${none} gives this state at position ${position}; the nearest is “${tokens[position]}”, ` +
    `${figure(distances[position]!)} of the state's norm away.`
  );
}

function againstShift({ beatsShift, beatsShiftAt }: RestartResult, shiftDistance: number): string {
  const bar = `below the noise threshold (${figure(shiftDistance)})`;
  return beatsShift ? `${bar} since iteration ${beatsShiftAt}` : `never ${bar}`;
}
