// Which texts have been inverted, and where they stand in a document: for the hover, and for the runs of a selection.

import { isActiveRow, type RunRow } from "./run-rows.ts";

/** Where a known prompt stands: offsets of UTF-16 units in the text that was searched. */
interface Occurrence {
  readonly from: number;
  readonly to: number;
  readonly row: RunRow;
}

export class KnownPrompts {
  /** The newest run with a result, by prompt. */
  readonly #newest = new Map<string, RunRow>();
  /** All that are over, the newest first, by prompt. */
  readonly #runs = new Map<string, RunRow[]>();
  readonly mostLines: number;
  readonly #longest: number;

  /** Of rows, the newest first. */
  constructor(rows: readonly RunRow[]) {
    for (const row of rows) {
      if (isActiveRow(row)) continue;
      const prompt = unified(row.spec.prompt);
      const runs = this.#runs.get(prompt);
      if (runs) runs.push(row);
      else this.#runs.set(prompt, [row]);
      if (row.best && !this.#newest.has(prompt)) this.#newest.set(prompt, row);
    }
    this.#longest = Math.max(0, ...[...this.#newest.keys()].map(({ length }) => length));
    this.mostLines = Math.max(1, ...[...this.#newest.keys()].map((prompt) => prompt.split("\n").length));
  }

  /** The runs of exactly this text that are over, the newest first. */
  runsOf(text: string): readonly RunRow[] {
    return this.#runs.get(unified(text)) ?? [];
  }

  /** The longest known prompt that stands around a place of a text; lines of the text end with "\n". */
  at(text: string, offset: number): Occurrence | undefined {
    let best: Occurrence | undefined;
    // Lines may be long without end; a character more on each side tells where words end.
    const begin = Math.max(0, offset - this.#longest - 1);
    const around = text.slice(begin, offset + this.#longest + 1);
    for (const [prompt, row] of this.#newest) {
      if (best && prompt.length <= best.to - best.from) continue;
      const from = occurrenceAround(around, prompt, offset - begin);
      if (from !== undefined) best = { from: begin + from, to: begin + from + prompt.length, row };
    }
    return best;
  }
}

/** Documents end their lines in one of two ways; a prompt is the same in both. */
const unified = (text: string): string => text.replaceAll("\r\n", "\n");

/** Where the prompt begins that holds the character at the offset, or ends there; whole words only. */
function occurrenceAround(text: string, prompt: string, offset: number): number | undefined {
  const last = Math.min(offset, text.length - prompt.length);
  for (let from = Math.max(0, offset - prompt.length); from <= last; from++) {
    from = text.indexOf(prompt, from);
    if (from < 0 || from > last) return undefined;
    if (!isInsideWord(text, from) && !isInsideWord(text, from + prompt.length)) return from;
  }
  return undefined;
}

/** Letters of writings that put blanks between words, and digits. */
const WORD = /^(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}])[\p{L}\p{N}\p{M}]$/u;

const isInsideWord = (text: string, place: number): boolean =>
  place > 0 && place < text.length && WORD.test(text[place - 1]) && WORD.test(text[place]);
