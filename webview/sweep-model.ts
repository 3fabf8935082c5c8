// What the page of the Sweeps view reads off a sweep: texts, and colours of a map, without a document.

import type { SweepInfo } from "../src/session/sweeps-messages.ts";
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

export function actionsOf({ phase: { kind }, finished, failed }: SweepInfo): SweepActions {
  const isGoingOn = kind === "waiting" || kind === "running" || kind === "pausing" || kind === "stopping";
  const start = (): SweepActions["start"] => {
    if (kind === "pausing" || kind === "paused") return "resume";
    if (isGoingOn) return undefined;
    if (kind === "completed") return failed > 0 ? "again" : undefined;
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
