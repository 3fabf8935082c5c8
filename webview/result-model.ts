// What a run has come to, in words and figures.

import { atIteration } from "../src/describe/run-progress.ts";
import { exactWhen } from "../src/describe/exact-when.ts";
import {
  largestDistance,
  type PositionAtWork,
  positionAtWork,
  smallestMargin,
  totalTried,
} from "../src/describe/recovered-tokens.ts";
import { plural } from "../src/describe/numbers.ts";
import { metricName, shiftName } from "../src/describe/run-condition.ts";
import { recovers, verdictAt } from "../src/describe/run-verdict.ts";
import { isOver } from "../src/describe/run-state.ts";
import { tokensRight } from "../src/describe/tokens-right.ts";
import type {
  Certainty,
  RateSearch,
  RestartResult,
  StartEvent,
  StepEvent,
  Token,
  Utility,
} from "../src/experiments/events.ts";
import { type Chip, chipsOf } from "./chips-model.ts";
import { formatElapsed, formatNumber } from "./format.ts";
import { t } from "./l10n.ts";
import { type PageModel, shownRestart, shownStep, shownSteps } from "./page-model.ts";
import { belowThresholdAt, exactRestarts, type RunModel } from "./run-model.ts";

export interface Fact {
  readonly label: string;
  readonly value: string;
  /** Tokens in place of a value: the target's and the one found. */
  readonly tokens?: readonly [target: Token, found: Token];
  readonly note: string;
  /** What it is, with its formula and this run's numbers, on hover. */
  readonly meaning: string;
  /** Whether it speaks for success; undefined while it is open. */
  readonly good?: boolean;
}

export interface Result {
  readonly title: string;
  readonly text: string;
  readonly exact: boolean;
  /** What is recovered so far, where the method says how sure it is of each token. */
  readonly tokens?: readonly Chip[];
  /** What was tried at the position at work of the step under study. */
  readonly work?: {
    readonly title: string;
    readonly candidates: readonly (Token & { readonly figures: string })[];
  };
  readonly facts: readonly Fact[];
}

/** What the shown restart has come to so far; undefined before its first row. */
export function resultOf(page: PageModel): Result | undefined {
  const { run } = page;
  const latest = shownSteps(page).at(-1);
  if (!run?.start || !latest) return undefined;
  const ended = run.end?.restarts[shownRestart(page)];
  const { spec } = run.info;
  const { title, reached } = verdictAt(spec, ended ?? latest, run.start.target.tokenIds);
  const told = { page, run, start: run.start, found: ended ?? latest, ended };
  const findings = told.found.certainty ? proofs : recovers(spec) ? recovery : movement;
  return { title, exact: reached, ...findings(told) };
}

/** What a result is read off: the restart's end or, before it, its newest step. */
interface Told {
  readonly page: PageModel;
  readonly run: RunModel;
  readonly start: StartEvent;
  readonly found: StepEvent | RestartResult;
  readonly ended: RestartResult | undefined;
}

type Findings = Omit<Result, "title" | "exact">;

/** Of a search that proves its tokens. */
function proofs({ page, run, start, found }: Told): Findings {
  const { fit, target } = start;
  const [distance, margin] = [largestDistance(found), smallestMargin(found)];
  const forwards = run.end?.tokenForwards ?? shownSteps(page).at(-1)?.tokenForwards;
  const tried = totalTried(found);
  const step = shownStep(page);
  const work = step && positionAtWork(step);
  const whole = plural(target.tokenIds.length, "token");
  return {
    text: [wherefrom(page, run, found), ...searchesBeside(page, found.certainty ?? [])].join(" · "),
    tokens: step ? chipsOf(step, target.tokenIds, run.info.spec) : [],
    ...(work && { work: workOf(work, target.tokenIds.length) }),
    facts: [
      {
        label: t("Largest distance"),
        value: distance === undefined ? "–" : formatNumber(distance),
        note: t("of the tokens’ states, relative to the norm of the target’s"),
        meaning: t("Largest ‖h − h*‖₂ / ‖h*‖₂ over {0}, h being the state of the token found, h* the given one", whole),
      },
      {
        label: t("Smallest margin"),
        value: margin === undefined ? "–" : formatNumber(margin),
        note: margin === undefined ? t("no other token was tried") : t("to the nearest other token that was tried"),
        meaning: t(
          "How much farther the nearest other token’s state was than the one found, the least over {0}",
          whole,
        ),
      },
      {
        label: t("Tokens tried"),
        value: tried.toLocaleString("en"),
        note: t("for {0}", whole),
        meaning: t("Tokens whose own state was computed behind the proved prefix, over {0}", whole),
      },
      {
        label: t("Token forwards"),
        value: forwards?.toLocaleString("en") ?? "–",
        note: t("tokens that went through the network in the search"),
        meaning: t("{0} tried, and the proved ones before them, each counted once per pass", plural(tried, "token")),
      },
      ...(run.end
        ? [
            {
              label: t("Time"),
              value: formatElapsed(run.end.elapsedMs),
              note: t("of the search alone"),
              meaning: t("From the first round to the last, on {0}; making the fit comes before it", start.device),
            },
          ]
        : []),
      ...(fit ? [fitFact(fit)] : []),
      ...("utility" in found && found.utility ? [utilityFact(found.utility)] : []),
      ...("sameEmbedding" in found ? (found.sameEmbedding ?? []).map(sameFact) : []),
    ],
  };
}

const fitFact = ({ tokens, seconds, cached, hitRate }: NonNullable<StartEvent["fit"]>): Fact => ({
  label: t("Fit’s hit rate"),
  value: percent(hitRate),
  note: cached
    ? t("of held-out tokens rank first; fitted on {0}, from the cache", plural(tokens, "token"))
    : t("of held-out tokens rank first; fitted on {0} in {1}", plural(tokens, "token"), formatElapsed(1000 * seconds)),
  meaning: t("Share of tokens of texts that the fit has not seen which its linear discriminants rank first"),
});

const utilityFact = ({ agreement, kl }: Utility): Fact => ({
  label: t("Next tokens kept"),
  value: percent(agreement),
  note:
    kl === null
      ? t("by the rest of the network; the protected states overflow")
      : t("by the rest of the network; KL divergence {0} nats", formatNumber(kl)),
  meaning: t("Share of positions whose most probable next token is the same from the protected states"),
});

const sameFact = ({ position, tokens }: NonNullable<RestartResult["sameEmbedding"]>[number]): Fact => ({
  label: t("Same embedding"),
  value: t("position {0}", position + 1),
  meaning: t("Tokens with one and the same embedding have one and the same state"),
  note: t("nothing tells these tokens apart: {0}", tokens.map(({ text }) => JSON.stringify(text)).join(", ")),
});

const workOf = ({ position, tried, candidates }: PositionAtWork, tokens: number): NonNullable<Result["work"]> => ({
  title: t("Position {0} of {1}: {2} tried, the nearest", position + 1, tokens, plural(tried, "token")),
  candidates: candidates.map(({ id, text, distance, margin }, place) => ({
    id,
    text,
    figures:
      place === 0
        ? t("distance {0}", formatNumber(distance))
        : t("distance {0}, {1} farther", formatNumber(distance), formatNumber(margin)),
  })),
});

/** What searches of the same comparison found of what the state determines. */
function searchesBeside(page: PageModel, certainty: readonly Certainty[]): string[] {
  const determined = certainty.filter((each) => each !== "unknown").length;
  return page.beside.flatMap((run) => {
    const { best } = run.end ?? {};
    if (!best || best.certainty || !recovers(run.info.spec) || !run.start) return [];
    const right = tokensRight(best.tokenIds, run.start.target.tokenIds);
    return [
      t(
        "the search of run {0} found {1} of {2}, the states determine {3}",
        run.info.id,
        right,
        best.tokenIds.length,
        determined,
      ),
    ];
  });
}

function recovery({ page, run, start, found, ended }: Told): Findings {
  const firsts = run.firsts[shownRestart(page)];
  return {
    text: [wherefrom(page, run, found), firsts && exactWhen(run.info.spec, firsts)].filter(Boolean).join(" · "),
    facts: [
      {
        label: t("Output distance"),
        value: formatNumber(found.outputDistance),
        ...shiftVerdict(run, shownRestart(page)),
        meaning: outputMeaning(run, found.outputDistance),
      },
      {
        label: t("Discrete distance"),
        meaning: t("d(O(embed(tokens)), O(e*)): distance of the decoded tokens’ own output, 0 for the prompt itself"),
        ...(ended
          ? {
              value: formatNumber(ended.discreteDistance),
              note: ended.exact ? t("the decoded tokens are the prompt’s") : t("of the decoded tokens’ own output"),
              good: ended.exact,
            }
          : { value: "–", note: openNote(run) }),
      },
      nextTokenFact(run, start.target.nextToken, ended),
      ...decodingFacts(start, ended),
      ...(start.rateSearch ? [rateFact(start.rateSearch)] : []),
    ],
  };
}

function rateFact({ iterations, rates, outputDistances, chosen }: RateSearch): Fact {
  const tried = rates.map((rate, i) => {
    const distance = outputDistances[i];
    return `${formatNumber(rate)}: ${distance === null ? t("diverged") : formatNumber(distance)}`;
  });
  return {
    label: t("Learning rate"),
    value: formatNumber(chosen),
    meaning: t(
      "η of the smallest output distance after {0} from the same start point",
      plural(iterations, "iteration"),
    ),
    note: t("found by trying; output distance after {0} at {1}", plural(iterations, "iteration"), tried.join(", ")),
  };
}

/** A walk succeeds by going far while the output stays; its tokens are to change. */
function movement({ page, run, start, found, ended }: Told): Findings {
  const { tokenIds, outputDistance, inputDistance, ratio } = found;
  const { target, shiftDistance } = start;
  const left = target.tokenIds.length - tokensRight(tokenIds, target.tokenIds);
  const perElement = ended?.ratioPerElement;
  const within = outputDistance < shiftDistance;
  return {
    text: [wherefrom(page, run, found), t("{0} of {1} changed", left, plural(target.tokenIds.length, "token"))].join(
      " · ",
    ),
    facts: [
      {
        label: t("Output moved"),
        value: formatNumber(outputDistance),
        note: within
          ? t("below the noise threshold ({0})", formatNumber(shiftDistance))
          : t("not below the noise threshold ({0})", formatNumber(shiftDistance)),
        meaning: outputMeaning(run, outputDistance),
        good: within,
      },
      {
        label: t("Input moved"),
        value: formatNumber(inputDistance),
        meaning: t("‖e − e*‖₁ = {0}: how far the input is from the prompt’s embedding", formatNumber(inputDistance)),
        note:
          ratio === null
            ? t("L1 distance to the prompt’s embedding")
            : typeof perElement === "number"
              ? t("output / input {0}; r per element {1}", formatNumber(1 / ratio), formatNumber(perElement))
              : t("output / input {0}", formatNumber(1 / ratio)),
      },
      nextTokenFact(run, target.nextToken, ended),
      ...decodingFacts(start, ended),
    ],
  };
}

/** d(O(e), O(e*)) with its metric, and what the noise threshold is, in this run's numbers. */
function outputMeaning({ info: { spec }, start }: RunModel, distance: number): string {
  return t(
    "d(O(e), O(e*)) = {0} in {1}, of the embedding found. The noise threshold {2} is the median of d(O(e* + {3}), O(e*)) over {4} draws.",
    formatNumber(distance),
    metricName(spec.metric),
    formatNumber(start!.shiftDistance),
    shiftName(spec),
    start!.shiftDistances.length,
  );
}

/** How wrong and how repetitive the decoding is, which is known at the end. */
function decodingFacts({ target }: StartEvent, ended: RestartResult | undefined): Fact[] {
  if (!ended) return [];
  const [top1, top5] = wrongTokens(ended);
  const { tokenIds } = target;
  const wrong = tokenIds.length - tokensRight(ended.tokenIds, tokenIds);
  const own = 1 - new Set(tokenIds).size / tokenIds.length;
  return [
    {
      label: t("Token error rate"),
      value: top1,
      note: t("true token outside the top 5: {0}", top5),
      meaning: t(
        "{0} of {1} decoded from the embedding found are not the prompt’s",
        wrong,
        plural(tokenIds.length, "token"),
      ),
    },
    {
      label: t("Repeated tokens"),
      value: percent(ended.repetition.repeated),
      note: t("the prompt’s own: {0}; distinct-1 / distinct-2: {1}", percent(own), distinct(ended)),
      meaning: t(
        "Share of decoded tokens that stand at an earlier position already; distinct-n is the share of different n-grams in the top-k lists",
      ),
    },
  ];
}

const openNote = ({ info }: RunModel): string =>
  isOver(info) ? t("not known: the run ended early") : t("known at the end");

function nextTokenFact(run: RunModel, wanted: Token | null, ended: RestartResult | undefined): Fact {
  const meaning = t("arg max of the last position’s logits, from the embedding found and not from its decoded tokens");
  if (!wanted) return { label: t("Next token"), value: "–", note: t("this network predicts no token"), meaning };
  if (!ended?.nextToken) return { label: t("Next token"), value: "–", note: openNote(run), meaning };
  const same = ended.sameNextToken === true;
  return {
    label: t("Next token"),
    value: same ? t("the same") : t("different"),
    tokens: [wanted, ended.nextToken],
    note: t("after the prompt, and after the embedding found"),
    meaning,
    good: same,
  };
}

function wherefrom({ restart }: PageModel, run: RunModel, shown: RestartResult | StepEvent): string {
  const { restarts } = run.info.spec;
  const place = atIteration(run.info.spec, shown.iteration);
  const at = isOver(run.info) ? place : t("now {0}", place);
  if (restarts === 1) return at;
  const isBest = restart === undefined && run.end?.best.restart === shown.restart;
  const which = isBest ? t("best of {0} restarts", restarts) : t("restart {0} of {1}", shown.restart + 1, restarts);
  // A walk is not out to find the prompt.
  if (!recovers(run.info.spec)) return `${which}, ${at}`;
  return `${which}, ${at} · ${t("{0} of {1} restarts exact", exactRestarts(run), restarts)}`;
}

function shiftVerdict(run: RunModel, restart: number): { note: string; good?: boolean } {
  const below = belowThresholdAt(run, restart);
  if (below) return { note: below.told, good: true };
  const bar = formatNumber(run.start!.shiftDistance);
  return isOver(run.info)
    ? { note: t("never below the noise threshold ({0})", bar), good: false }
    : { note: t("not yet below the noise threshold ({0})", bar) };
}

export const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** Share of positions where the prompt's token is not the best one, and not among the best five. */
export const wrongTokens = ({ hamming: { top1, top5 } }: RestartResult): [string, string] => [
  percent(top1),
  percent(top5),
];

export const distinct = ({ repetition: { distinct1, distinct2 } }: RestartResult): string =>
  `${formatNumber(distinct1)} / ${formatNumber(distinct2)}`;
