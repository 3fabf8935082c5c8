// What the page knows, and what its views read off it: from messages to texts and numbers, without a document.

import type {
  EndEvent,
  RateSearch,
  RestartResult,
  RunEvent,
  StartEvent,
  StepEvent,
  Token,
  WalkPoint,
} from "../src/experiments/events.ts";
import type { RunInfo, RunHistory, ToPage } from "../src/session/panel-messages.ts";
import { plural } from "../src/describe/counts.ts";
import { conditionOf, shiftName } from "../src/describe/run-condition.ts";
import { isOver, stateName } from "../src/describe/run-state.ts";
import { shorten } from "../src/describe/short-text.ts";
import { differences, valueText } from "../src/describe/spec-fields.ts";
import { tokensRight } from "../src/describe/tokens-right.ts";
import { formatElapsed, formatNumber } from "./format.ts";
import { t } from "./l10n.ts";

/** The shown run with all that it has told. */
export interface RunModel {
  info: RunInfo;
  start: StartEvent | undefined;
  end: EndEvent | undefined;
  /** [restart][row]: a row is a shown iteration, in order. */
  readonly steps: StepEvent[][];
  /** What the plots show, of each restart. */
  readonly series: Series[];
}

/**
 * The figures of one restart, a column each. A point is a shown iteration or, of a walk, any step; null where a figure is
 * not known.
 */
export interface Series {
  readonly iterations: number[];
  readonly outputDistance: number[];
  readonly inputDistance: number[];
  readonly ratio: (number | null)[];
  /** How many tokens are the prompt's. */
  readonly right: (number | null)[];
  /** [token][point] */
  readonly ranks: (number | null)[][];
  /** [token][point]; empty where the method has none. */
  readonly gradientProducts: (number | null)[][];
  readonly singularValue: (number | null)[];
  /** Of a clamped walk, the first dimension that got noise. */
  readonly clampedFrom: (number | null)[];
}

export interface PageModel {
  /** Every run of the session, in order. */
  runs: readonly RunInfo[];
  run: RunModel | undefined;
  /** The runs that the shown one is compared with. */
  beside: readonly RunModel[];
  /** The run that the person picked from the list, until the host has sent it. */
  picked: string | undefined;
  /** The restart that the person picked; undefined for the best. */
  restart: number | undefined;
  /** The row that the person picked; undefined for the newest. */
  row: number | undefined;
  /** The iteration under the pointer, while it is over the plots. */
  pointed: number | undefined;
}

export const emptyPage = (): PageModel => ({
  runs: [],
  run: undefined,
  beside: [],
  picked: undefined,
  restart: undefined,
  row: undefined,
  pointed: undefined,
});

/** Takes a message of the host into the model. */
export function receive(page: PageModel, message: Extract<ToPage, { readonly type: "show" | "run" | "events" }>): void {
  switch (message.type) {
    case "show": {
      const { runs, shown, beside } = message;
      const modelOf = (told: RunHistory | undefined): RunModel | undefined => {
        const info = runs.find(({ id }) => id === told?.id);
        const model = info && newRun(info);
        if (model && told) addEvents(model, told.events);
        return model;
      };
      const run = modelOf(shown);
      if (run?.info.id !== page.run?.info.id) {
        page.restart = undefined;
        page.row = undefined;
      }
      page.runs = runs;
      page.picked = undefined;
      page.run = run;
      page.beside = beside.map(modelOf).filter((other) => other !== undefined);
      return;
    }
    case "run": {
      const { run } = message;
      const known = page.runs.some(({ id }) => id === run.id);
      page.runs = known ? page.runs.map((other) => (other.id === run.id ? run : other)) : [...page.runs, run];
      for (const shown of shownRuns(page)) if (shown.info.id === run.id) shown.info = run;
      return;
    }
    case "events":
      for (const shown of shownRuns(page)) if (shown.info.id === message.id) addEvents(shown, message.events);
  }
}

/** The shown run, and those beside it. */
const shownRuns = ({ run, beside }: PageModel): RunModel[] => (run ? [run, ...beside] : [...beside]);

/** The runs of the comparison in their order; none where the shown run is by itself. */
export function comparedRuns(page: PageModel): RunModel[] {
  if (!page.run || page.beside.length === 0) return [];
  const { compared } = page.run.info;
  return shownRuns(page).sort((a, b) => compared.indexOf(a.info.id) - compared.indexOf(b.info.id));
}

const newRun = (info: RunInfo): RunModel => ({
  info,
  start: undefined,
  end: undefined,
  steps: [],
  series: [],
});

function addEvents(run: RunModel, events: readonly RunEvent[]): void {
  for (const event of events) {
    switch (event.type) {
      case "start":
        run.start = event;
        break;
      case "step":
        addStep(run, event);
        break;
      case "end":
        run.end = event;
    }
  }
}

function addStep(run: RunModel, step: StepEvent): void {
  (run.steps[step.restart] ??= []).push(step);
  const series = (run.series[step.restart] ??= emptySeries(step));
  // A walk has measured the steps that it has not decoded, too.
  for (const point of (step.walked ?? [step]) as readonly WalkPoint[]) {
    series.iterations.push(point.iteration);
    series.outputDistance.push(point.outputDistance);
    series.inputDistance.push(point.inputDistance);
    series.ratio.push(point.ratio);
    series.singularValue.push(point.singularValue ?? null);
    series.clampedFrom.push(point.clampedFrom ?? null);
    const decoded = point.iteration === step.iteration;
    series.right.push(decoded ? tokensRight(step.tokenIds, run.start?.target.tokenIds ?? []) : null);
    series.ranks.forEach((column, token) => column.push(decoded ? step.targetRanks[token] : null));
    // The first point of a walk comes before its first direction.
    point.gradientProducts?.forEach((product, token) => {
      (series.gradientProducts[token] ??= series.iterations.slice(1).map(() => null)).push(product);
    });
  }
}

const emptySeries = ({ targetRanks }: StepEvent): Series => ({
  iterations: [],
  outputDistance: [],
  inputDistance: [],
  ratio: [],
  right: [],
  ranks: targetRanks.map(() => []),
  gradientProducts: [],
  singularValue: [],
  clampedFrom: [],
});

/** The figures of the restart under study. */
export const shownSeries = (page: PageModel): Series | undefined => page.run?.series[shownRestart(page)];

/** The run that buttons are about: the one just picked, although another one is shown for a moment yet. */
export const chosenRun = ({ runs, run, picked }: PageModel): RunInfo | undefined =>
  runs.find(({ id }) => id === picked) ?? run?.info;

/** The restart whose steps are shown: the one picked, else the best one, which is known at the end. */
export const shownRestart = ({ run, restart }: PageModel): number => restart ?? run?.end?.best.restart ?? 0;

/** Steps of the shown restart, a row each. */
export const shownSteps = (page: PageModel): readonly StepEvent[] => page.run?.steps[shownRestart(page)] ?? [];

/** The row of the shown iteration that is closest to one of the plot's. */
export const rowAt = (page: PageModel, iteration: number): number => nearestRow(shownSteps(page), iteration);

/** The row of the step closest to an iteration, of two as close the later; −1 where there is none. */
function nearestRow(steps: readonly StepEvent[], iteration: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle].iteration < iteration) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return steps.length === 0 ? -1 : 0;
  if (low === steps.length) return low - 1;
  return steps[low].iteration - iteration <= iteration - steps[low - 1].iteration ? low : low - 1;
}

/** The row under study: the one picked, else the newest; −1 when there is none yet. */
export const shownRow = (page: PageModel): number => page.row ?? shownSteps(page).length - 1;

export const shownStep = (page: PageModel): StepEvent | undefined => shownSteps(page)[shownRow(page)];

/** The prompt, as the start event has it. */
export type Target = StartEvent["target"];

/** One token as the page shows it beside the prompt's. */
export interface Chip {
  readonly id: number;
  readonly text: string;
  /** Is it the prompt's token at its position? */
  readonly matches: boolean;
  /** What stands out: what has come back, or what has gone. */
  readonly marked: "matches" | "changes";
}

/** Of an inversion the tokens that are the prompt's stand out, of a walk those that are no longer. */
export function chipsOf({ tokenIds, topK, walked }: StepEvent, targetIds: readonly number[]): Chip[] {
  return tokenIds.map((id, position) => ({
    marked: walked ? "changes" : "matches",
    id,
    text: topK[position].find((token) => token.id === id)?.text ?? `#${id}`,
    matches: id === targetIds[position],
  }));
}

/** How many restarts have the whole prompt: at their end or, before it, at their newest row. */
export function exactRestarts({ start, steps, end }: RunModel): number {
  if (end) return end.restarts.filter(({ exact }) => exact).length;
  const target = start?.target.tokenIds ?? [];
  return steps.filter((rows) => isExact(rows.at(-1), target)).length;
}

export const isExact = (step: StepEvent | undefined, targetIds: readonly number[]): boolean =>
  step !== undefined && tokensRight(step.tokenIds, targetIds) === targetIds.length;

export type Tone = "busy" | "paused" | "good" | "neutral" | "bad";

/** How the run is doing, in words. */
export interface RunState {
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
  /** Share of the work done, 0…1, while it goes on; undefined when it is not known. */
  readonly share?: number;
}

/** `now` in milliseconds since 1970. */
export function stateOf({ info, steps, end }: RunModel, now: number): RunState {
  const { phase, spec, startedAt, pausedMs = 0, elapsedMs } = info;
  const done = end?.iterations ?? steps[0]?.at(-1)?.iteration ?? 0;
  const until = phase.kind === "paused" ? phase.since : now;
  const elapsed = elapsedMs ?? (startedAt === undefined ? undefined : Math.max(0, until - startedAt - pausedMs));
  const time = elapsed === undefined ? "" : formatElapsed(elapsed);
  const reached = t("{0} of {1}", done.toLocaleString("en"), plural(spec.iterations, "iteration"));
  switch (phase.kind) {
    case "waiting":
      return {
        tone: "neutral",
        title: t("Waiting"),
        text: phase.behindPaused ? t("for the run before, which is paused") : t("for the run before"),
      };
    case "preparing": {
      const { stage, done: part, total, bytesPerSecond } = phase.progress ?? { stage: t("Starting the engine") };
      const share = part !== undefined && total ? part / total : undefined;
      const percent = share === undefined ? "" : ` ${Math.floor(100 * share)} %`;
      const speed = bytesPerSecond === undefined ? "" : `, ${(bytesPerSecond / 1e6).toFixed(1)} MB/s`;
      return { tone: "busy", title: t("Preparing"), text: `${stage}…${percent}${speed}`, share };
    }
    case "running":
      return { tone: "busy", title: t("Running"), text: `${reached} · ${time}`, share: done / spec.iterations };
    case "pausing":
      return { tone: "busy", title: t("Pausing"), text: `${t("after the next shown iteration")} · ${reached}` };
    case "paused":
      return { tone: "paused", title: t("Paused"), text: `${reached} · ${time}`, share: done / spec.iterations };
    case "stopping":
      return { tone: "busy", title: t("Stopping"), text: `${t("after the iteration at hand")} · ${reached}` };
    case "external":
      return {
        tone: "busy",
        title: t("Running"),
        text: `${t("in a sweep or elsewhere")} · ${reached}`,
        share: done / spec.iterations,
      };
    case "completed":
      return { tone: "good", title: t("Done"), text: t("{0} in {1}", plural(done, "iteration"), time) };
    case "cancelled":
      return {
        tone: "neutral",
        title: t("Stopped"),
        text: steps.length > 0 ? t("after {0}, {1}", reached, time) : t("before it began"),
      };
    case "interrupted":
      return {
        tone: "neutral",
        title: t("Interrupted"),
        text:
          steps.length > 0
            ? t("The window was closed while it ran, after {0}. Run Again starts it anew.", reached)
            : t("The window was closed while it ran. Run Again starts it anew."),
      };
    case "failed":
      return {
        tone: "bad",
        title: t("Failed"),
        text: steps.length > 0 ? t("after {0}", reached) : t("before the first iteration"),
      };
  }
}

/** What went wrong, in sentences; empty when nothing did. */
export const troubleOf = ({ phase, warning }: RunInfo): string =>
  [phase.kind === "failed" ? phase.error.message : "", warning ?? ""].filter(Boolean).join(" ");

/** What stands in the place of iterations while there are none. */
export function placeholderOf({ run }: PageModel): { title: string; text: string } | undefined {
  if (!run) {
    return {
      title: t("No run yet"),
      text: t("Select a text in an editor, right-click it and choose Invert Selection."),
    };
  }
  if (run.steps.length > 0) return undefined;
  const again = t("Run Again starts it anew.");
  switch (run.info.phase.kind) {
    case "waiting":
      return run.info.phase.behindPaused
        ? {
            title: t("Waiting for the run before, which is paused"),
            text: t("Runs go one at a time. This one begins by itself when that one is resumed and done, or stopped."),
          }
        : {
            title: t("Waiting for the run before"),
            text: t("Runs go one at a time. This one begins by itself."),
          };
    case "preparing":
    case "running":
    case "pausing":
    case "paused":
    case "external":
    case "completed":
      return { title: stateOf(run, 0).text, text: t("Each decoded iteration appears here as it comes.") };
    case "stopping":
      return { title: t("Stopping"), text: t("Ends as soon as the work at hand allows.") };
    case "cancelled":
      return { title: t("Stopped before the first iteration"), text: again };
    case "interrupted":
      return { title: t("Interrupted before the first iteration"), text: again };
    case "failed":
      return undefined;
  }
}

/** What a screen reader is told when it changes: how the run stands, and at its end what came of it. */
export function announcementOf(page: PageModel): string {
  if (!page.run) return "";
  const { phase } = page.run.info;
  if (phase.kind === "running" || phase.kind === "external") return runningPhrase(page.run);
  if (phase.kind === "preparing") return t("Preparing");
  const { title, text } = stateOf(page.run, 0);
  const result = isOver(page.run.info) ? resultOf(page)?.title : undefined;
  return [title, text, troubleOf(page.run.info), result].filter(Boolean).join(". ");
}

/** Changes with each quarter of the work: often enough to know that it goes on. */
function runningPhrase({ info: { spec }, steps }: RunModel): string {
  const whole = plural(spec.iterations, "iteration");
  const quarters = Math.floor((4 * (steps[0]?.at(-1)?.iteration ?? 0)) / spec.iterations);
  return quarters === 0 ? t("Running, {0}", whole) : t("Running, {0} % of {1}", 25 * quarters, whole);
}

/** One figure of the result. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  /** Tokens in place of a value: the target's and the one found. */
  readonly tokens?: readonly [target: Token, found: Token];
  readonly note: string;
  /** Whether it speaks for success; undefined while it is open. */
  readonly good?: boolean;
}

export interface Result {
  readonly title: string;
  readonly text: string;
  readonly exact: boolean;
  readonly facts: readonly Fact[];
}

/** What the shown restart has come to so far; undefined before its first row. */
export function resultOf(page: PageModel): Result | undefined {
  const { run } = page;
  const latest = shownSteps(page).at(-1);
  if (!run?.start || !latest) return undefined;
  const ended = run.end?.restarts[shownRestart(page)];
  return run.info.spec.method === "inversion"
    ? inversionResult(page, run, run.start, latest, ended)
    : walkResult(page, run, run.start, latest, ended);
}

function inversionResult(
  page: PageModel,
  run: RunModel,
  { target: { tokenIds: target, nextToken } }: StartEvent,
  latest: StepEvent,
  ended: RestartResult | undefined,
): Result {
  const { tokenIds, outputDistance } = ended ?? latest;
  const right = tokensRight(tokenIds, target);
  const exact = right === target.length;
  return {
    exact,
    title: exact
      ? t("Exact: all {0}", plural(target.length, "token"))
      : t("{0} of {1}", right, plural(target.length, "token")),
    text: [
      wherefrom(page, run, ended ?? latest),
      ended &&
        !exact &&
        (right === 0 ? t("this search did not find the tokens") : t("this search did not find the others")),
    ]
      .filter(Boolean)
      .join(" · "),
    facts: [
      {
        label: t("Output distance"),
        value: formatNumber(outputDistance),
        ...shiftVerdict(run, shownSteps(page), ended),
      },
      ended
        ? {
            label: t("Discrete distance"),
            value: formatNumber(ended.discreteDistance),
            note: ended.exact ? t("the decoded tokens are the prompt’s") : t("of the decoded tokens’ own output"),
            good: ended.exact,
          }
        : { label: t("Discrete distance"), value: "–", note: openNote(run) },
      nextTokenFact(run, nextToken, ended),
      ...decodingFacts(ended),
      ...(run.start?.rateSearch ? [rateFact(run.start.rateSearch)] : []),
    ],
  };
}

/** How the learning rate was found. */
function rateFact({ iterations, rates, outputDistances, chosen }: RateSearch): Fact {
  const tried = rates.map((rate, i) => {
    const distance = outputDistances[i];
    return `${formatNumber(rate)}: ${distance === null ? t("diverged") : formatNumber(distance)}`;
  });
  return {
    label: t("Learning rate"),
    value: formatNumber(chosen),
    note: t("found by trying; output distance after {0} at {1}", plural(iterations, "iteration"), tried.join(", ")),
  };
}

/** A walk succeeds by going far while the output stays; its tokens are to change. */
function walkResult(
  page: PageModel,
  run: RunModel,
  { target: { tokenIds: target, nextToken }, shiftDistance }: StartEvent,
  latest: StepEvent,
  ended: RestartResult | undefined,
): Result {
  const { tokenIds, outputDistance, inputDistance, ratio } = ended ?? latest;
  const left = target.length - tokensRight(tokenIds, target);
  const perElement = ended?.ratioPerElement;
  const within = outputDistance < shiftDistance;
  return {
    exact: false,
    title:
      ratio === null
        ? t("The output has not moved")
        : t("r = {0}: the input moved {0} times as far as the output", formatNumber(ratio)),
    text: [wherefrom(page, run, ended ?? latest), t("{0} of {1} changed", left, plural(target.length, "token"))].join(
      " · ",
    ),
    facts: [
      {
        label: t("Output moved"),
        value: formatNumber(outputDistance),
        note: within
          ? t("less than by a {0} shift ({1})", shiftName(run.info.spec), formatNumber(shiftDistance))
          : t("not less than by a {0} shift ({1})", shiftName(run.info.spec), formatNumber(shiftDistance)),
        good: within,
      },
      {
        label: t("Input moved"),
        value: formatNumber(inputDistance),
        note:
          ratio === null
            ? t("L1 distance to the prompt’s embedding")
            : typeof perElement === "number"
              ? t("output / input {0}; r an element {1}", formatNumber(1 / ratio), formatNumber(perElement))
              : t("output / input {0}", formatNumber(1 / ratio)),
      },
      nextTokenFact(run, nextToken, ended),
      ...decodingFacts(ended),
    ],
  };
}

/** How wrong and how repetitive the decoding is, which is known at the end. */
function decodingFacts(ended: RestartResult | undefined): Fact[] {
  if (!ended) return [];
  const [top1, top5] = wrongTokens(ended);
  return [
    { label: t("Wrong tokens"), value: top1, note: t("the prompt’s not among the best five: {0}", top5) },
    {
      label: t("Repeated tokens"),
      value: percent(ended.repetition.repeated),
      note: t("distinct-1 / distinct-2: {0}", distinct(ended)),
    },
  ];
}

const openNote = ({ info }: RunModel): string =>
  isOver(info) ? t("not known: the run ended early") : t("known at the end");

function nextTokenFact(run: RunModel, wanted: Token | null, ended: RestartResult | undefined): Fact {
  if (!wanted) return { label: t("Next token"), value: "–", note: t("this network predicts no token") };
  if (!ended?.nextToken) return { label: t("Next token"), value: "–", note: openNote(run) };
  const same = ended.sameNextToken === true;
  return {
    label: t("Next token"),
    value: same ? t("the same") : t("different"),
    tokens: [wanted, ended.nextToken],
    note: t("of the prompt, and of what was found"),
    good: same,
  };
}

function wherefrom({ restart }: PageModel, run: RunModel, shown: RestartResult | StepEvent): string {
  const { restarts } = run.info.spec;
  const iteration = shown.iteration.toLocaleString("en");
  const at = isOver(run.info) ? t("at iteration {0}", iteration) : t("now at iteration {0}", iteration);
  if (restarts === 1) return at;
  const isBest = restart === undefined && run.end?.best.restart === shown.restart;
  const which = isBest ? t("best of {0} restarts", restarts) : t("restart {0} of {1}", shown.restart + 1, restarts);
  // A walk is not out to find the prompt.
  if (run.info.spec.method !== "inversion") return `${which}, ${at}`;
  return `${which}, ${at} · ${t("{0} of {1} restarts exact", exactRestarts(run), restarts)}`;
}

function shiftVerdict(
  { info, start }: RunModel,
  steps: readonly StepEvent[],
  ended: RestartResult | undefined,
): { note: string; good?: boolean } {
  const bar = start!.shiftDistance;
  const test = t("a {0} shift ({1})", shiftName(info.spec), formatNumber(bar));
  // Between shown iterations nobody looked: before the end it is known only by when at the latest.
  const since = ended ? ended.beatsShiftAt : steps.find(({ outputDistance }) => outputDistance < bar)?.iteration;
  if (typeof since === "number") {
    const iteration = since.toLocaleString("en");
    return {
      note: ended
        ? t("closer than {0} from iteration {1}", test, iteration)
        : t("closer than {0} by iteration {1}", test, iteration),
      good: true,
    };
  }
  return isOver(info)
    ? { note: t("never closer than {0}", test), good: false }
    : { note: t("not yet closer than {0}", test) };
}

/** What a plot in a file of its own is about. */
export function figureTitle({ run, beside }: PageModel): string {
  if (!run) return "";
  if (beside.length > 0) return plural(beside.length + 1, "run");
  return [shortPrompt(run.info), ...conditionOf(run.info.spec, run.start).slice(0, 3)].join(", ");
}

const shortPrompt = ({ spec }: RunInfo): string => shorten(spec.prompt, 32);

/** A run in one line, for the list of runs. */
export function runLabel(run: RunInfo): string {
  const { id, spec, phase } = run;
  return `${id} · ${shortPrompt(run)} · ${plural(spec.blocks, "block")}, ${spec.output} · ${stateName(phase.kind)}`;
}

/**
 * At most `most` places for the lines of a logarithmic axis from `low` to `high` (both positive): the powers of ten, or
 * each second, third… of them; where fewer than three lie in sight, 1, 2 and 5 times them.
 */
export function logTicks(low: number, high: number, most: number): number[] {
  const powers: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) powers.push(power);
  const within = (ticks: number[]): number[] => ticks.filter((tick) => tick >= low && tick <= high);
  const every = Math.max(1, Math.ceil((powers.length - 2) / most));
  const decades = within(powers.filter((power) => power % every === 0).map((power) => Number(`1e${power}`)));
  if (every > 1 || decades.length >= 3) return decades;
  return within(powers.flatMap((power) => [1, 2, 5].map((factor) => Number(`${factor}e${power}`))));
}

/** Runs side by side, a column each. */
export interface Comparison {
  readonly runs: readonly {
    readonly id: string;
    /** Is it the one that the page shows? */
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
  /** Its shown iteration that is closest. */
  readonly iteration: number;
  readonly chips: readonly Chip[];
  readonly right: number;
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
  const isWalk = page.run!.info.spec.method !== "inversion";
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
      row(t("Tokens right"), rightOf),
      row(t("Exact restarts"), (run) => t("{0} of {1}", exactRestarts(run), run.info.spec.restarts)),
      row(t("Output distance"), (run) => latestOf(run)?.outputDistance),
      row(t("Shift distance"), ({ start }) => start?.shiftDistance),
      ...(isWalk ? [] : [row(t("Closer than the shift from iteration"), ({ end }) => end?.best.beatsShiftAt)]),
      row(t("Discrete distance"), ({ end }) => end?.best.discreteDistance),
      ...(isWalk ? [row(t("Input moved / output moved, r"), (run) => latestOf(run)?.ratio)] : []),
      row(t("Wrong tokens, top 1 / top 5"), ({ end }) => end && wrongTokens(end.best).join(" / ")),
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
    const step = steps[nearestRow(steps, iteration)];
    const target = run.start?.target.tokenIds;
    if (!step || !target) return undefined;
    const right = tokensRight(step.tokenIds, target);
    return { id: run.info.id, iteration: step.iteration, chips: chipsOf(step, target), right };
  });
}

/** The restart that a run of the comparison is seen by: the one under study, of the others the best. */
export const restartOf = (page: PageModel, run: RunModel): number =>
  run === page.run ? shownRestart(page) : (run.end?.best.restart ?? 0);

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** Share of positions where the prompt's token is not the best one, and not among the best five. */
const wrongTokens = ({ hamming: { top1, top5 } }: RestartResult): [string, string] => [percent(top1), percent(top5)];

const distinct = ({ repetition: { distinct1, distinct2 } }: RestartResult): string =>
  `${formatNumber(distinct1)} / ${formatNumber(distinct2)}`;

/** What the best restart has come to, so far. */
const latestOf = ({ steps, end }: RunModel): RestartResult | StepEvent | undefined => end?.best ?? steps[0]?.at(-1);

function rightOf(run: RunModel): string | undefined {
  const latest = latestOf(run);
  const target = run.start?.target.tokenIds;
  return latest && target ? t("{0} of {1}", tokensRight(latest.tokenIds, target), target.length) : undefined;
}
