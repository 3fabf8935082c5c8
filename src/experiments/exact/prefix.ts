// The tokens of a text that are settled, as cached keys and values, and passes of what may come next: a row costs one
// token, not a text.

import { type FloatArray, floats, type FloatType } from "../../common/floats.ts";
import type { CachedPass, KeyValueArrays } from "../../networks/functions.ts";
import { MASKED } from "../../networks/layers.ts";

/** What a row of a pass sees beside itself. */
export interface Sight {
  /** Does row i see settled token j? */
  readonly token: (i: number, j: number) => boolean;
  /** Does row i see row j of the same pass? */
  readonly row: (i: number, j: number) => boolean;
}

const always = (): boolean => true;

/** Each row follows the one before. */
export const inARow: Sight = { token: always, row: (i, j) => j <= i };
/** Each row stands for itself: candidates for one place. */
export const sideBySide: Sight = { token: always, row: (i, j) => j === i };
/** Whole texts of T tokens, one after the other. */
export const inTextsOf = (T: number): Sight => ({
  token: always,
  row: (i, j) => j <= i && Math.floor(i / T) === Math.floor(j / T),
});
/** The next token of each of N texts, of which the tokens before were settled N at a time. */
export const oneOfEach = (N: number): Sight => ({ token: (i, j) => j % N === i, row: (i, j) => j === i });

export interface PassResult extends KeyValueArrays {
  /** [n, D] of each tap. */
  readonly states: readonly FloatArray[];
}

/** mask [N, P + N] of n rows behind a prefix of `length` tokens; rows that only fill up see themselves. */
export function maskOf(
  type: FloatType,
  { rows: N, past: P }: Pick<CachedPass, "rows" | "past">,
  length: number,
  n: number,
  sight: Sight,
) {
  const mask = floats(type, N * (P + N)).fill(MASKED);
  for (let i = 0; i < N; i++) {
    const row = i * (P + N);
    for (let j = 0; j < length; j++) if (i < n && sight.token(i, j)) mask[row + j] = 0;
    for (let j = 0; j < N; j++) if (i < n && j < n ? sight.row(i, j) : i === j) mask[row + P + j] = 0;
  }
  return mask;
}

export interface PrefixSizes {
  readonly type: FloatType;
  /** D */
  readonly width: number;
  /** Blocks whose keys and values are kept. */
  readonly blocks: number;
  /** H */
  readonly heads: number;
  /** d */
  readonly headWidth: number;
  /** P */
  readonly capacity: number;
}

export class Prefix {
  readonly #sizes: PrefixSizes;
  /** What a pass of one's own takes as its past. */
  readonly cache: KeyValueArrays;
  #length = 0;

  constructor(sizes: PrefixSizes) {
    this.#sizes = sizes;
    const { type, blocks, heads, headWidth, capacity } = sizes;
    const empty = () => Array.from({ length: blocks }, () => floats(type, heads * capacity * headWidth));
    this.cache = { keys: empty(), values: empty() };
  }

  /** Settled tokens. */
  get length(): number {
    return this.#length;
  }

  /** States and cache of n ≤ N rows [n, D] that come next. */
  async pass(pass: CachedPass, rows: FloatArray, sight: Sight, cache = true): Promise<PassResult> {
    const { type, width } = this.#sizes;
    const n = rows.length / width;
    const embedding = floats(type, pass.rows * width);
    embedding.set(rows);
    const result = await pass.run(embedding, maskOf(type, pass, this.#length, n, sight), this.cache, cache);
    return { ...result, states: result.states.map((state) => state.subarray(0, rows.length)) };
  }

  /** Settles rows `from`…`from + count − 1` of a pass. */
  settle({ keys, values }: KeyValueArrays, from: number, count: number): void {
    const { heads, headWidth, capacity } = this.#sizes;
    for (const [kept, found] of [
      [this.cache.keys, keys],
      [this.cache.values, values],
    ]) {
      kept.forEach((block, i) => {
        const rows = found[i].length / (heads * headWidth);
        for (let head = 0; head < heads; head++) {
          const start = (head * rows + from) * headWidth;
          const place = (head * capacity + this.#length) * headWidth;
          block.set(found[i].subarray(start, start + count * headWidth), place);
        }
      });
    }
    this.#length += count;
  }
}
