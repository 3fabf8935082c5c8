// What a handful of seeds says about all of them: rates with Wilson's interval, medians with that of the order
// statistics. Nothing is assumed of how the figures are distributed.

/** Two-sided 95 % of the normal distribution. */
const Z = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Wilson's score interval of a rate (JASA 22, 1927), 95 %. */
export function wilson(successes: number, trials: number): Interval {
  const rate = successes / trials;
  const scale = 1 + Z ** 2 / trials;
  const centre = (rate + Z ** 2 / (2 * trials)) / scale;
  const half = (Z / scale) * Math.sqrt((rate * (1 - rate)) / trials + Z ** 2 / (4 * trials ** 2));
  // At 0 and at all of them the interval ends there exactly; rounding would leave a trace.
  return { low: successes === 0 ? 0 : centre - half, high: successes === trials ? 1 : centre + half };
}

/** Middle value; the mean of the two middle ones of an even number. Infinity counts as larger than all. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  const [low, high] = [sorted[middle - 1], sorted[middle]];
  return low === high ? low : (low + high) / 2;
}

/**
 * Interval of the median from the order statistics: the narrowest pair, as far from either end, that covers it in 95 % of
 * samples. Fewer than six values cannot tell, and give their whole range.
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  // P(fewer than k of n values lie below the median), Binomial(n, 1/2).
  let below = 0;
  let term = 0.5 ** n;
  let k = 0;
  while (k < n && below + term <= 0.025) {
    below += term;
    k++;
    term *= (n - k + 1) / k;
  }
  const place = Math.max(0, k - 1);
  return { low: sorted[place], high: sorted[n - 1 - place] };
}
