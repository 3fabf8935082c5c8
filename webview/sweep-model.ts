// What the page of the Sweeps view reads off a sweep: texts, and colours of a map, without a document.

import type { SweepInfo } from "../src/host/sweeps-messages.ts";
import type { HeatMap } from "../src/sweeps/view-data.ts";
import { formatElapsed, formatNumber, plural } from "./format.ts";
import { t } from "./l10n.ts";

export type FigureUnit = "share" | "milliseconds" | undefined;

/** What can be done with a sweep now. */
export interface SweepActions {
  readonly start: "start" | "resume" | "again" | undefined;
  readonly pause: boolean;
  readonly stop: boolean;
  readonly forget: boolean;
}

export function actionsOf({ phase: { kind }, finished }: SweepInfo): SweepActions {
  const isGoingOn = kind === "waiting" || kind === "running" || kind === "pausing" || kind === "stopping";
  const start = (): SweepActions["start"] => {
    if (kind === "pausing" || kind === "paused") return "resume";
    if (isGoingOn) return undefined;
    if (kind === "completed") return "again";
    return finished > 0 ? "resume" : "start";
  };
  return {
    start: start(),
    pause: kind === "waiting" || kind === "running",
    stop: kind === "waiting" || kind === "running" || kind === "pausing" || kind === "paused",
    forget: !isGoingOn,
  };
}

/** How the sweep is doing, in words. */
export function stateText({ phase, runs, finished, failed, remainingMs }: SweepInfo): string {
  const parts = [
    stateName(phase.kind),
    t("{0} of {1}", finished.toLocaleString("en"), plural(runs, "run")),
    ...(failed > 0 ? [t("{0} failed", failed)] : []),
    ...(remainingMs !== undefined && finished < runs ? [t("about {0} left", roughTime(remainingMs))] : []),
  ];
  return parts.join(" · ");
}

function stateName(kind: SweepInfo["phase"]["kind"]): string {
  switch (kind) {
    case "idle":
      return t("Stopped");
    case "waiting":
      return t("Waiting");
    case "running":
      return t("Running");
    case "pausing":
      return t("Pausing after this run");
    case "paused":
      return t("Paused");
    case "stopping":
      return t("Stopping");
    case "completed":
      return t("Done");
    case "failed":
      return t("Failed");
  }
}

/** "40 s", "3 min", "2.5 h" */
export function roughTime(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Number((seconds / 3600).toPrecision(2))} h`;
}

/** A figure as a place of the map shows it; shares are hundredths. */
export function valueText(value: number, unit: FigureUnit): string {
  if (unit === "share") return String(Math.round(100 * value));
  return unit === "milliseconds" ? formatElapsed(value) : formatNumber(value);
}

/** The same with its unit, for a sentence. */
export const spokenValue = (value: number, unit: FigureUnit): string =>
  unit === "share" ? `${valueText(value, unit)} %` : valueText(value, unit);

/** Values that differ by more than this factor are told apart by their powers of ten. */
const WIDE = 50;

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly logarithmic: boolean;
  /** 0…1 */
  readonly shareOf: (value: number) => number;
}

/** From the values of a map to the strength of a colour; undefined where there are none. */
export function scaleOf({ cells }: Pick<HeatMap, "cells">, unit: FigureUnit): Scale | undefined {
  const values = cells.flat().flatMap((cell) => (cell?.value === null || cell === null ? [] : [cell.value]));
  if (values.length === 0) return undefined;
  const smallest = values.reduce((low, value) => Math.min(low, value), Infinity);
  const largest = values.reduce((high, value) => Math.max(high, value), -Infinity);
  const [low, high] = unit === "share" ? [0, 1] : [smallest, largest];
  const logarithmic = unit !== "share" && low > 0 && high / low > WIDE;
  const place = logarithmic ? Math.log : (value: number) => value;
  const span = place(high) - place(low);
  return { low, high, logarithmic, shareOf: (value) => (span > 0 ? (place(value) - place(low)) / span : 1) };
}
