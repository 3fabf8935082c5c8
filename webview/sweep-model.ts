// What the page of the Sweeps view reads off a sweep: texts, and colours of a map, without a document.

import type { SweepInfo } from "../src/session/sweeps-messages.ts";
import { plural, roughTime } from "../src/describe/numbers.ts";
import { isGoingOn, sweepStateName } from "../src/describe/sweep-state.ts";
import { formatElapsed, formatNumber } from "./format.ts";
import { t } from "./l10n.ts";

export type FigureUnit = "share" | "milliseconds" | undefined;

interface SweepActions {
  readonly start: "start" | "resume" | "again" | undefined;
  readonly pause: boolean;
  readonly stop: boolean;
  readonly forget: boolean;
}

export function actionsOf(sweep: SweepInfo): SweepActions {
  const {
    phase: { kind },
    finished,
    failed,
  } = sweep;
  const start = (): SweepActions["start"] => {
    if (kind === "pausing" || kind === "paused") return "resume";
    if (isGoingOn(sweep)) return undefined;
    if (kind === "completed") return failed > 0 ? "again" : undefined;
    return finished > 0 ? "resume" : "start";
  };
  return {
    start: start(),
    pause: kind === "waiting" || kind === "running",
    stop: kind === "waiting" || kind === "running" || kind === "pausing" || kind === "paused",
    forget: !isGoingOn(sweep),
  };
}

export function stateText({ phase, runs, finished, failed, remainingMs }: SweepInfo): string {
  const parts = [
    sweepStateName(phase.kind),
    t("{0} of {1}", finished.toLocaleString("en"), plural(runs, "run")),
    ...(failed > 0 ? [t("{0} failed", failed)] : []),
    ...(remainingMs !== undefined && finished < runs ? [t("about {0} left", roughTime(remainingMs))] : []),
  ];
  return parts.join(" · ");
}

/** A figure as a place of the map shows it; shares are hundredths. */
export function valueText(value: number, unit: FigureUnit): string {
  if (unit === "share") return String(Math.round(100 * value));
  return unit === "milliseconds" ? formatElapsed(value) : formatNumber(value);
}

/** The same with its unit, for a sentence. */
export const spokenValue = (value: number, unit: FigureUnit): string =>
  unit === "share" ? `${valueText(value, unit)} %` : valueText(value, unit);
