// The runs as people look for them: those of this session and those recorded, one row each, and how a row is said.

import { subjectOf } from "../describe/spec-subject.ts";
import { t } from "@vscode/l10n";
import { plural } from "../common/counts.ts";
import { duration, figure } from "../common/number-format.ts";
import { conditionLines, shortCondition } from "../describe/run-condition.ts";
import { exactWhen, firstIterationsOf } from "../describe/exact-when.ts";
import { certaintyCounts, largestDistance, smallestMargin, totalTried } from "../describe/recovered-tokens.ts";
import { countsRounds, progressFigure, progressWords, type Reached } from "../describe/run-progress.ts";
import { isOver, stateName } from "../describe/run-state.ts";
import { shorten } from "../describe/short-text.ts";
import { verdictOf } from "../describe/run-verdict.ts";
import { markdownCode, markdownText } from "../reports/markdown.ts";
import type { RestartResult, RunEvent, StartEvent } from "../experiments/events.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import type { RunListing } from "../records/read-record.ts";
import type { RunInfo, RunPhase } from "./panel-messages.ts";

export interface RunProgress extends Reached {
  /** The smallest so far, of all restarts. */
  readonly outputDistance: number;
}

export interface RunRow {
  /** Its name in this session, if it is one of its runs. */
  readonly id?: string;
  /** Where its record is; missing before the record is begun. */
  readonly folder?: string;
  readonly spec: ExperimentSpec;
  readonly state: RunPhase["kind"];
  /** When it was asked for or, of a record, begun: milliseconds since 1970. */
  readonly createdAt: number;
  readonly elapsedMs?: number;
  readonly progress?: RunProgress;
  readonly best?: RestartResult;
  /** Why it failed, or what else went wrong. */
  readonly trouble?: string;
}

/**
 * A row for each run of the session and each record, the newest first; a run of the session and its record are one row.
 * Equal input gives the same objects as before, as far as records go.
 */
export function runRows(
  listings: readonly RunListing[],
  session: readonly RunInfo[],
  progressOf: (id: string) => RunProgress | undefined = () => undefined,
): RunRow[] {
  const ofSession = new Map(session.flatMap((run) => (run.folder === undefined ? [] : [[run.folder, run]])));
  const recorded = new Map<string, RunListing>();
  const rows: RunRow[] = [];
  for (const listing of listings) {
    if (ofSession.has(listing.folder)) recorded.set(listing.folder, listing);
    else rows.push(recordRow(listing));
  }
  for (const run of session) {
    const listing = run.folder === undefined ? undefined : recorded.get(run.folder);
    // One that was opened from a folder elsewhere, as a sweep's, is not among them.
    if (listing || run.askedAt !== undefined) rows.push(sessionRow(run, listing, progressOf(run.id)));
  }
  return rows.sort((a, b) => b.createdAt - a.createdAt || orderOf(b) - orderOf(a));
}

/** Of runs that were asked for at the same moment, the later one is the newer. */
const orderOf = ({ id }: RunRow): number => Number(id ?? 0);

function sessionRow(run: RunInfo, listing: RunListing | undefined, progress: RunProgress | undefined): RunRow {
  const { id, folder, spec, phase, askedAt, elapsedMs, best = listing?.best, warning } = run;
  const trouble = phase.kind === "failed" ? phase.error.message : warning;
  return {
    id,
    ...(folder !== undefined && { folder }),
    spec,
    state: phase.kind,
    createdAt: askedAt ?? Date.parse(listing!.createdAt),
    ...(elapsedMs !== undefined && { elapsedMs }),
    ...(progress && { progress }),
    ...(best && { best }),
    ...(trouble !== undefined && { trouble }),
  };
}

const recordRows = new WeakMap<RunListing, RunRow>();

export function recordRow(listing: RunListing): RunRow {
  const known = recordRows.get(listing);
  if (known) return known;
  const { folder, spec, status, createdAt, elapsedMs, best, error } = listing;
  const row: RunRow = {
    folder,
    spec,
    state: status === "running" ? "external" : status,
    createdAt: Date.parse(createdAt),
    ...(elapsedMs !== undefined && { elapsedMs }),
    ...(best && { best }),
    ...(error && { trouble: error.message }),
  };
  recordRows.set(listing, row);
  return row;
}

/** How far a run is, now that it has told more; undefined before the first iteration. */
export function progressAfter(progress: RunProgress | undefined, events: readonly RunEvent[]): RunProgress | undefined {
  for (const event of events) {
    if (event.type !== "step") continue;
    const outputDistance = Math.min(progress?.outputDistance ?? Infinity, event.outputDistance);
    const { iteration, position, tokenIds } = event;
    progress = { iteration, outputDistance, ...(position !== undefined && { position, tokenIds }) };
  }
  return progress;
}

export const isActiveRow = ({ state }: RunRow): boolean => !isOver({ phase: { kind: state } });

/** "Today", "Yesterday", or the date; `start` is the day's midnight, `locale` that of the person. */
export function dayName(start: number, now: number, locale?: string): string {
  // Days are 23 to 25 hours long where clocks are put forward and back.
  const ago = Math.round((midnight(now) - start) / 86_400_000);
  if (ago === 0) return t("Today");
  if (ago === 1) return t("Yesterday");
  const sameYear = new Date(start).getFullYear() === new Date(now).getFullYear();
  return new Date(start).toLocaleDateString(locale, {
    weekday: "short",
    day: "numeric",
    month: "long",
    year: sameYear ? undefined : "numeric",
  });
}

/** The beginning of the day in this place's calendar, in milliseconds since 1970. */
export const midnight = (time: number): number => new Date(time).setHours(0, 0, 0, 0);

export const rowLabel = ({ spec }: RunRow): string => shorten(subjectOf(spec), 80);

/** What is most telling comes first: the view is narrow. */
export function rowDescription(row: RunRow): string {
  return [...stateParts(row), shortCondition(row.spec)].join(" · ");
}

function stateParts({ state, progress, best, spec }: RunRow): string[] {
  switch (state) {
    case "waiting":
    case "preparing":
    case "external":
      return [stateName(state)];
    case "running":
    case "pausing":
    case "paused":
    case "stopping": {
      const distance = progress && !countsRounds(spec) ? [figure(progress.outputDistance)] : [];
      const done = progress ? [progressFigure(spec, progress), ...distance] : [];
      return state === "running" ? done : [stateName(state), ...done];
    }
    case "completed":
    case "cancelled":
    case "interrupted":
    case "failed": {
      const ended = state === "completed" ? [] : [stateName(state)];
      const verdict = best && verdictOf(spec, best);
      return [...(verdict?.reached ? [t("✓ exact")] : []), ...ended, ...(verdict ? [verdict.figure] : [])];
    }
  }
}

/** A codicon, and the theme's colour for it. */
export function rowIcon({ state, best, spec }: RunRow): { readonly icon: string; readonly color?: string } {
  switch (state) {
    case "waiting":
      return { icon: "clock" };
    case "preparing":
    case "running":
    case "pausing":
    case "stopping":
      return { icon: "loading~spin", color: "charts.blue" };
    case "paused":
      return { icon: "debug-pause", color: "charts.blue" };
    case "external":
      return { icon: "sync", color: "charts.blue" };
    case "completed":
      return best && verdictOf(spec, best).reached
        ? { icon: "pass-filled", color: "testing.iconPassed" }
        : { icon: "pass", color: "descriptionForeground" };
    case "cancelled":
      return { icon: "debug-stop", color: "descriptionForeground" };
    case "interrupted":
      return { icon: "debug-disconnect", color: "list.warningForeground" };
    case "failed":
      return { icon: "error", color: "list.errorForeground" };
  }
}

const goingOn = (spec: ExperimentSpec, progress: RunProgress): string =>
  countsRounds(spec) ? progressWords(spec, progress) : t("iteration {0} of {1}", progress.iteration, spec.iterations);

/** All of a row in one sentence, for a screen reader. */
export function spokenRow(row: RunRow): string {
  const { spec, state, best, progress } = row;
  const distance = best?.outputDistance ?? progress?.outputDistance;
  return [
    rowLabel(row),
    stateName(state),
    ...(best && verdictOf(spec, best).reached ? [t("exact")] : []),
    ...(progress && isActiveRow(row) ? [goingOn(spec, progress)] : []),
    ...(best?.certainty ? [certaintyCounts(best.certainty)] : []),
    ...(distance === undefined || countsRounds(spec) ? [] : [t("output distance {0}", figure(distance))]),
    shortCondition(spec).replaceAll(" · ", ", "),
  ].join(", ");
}

/** What came of a run, as Markdown: verdict, text and distances, then the condition and when it was. */
export function resultMarkdown({ spec, best, createdAt, elapsedMs }: RunRow, locale?: string): string[] {
  const [, network, method] = conditionLines(spec);
  const verdict = best && verdictOf(spec, best);
  const when = new Date(createdAt).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
  const took = elapsedMs === undefined ? "" : ` · ${duration(elapsedMs)}`;
  return [
    ...(best && verdict
      ? [
          `**${markdownText(`${verdict.reached ? "✓ " : ""}${verdict.title}`)}**`,
          markdownCode(best.text),
          best.certainty ? proofs(best) : distances(spec, best),
        ]
      : []),
    markdownText(network),
    markdownText(method),
    markdownText(`${when}${took}`),
  ];
}

function distances(spec: ExperimentSpec, best: RestartResult): string {
  const { iteration, outputDistance, discreteDistance, inputDistance } = best;
  const firsts = firstIterationsOf(best);
  const exact = firsts && exactWhen(spec, firsts);
  return markdownText(
    [
      ...(exact === undefined ? [] : [exact]),
      t("iteration {0}", iteration),
      t("output distance {0}", figure(outputDistance)),
      t("discrete distance {0}", figure(discreteDistance)),
      t("input distance {0}", figure(inputDistance)),
    ].join(" · "),
  );
}

/** How sure exact recovery is, where it is least so, and what it took. */
function proofs(best: RestartResult): string {
  const [distance, margin] = [largestDistance(best), smallestMargin(best)];
  return markdownText(
    [
      certaintyCounts(best.certainty!),
      ...(distance === undefined ? [] : [t("largest distance {0}", figure(distance))]),
      ...(margin === undefined ? [] : [t("smallest margin {0}", figure(margin))]),
      t("{0} tried", plural(totalTried(best), "token")),
    ].join(" · "),
  );
}

/** All that is known of a run, as Markdown; `start` is the record's first event. */
export function rowTooltip(row: RunRow, start: StartEvent | undefined, locale?: string): string {
  const { spec, state, folder, trouble, progress } = row;
  const shift = start && t("noise threshold {0}", figure(start.shiftDistance));
  const going = progress && isActiveRow(row) ? goingOn(spec, progress) : undefined;
  const seeds = [
    t("seed {0}", spec.seed),
    t("init seed {0}", spec.initSeed),
    ...(spec.restarts > 1 ? [plural(spec.restarts, "restart")] : []),
    start ? `${start.device}, ${spec.dtype}` : spec.dtype,
    ...(shift === undefined ? [] : [shift]),
  ];
  return [
    markdownCode(shorten(subjectOf(spec), 300)),
    markdownText([stateName(state), ...(going === undefined ? [] : [going])].join(" · ")),
    ...(trouble === undefined ? [] : [`⚠ ${markdownText(trouble)}`]),
    "---",
    ...resultMarkdown(row, locale),
    markdownText(seeds.join(" · ")),
    ...(folder === undefined ? [] : [markdownText(folder)]),
  ].join("\n\n");
}
