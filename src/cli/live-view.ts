// The live view of a terminal: the condition, the newest decodings with the prompt's tokens marked, how far the run has
// come and how close it is. After the run its last picture stays, with the summary below it.

import { createLogUpdate } from "log-update";
import type { Progress } from "../common/progress.ts";
import type { EndEvent, RunEvent, StartEvent, StepEvent } from "../experiments/events.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { print, sized, type Styles, stylesFor, type CliContext, tell } from "./io.ts";
import { bar, stageLine } from "./progress-line.ts";
import { counted } from "../common/counts.ts";
import { duration, figure } from "../common/number-format.ts";
import { conditionLines } from "../describe/run-condition.ts";
import { positionAtWork } from "../describe/recovered-tokens.ts";
import {
  beforeFirst,
  exactWhen,
  firstExactRestart,
  type FirstIterations,
  hasFirstIterations,
  withShown,
} from "../describe/exact-when.ts";
import { countsRounds, progressShare, progressWords } from "../describe/run-progress.ts";
import { tokensRight } from "../describe/tokens-right.ts";
import { decoded, summary, workLine } from "./run-summary.ts";
import type { RunView } from "./run-views.ts";
import { visible } from "../common/visible.ts";
import { fit } from "./visible-text.ts";

/** Pictures come at most this often; more could not be seen. */
const FRAME_MS = 50;
/** Decodings on screen, newest last, when there is one restart. */
const NEWEST = 10;
/** Lines of the picture that are not decodings, the terminal's own last one included. */
const OTHER_LINES = 10;

export class LiveView implements RunView {
  readonly #context: CliContext;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #state: LiveState;
  readonly #log: string[] = [];
  #frame: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(spec: ExperimentSpec, context: CliContext) {
    this.#context = context;
    this.#draw = createLogUpdate(sized(context.stdout) as unknown as NodeJS.WritableStream);
    this.#state = { spec, steps: [], firsts: [] };
    context.signal.addEventListener("abort", this.#showStopping, { once: true });
    this.#paint();
  }

  progress(progress: Progress): void {
    this.#state.progress = progress;
    this.#paintSoon();
  }

  async show(event: RunEvent): Promise<void> {
    follow(this.#state, event, this.#context.now());
    this.#paintSoon();
    if (event.type !== "end") return;
    this.close();
    const styles = stylesFor(this.#context.stdout);
    const [verdict, ...rows] = summary(event, this.#state.start!).map(visible);
    await print(this.#context, `\n${[styles.strong(verdict), ...rows].join("\n")}\n`);
  }

  log(line: string): void {
    this.#log.push(line); // A foreign line would tear the picture apart.
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.signal.removeEventListener("abort", this.#showStopping);
    clearTimeout(this.#frame);
    this.#paint();
    this.#draw.done();
    for (const line of this.#log.splice(0)) tell(this.#context, line);
  }

  readonly #showStopping = (): void => {
    this.#state.stopping = true;
    this.#paintSoon();
  };

  #paintSoon(): void {
    this.#frame ??= setTimeout(() => {
      this.#frame = undefined;
      this.#paint();
    }, FRAME_MS);
  }

  #paint(): void {
    const { stdout } = this.#context;
    const { columns, rows } = sized(stdout);
    this.#draw(picture(this.#state, { columns, rows, styles: stylesFor(stdout) }).join("\n"));
  }
}

export interface LiveState {
  readonly spec: ExperimentSpec;
  progress?: Progress;
  start?: StartEvent;
  /** The newest of one restart, or the last of each of several. */
  steps: StepEvent[];
  /** Of each restart. */
  firsts: FirstIterations[];
  /** When the first and the last shown iteration came, in the clock's milliseconds. */
  first?: { readonly at: number; readonly iteration: number };
  last?: { readonly at: number; readonly iteration: number };
  end?: EndEvent;
  stopping?: boolean;
}

export function follow(state: LiveState, event: RunEvent, at: number): void {
  switch (event.type) {
    case "start":
      state.start = event;
      return;
    case "step": {
      const { restart, iteration, tokenIds } = event;
      const target = state.start!.target.tokenIds;
      state.firsts[restart] = withShown(
        state.firsts[restart] ?? beforeFirst(target.length),
        iteration,
        tokenIds,
        target,
      );
      if (state.spec.restarts === 1) state.steps = [...state.steps, event].slice(-NEWEST);
      else state.steps[event.restart] = event;
      state.last = { at, iteration: event.iteration };
      state.first ??= state.last;
      return;
    }
    case "end":
      state.end = event;
  }
}

interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly styles: Styles;
}

/** The picture's lines, none wider than the screen, and not more of them than it has. */
export function picture(state: LiveState, { columns, rows, styles }: Screen): string[] {
  const [title, ...condition] = conditionLines(state.spec);
  const line = (text: string, mark?: (text: string) => string) => fit([{ text, mark }], columns);
  const lines = [line(title, styles.strong), ...condition.map((text) => line(text, styles.quiet)), ""];
  const { start } = state;
  if (!start) return [...lines, line(state.progress ? stageLine(state.progress) : "Starting the engine…")];
  lines.push(...decodings(state, start, { columns, rows, styles }));
  lines.push("", line(progressLine(state)));
  if (countsRounds(state.spec)) return [...lines, ...workLines(state).map((text) => line(text))];
  const newest = state.steps.filter(({ iteration }) => iteration === state.last?.iteration);
  const [closest] = newest.sort((a, b) => a.outputDistance - b.outputDistance);
  if (closest) lines.push(line(distanceLine(closest, start)));
  const when = whenLine(state);
  if (when !== undefined && lines.length < rows - 1) lines.push(line(when));
  return lines;
}

/** A table of the newest steps, or of all restarts; where the screen is short, of the closest ones. */
function decodings({ spec, steps }: LiveState, start: StartEvent, { columns, rows, styles }: Screen): string[] {
  const room = Math.max(1, rows - OTHER_LINES);
  const several = spec.restarts > 1;
  const { tokenIds } = start.target;
  const wanted = several
    ? steps.toSorted((a, b) => a.outputDistance - b.outputDistance).slice(0, room)
    : steps.slice(-room);
  const shown = several ? wanted.sort((a, b) => a.restart - b.restart) : wanted;
  const row = (name: string, distance: string, correct: string) =>
    `${name.padStart(9)}  ${distance.padStart(9)}  ${correct.padStart(7)}  `;
  if (countsRounds(spec)) return rounds(shown, start, { columns, rows, styles });
  const head = fit(
    [{ text: `${row(several ? "restart" : "iteration", "distance", "correct")}decoded`, mark: styles.quiet }],
    columns,
  );
  const body = shown.map((step) => {
    const name = several ? step.restart + 1 : step.iteration;
    const correct = `${tokensRight(step.tokenIds, tokenIds)}/${tokenIds.length}`;
    const figures = row(String(name), figure(step.outputDistance), correct);
    return fit([{ text: figures }, ...decoded(step, start, styles)], columns);
  });
  return [head, ...body];
}

/** A row a round: the position that it tried tokens at, and how many are proved. */
function rounds(steps: readonly StepEvent[], start: StartEvent, { columns, styles }: Screen): string[] {
  const row = (round: string, position: string, tried: string, nearest: string, proved: string) =>
    [round.padStart(5), position.padStart(8), tried.padStart(6), nearest.padStart(9), proved.padStart(7), ""].join(
      "  ",
    );
  const everyDepth = steps.some(({ blocks }) => blocks !== undefined);
  const head = `${everyDepth ? "blocks  " : ""}${row("round", "position", "tried", "nearest", "proved")}decoded`;
  const body = steps.map((step) => {
    const work = positionAtWork(step);
    const [position, tried, nearest] = work
      ? [String(work.position + 1), String(work.tried), figure(work.candidates[0].distance)]
      : ["–", "–", "–"];
    const proved = `${step.proved?.filter(Boolean).length ?? 0}/${step.tokenIds.length}`;
    const depth = step.blocks === undefined ? "" : `${String(step.blocks).padStart(6)}  `;
    const figures = depth + row(String(step.iteration), position, tried, nearest, proved);
    return fit([{ text: figures }, ...decoded(step, start, styles)], columns);
  });
  return [fit([{ text: head, mark: styles.quiet }], columns), ...body];
}

/** What was tried last, and what it has cost so far. */
function workLines({ steps }: LiveState): string[] {
  const step = steps.at(-1);
  if (!step) return [];
  const work = workLine(step);
  const forwards = step.tokenForwards;
  return [
    [
      ...(work === undefined ? [] : [work]),
      ...(forwards === undefined ? [] : [counted(forwards, "token forward")]),
    ].join(" · "),
  ];
}

/** Of the restart that was exact first; undefined while none was. */
function whenLine({ spec, firsts }: LiveState): string | undefined {
  const first = hasFirstIterations(spec) ? firstExactRestart(firsts) : undefined;
  if (first === undefined) return undefined;
  const when = exactWhen(spec, firsts[first]);
  return spec.restarts > 1 ? `restart ${first + 1} ${when}` : when;
}

function progressLine({ spec, steps, first, last, end, stopping }: LiveState): string {
  if (countsRounds(spec)) {
    const reached = steps.at(-1) ?? { iteration: 0 };
    const parts = [`${bar(progressShare(spec, reached))}  ${progressWords(spec, reached)}`];
    return [...parts, ...(stopping && !end ? ["stopping…"] : [])].join(" · ");
  }
  const iteration = end?.iterations ?? last?.iteration ?? 0;
  const parts = [`${bar(iteration / spec.iterations)}  iteration ${iteration}/${spec.iterations}`];
  if (first && last && last.at > first.at && last.iteration > first.iteration) {
    const perMs = (last.iteration - first.iteration) / (last.at - first.at);
    parts.push(`${figure(perMs * 1000, 3)}/s`);
    if (!end && !stopping) parts.push(`${duration((spec.iterations - iteration) / perMs)} left`);
  }
  if (stopping && !end) parts.push("stopping…");
  return parts.join(" · ");
}

function distanceLine({ outputDistance, inputDistance }: StepEvent, { shiftDistance }: StartEvent): string {
  return [
    `output distance ${figure(outputDistance)}`,
    `noise threshold ${figure(shiftDistance)}, ${outputDistance < shiftDistance ? "below" : "not yet below"}`,
    `input distance ${figure(inputDistance)}`,
  ].join(" · ");
}
