// What exact recovery says of tokens: how sure it is of each, and what it tried where.

import type { Certainty, RecoveredTokens, StepEvent, Token } from "../experiments/events.ts";

export { certaintyCounts, certaintyName } from "../experiments/methods/verdicts.ts";

/** How sure, for the eye: apart by shape and not by colour alone. */
export const CERTAINTY_SIGNS: Readonly<Record<Certainty, string>> = { proved: "✓", likely: "≈", unknown: "?" };

/** A place in the text where tokens were tried one against the other. */
export interface PositionAtWork {
  /** From 0. */
  readonly position: number;
  readonly tried: number;
  /** Nearest first, with how much farther it is than the nearest. */
  readonly candidates: readonly (Token & { readonly distance: number; readonly margin: number })[];
}

/** Undefined of a round that tried none. */
export function positionAtWork(step: StepEvent): PositionAtWork | undefined {
  const { candidates = [], triedAt, tried } = step;
  if (candidates.length === 0 || triedAt === undefined) return undefined;
  const [{ distance: nearest }] = candidates;
  return {
    position: triedAt,
    tried: Math.max(tried?.[triedAt] ?? 0, candidates.length),
    candidates: candidates.map((each) => ({ ...each, margin: each.distance - nearest })),
  };
}

export const totalTried = ({ tried = [] }: RecoveredTokens): number => tried.reduce((sum, count) => sum + count, 0);

const known = (values: readonly (number | null)[] = []): number[] => values.filter((value) => value !== null);

/** Of the tokens' states, the largest; undefined where none is known. */
export const largestDistance = ({ distances }: RecoveredTokens): number | undefined =>
  known(distances).length > 0 ? Math.max(...known(distances)) : undefined;

/** The smallest lead over the nearest other token that was tried; undefined where none was. */
export const smallestMargin = ({ margins }: RecoveredTokens): number | undefined =>
  known(margins).length > 0 ? Math.min(...known(margins)) : undefined;
