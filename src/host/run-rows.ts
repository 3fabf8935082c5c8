// The rows of the Runs view: what is known of each run, from this session and from the records, and how it is said.

import { t } from "@vscode/l10n";
import type { RestartResult, RunEvent } from "../experiments/events.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import type { RunListing } from "../records/read.ts";
import type { RunInfo, RunPhase } from "./panel-messages.ts";
import { shorten } from "./phrases.ts";

/** "elsewhere": another window or a terminal is busy with it. */
export type RunState = RunPhase["kind"] | "elsewhere";

/** How far a run is that goes on. */
export interface RunProgress {
  readonly iteration: number;
  /** The smallest so far, of all restarts. */
  readonly outputDistance: number;
}

export interface RunRow {
  /** Its name in this session, if it is one of its runs. */
  readonly id?: string;
  /** Where its record is; missing before the record is begun. */
  readonly folder?: string;
  readonly spec: ExperimentSpec;
  readonly state: RunState;
  /** When it was asked for or, of a record, begun: milliseconds since 1970. */
  readonly createdAt: number;
  readonly elapsedMs?: number;
  readonly progress?: RunProgress;
  readonly best?: RestartResult;
  /** Why it failed, or what else went wrong. */
  readonly trouble?: string;
}

/** A row for each run of the session and each record, the newest first; a record of the session's run is the same row. */
export function runRows(listings: readonly RunListing[], session: readonly RunInfo[]): RunRow[] {
  const recorded = new Map(listings.map((listing) => [listing.folder, listing]));
  const rows: RunRow[] = [];
  for (const run of session) {
    const listing = run.folder === undefined ? undefined : recorded.get(run.folder);
    // One that was opened from another folder, as a sweep's, is not among those of this view.
    if (!listing && run.askedAt === undefined) continue;
    if (listing) recorded.delete(listing.folder);
    rows.push(sessionRow(run, listing));
  }
  for (const listing of recorded.values()) rows.push(recordRow(listing));
  return rows.sort((a, b) => b.createdAt - a.createdAt || orderOf(b) - orderOf(a));
}

/** Of runs that were asked for at the same time, the later one is the newer. */
const orderOf = ({ id }: RunRow): number => Number(id ?? 0);

function sessionRow({ id, folder, spec, phase, askedAt, elapsedMs, warning }: RunInfo, listing?: RunListing): RunRow {
  const trouble = phase.kind === "failed" ? phase.error.message : warning;
  return {
    id,
    ...(folder !== undefined && { folder }),
    spec,
    state: phase.kind,
    createdAt: askedAt ?? timeOf(listing),
    ...(elapsedMs !== undefined && { elapsedMs }),
    ...(listing?.best && { best: listing.best }),
    ...(trouble !== undefined && { trouble }),
  };
}

function recordRow(listing: RunListing): RunRow {
  const { folder, spec, status, elapsedMs, best, error } = listing;
  return {
    folder,
    spec,
    state: status === "running" ? "elsewhere" : status,
    createdAt: timeOf(listing),
    ...(elapsedMs !== undefined && { elapsedMs }),
    ...(best && { best }),
    ...(error && { trouble: error.message }),
  };
}

const timeOf = (listing: RunListing | undefined): number => (listing ? Date.parse(listing.createdAt) : 0);

/** How far the events go; undefined before the first iteration. */
export function progressOf(events: readonly RunEvent[]): RunProgress | undefined {
  let progress: RunProgress | undefined;
  for (const event of events) {
    if (event.type !== "step") continue;
    const outputDistance = Math.min(progress?.outputDistance ?? Infinity, event.outputDistance);
    progress = { iteration: event.iteration, outputDistance };
  }
  return progress;
}

/** The rows of one day. */
export interface Day {
  /** Midnight at its beginning, milliseconds since 1970. */
  readonly start: number;
  readonly rows: readonly RunRow[];
}

/** Rows, the newest first, by the days of this place's calendar. */
export function byDay(rows: readonly RunRow[]): Day[] {
  const days = new Map<number, RunRow[]>();
  for (const row of rows) {
    const start = new Date(row.createdAt).setHours(0, 0, 0, 0);
    const day = days.get(start);
    if (day) day.push(row);
    else days.set(start, [row]);
  }
  return [...days].map(([start, rows]) => ({ start, rows }));
}

/** "Today", "Yesterday", or the date. */
export function dayName(start: number, now: number, locale?: string): string {
  const today = new Date(now).setHours(0, 0, 0, 0);
  // Days are 23 to 25 hours long where clocks are put forward and back.
  const ago = Math.round((today - start) / 86_400_000);
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

export const rowLabel = ({ spec }: RunRow): string => shorten(spec.prompt, 80);
