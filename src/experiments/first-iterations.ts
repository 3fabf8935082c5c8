// When a search first had the prompt's tokens, as far as anybody looked: tokens are known of decoded iterations only.

/** Of one restart. */
export interface FirstIterations {
  /** The first decoded iteration whose tokens are all the prompt's; null where there is none. */
  readonly firstExactIteration: number | null;
  /** The shown iteration from which on all of them are, up to the last; null where the last one is not exact. */
  readonly exactSince: number | null;
  /** Of each token, [T], the first decoded iteration at which it is the prompt's; null where there is none. */
  readonly firstCorrectIterations: readonly (number | null)[];
}

export const beforeFirst = (tokens: number): FirstIterations => ({
  firstExactIteration: null,
  exactSince: null,
  firstCorrectIterations: new Array<null>(tokens).fill(null),
});

/** With the next shown iteration. */
export function withShown(
  before: FirstIterations,
  iteration: number,
  tokenIds: readonly number[],
  targetIds: readonly number[],
): FirstIterations {
  const exact = tokenIds.every((id, position) => id === targetIds[position]);
  return {
    firstExactIteration: earlier(before.firstExactIteration, exact, iteration),
    exactSince: exact ? (before.exactSince ?? iteration) : null,
    firstCorrectIterations: before.firstCorrectIterations.map((first, position) =>
      earlier(first, tokenIds[position] === targetIds[position], iteration),
    ),
  };
}

/** With one that was decoded out of turn. */
export const withUnshown = (
  before: FirstIterations,
  iteration: number,
  tokenIds: readonly number[],
  targetIds: readonly number[],
): FirstIterations => ({
  ...withShown(before, iteration, tokenIds, targetIds),
  exactSince: before.exactSince,
});

const earlier = (first: number | null, reached: boolean, iteration: number): number | null =>
  reached ? Math.min(first ?? iteration, iteration) : first;
