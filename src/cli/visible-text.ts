// Marked text cut to the width of a terminal.

import { visible } from "../common/visible.ts";

/** A piece of a line, and how it is to be marked. */
export interface Span {
  readonly text: string;
  readonly mark?: (text: string) => string;
}

/** Two cells wide in a terminal: East Asian wide and fullwidth characters, and emoji. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]/u;
const HALF_WIDTH_KATAKANA = /[\uff61-\uff9f]/;
const NO_WIDTH = /\p{M}/u;

function cellsOf(character: string): number {
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) && !HALF_WIDTH_KATAKANA.test(character) ? 2 : 1;
}

/** The spans, made visible and marked, in at most `width` cells; what does not fit ends in "…". */
export function fit(spans: readonly Span[], width: number): string {
  const all = spans.flatMap(({ text, mark }) => Array.from(visible(text), (character) => ({ character, mark })));
  const widthOf = (characters: typeof all) => characters.reduce((sum, { character }) => sum + cellsOf(character), 0);
  if (widthOf(all) <= width) return marked(all);
  let count = 0;
  for (let left = width - 1; (left -= cellsOf(all[count].character)) >= 0;) count++;
  return `${marked(all.slice(0, count))}…`;
}

/** Neighbours of one mark are marked together. */
function marked(characters: readonly { readonly character: string; readonly mark: Span["mark"] }[]): string {
  let line = "";
  let part = "";
  characters.forEach(({ character, mark }, index) => {
    part += character;
    if (index + 1 < characters.length && characters[index + 1].mark === mark) return;
    line += mark ? mark(part) : part;
    part = "";
  });
  return line;
}
