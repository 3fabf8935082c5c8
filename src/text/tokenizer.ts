// GPT-2's byte-level byte-pair encoding (Radford et al. 2019): text is cut into words by a pattern, and the bytes of each
// word are joined pair by pair, the pair that comes first in the vocabulary first. The vocabulary is gpt-tokenizer's
// table; the algorithm is our own, because that package's splits words as JavaScript does, drops byte order marks, and
// needs quadratic time for long words.

/** Text as the token ids 0…50256 of GPT-2. */
export interface Tokenizer {
  /**
   * As Hugging Face's tokenizer does: "<|endoftext|>" in the text is token 50256. A lone surrogate, which no UTF-8 text
   * can hold, is read as U+FFFD.
   */
  encode(text: string): number[];
  /** The exact inverse of encode; bytes that are not UTF-8 are shown as U+FFFD. */
  decode(ids: readonly number[]): string;
  /** One token's text; an id that GPT-2 does not have (a checkpoint may be padded) is shown as <|id|>. */
  token(id: number): string;
}

export const END_OF_TEXT = "<|endoftext|>";

/**
 * GPT-2's own pattern with \s spelled out: what is white space in Unicode is not quite what JavaScript means by \s
 * (U+0085 is missing there, U+FEFF is too much).
 */
const WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** GPT-2's tokens by id but for the last, <|endoftext|>; their bytes are characters below 256, which can be keys. */
export async function bytesOfTokens(): Promise<string[]> {
  const { default: table } = await import("gpt-tokenizer/bpeRanks/r50k_base");
  return table.map((entry) => Buffer.from(entry as string).toString("latin1"));
}

/** Loads the vocabulary, half a megabyte: some tens of milliseconds, and only when it is called. */
export async function loadTokenizer(): Promise<Tokenizer> {
  const vocabulary = await bytesOfTokens();
  const ranks = new Map(vocabulary.map((bytes, rank) => [bytes, rank]));
  const endOfText = vocabulary.push(END_OF_TEXT) - 1;

  const bytesOf = (id: number): string => vocabulary[id] ?? `<|${id}|>`;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const textOf = (bytes: string): string => decoder.decode(Buffer.from(bytes, "latin1"));
  return {
    encode: (text) =>
      text.split(END_OF_TEXT).flatMap((part, index) => {
        const ids = index === 0 ? [] : [endOfText];
        for (const [word] of part.matchAll(WORDS)) {
          const bytes = Buffer.from(word).toString("latin1");
          const whole = ranks.get(bytes);
          if (whole !== undefined) ids.push(whole);
          else for (const id of joinPairs(bytes, ranks)) ids.push(id);
        }
        return ids;
      }),
    decode: (ids) => textOf(ids.map(bytesOf).join("")),
    token: (id) => textOf(bytesOf(id)),
  };
}

/**
 * Byte-pair encoding of one word. The parts are a linked list, and a heap holds the pairs that are in the vocabulary,
 * so that a word of n bytes takes n·log n steps.
 */
export function joinPairs(word: string, ranks: ReadonlyMap<string, number>): number[] {
  const n = word.length;
  // A part is known by where it starts: where the next one does, where the one before does, and the rank of its pair
  // with the next (−1: none, or the part is no more).
  const next = Int32Array.from({ length: n }, (_, start) => start + 1);
  const previous = Int32Array.from({ length: n + 1 }, (_, start) => start - 1);
  const pairRank = new Int32Array(n).fill(-1);
  // Rank and place as one number, so that the heap's least is the first pair of the lowest rank.
  const heap = new MinHeap();
  const rate = (start: number): void => {
    const middle = next[start];
    pairRank[start] = middle < n ? (ranks.get(word.slice(start, next[middle])) ?? -1) : -1;
    if (pairRank[start] >= 0) heap.push(pairRank[start] * PLACES + start);
  };
  for (let start = 0; start < n; start++) rate(start);
  while (heap.size > 0) {
    const least = heap.pop();
    const start = least % PLACES;
    // Pairs that changed since they were put on the heap are on it again.
    if (pairRank[start] !== Math.floor(least / PLACES)) continue;
    const joined = next[start];
    pairRank[joined] = -1;
    next[start] = next[joined];
    previous[next[joined]] = start;
    rate(start);
    if (previous[start] >= 0) rate(previous[start]);
  }
  const ids: number[] = [];
  for (let start = 0; start < n; start = next[start]) ids.push(ranks.get(word.slice(start, next[start]))!);
  return ids;
}

/** More places than a string can have; ranks times it stay exact. */
const PLACES = 2 ** 32;

/** Numbers, the least first. */
class MinHeap {
  readonly #items: number[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: number): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    for (let parent = (at - 1) >> 1; at > 0 && items[parent] > item; parent = (at - 1) >> 1) {
      items[at] = items[parent];
      at = parent;
    }
    items[at] = item;
  }

  /** Removes the least; the heap must not be empty. */
  pop(): number {
    const items = this.#items;
    const least = items[0];
    const last = items.pop()!;
    if (items.length === 0) return least;
    let at = 0;
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && items[child + 1] < items[child]) child++;
      if (items[child] >= last) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = last;
    return least;
  }
}
