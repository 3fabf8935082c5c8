// Where the lines of a logarithmic axis are.

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
