// How numbers, times and tokens are written on the page.

import { figure } from "../src/describe/numbers.ts";

/** "0", "0.00312", "4.2e-7", "131", "12,800": three significant digits, whatever the size. */
export function formatNumber(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(1).replace("e+", "e");
  if (size >= 100) return Math.round(value).toLocaleString("en");
  return figure(value, 3);
}

/** "0.8 s", "12 s", "2:05", "1:02:05" */
export function formatElapsed(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (part: number): string => String(part).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** A stretch of a text; a mark stands for characters that cannot be seen themselves. */
interface TextPart {
  readonly text: string;
  readonly mark: boolean;
}

const MARKS: Readonly<Record<string, string>> = { " ": "·", "\n": "⏎", "\r": "␍", "\t": "⇥" };
/** Control characters, formats (zero-width, directions), separators, halves of a pair, and what has no meaning yet. */
const INVISIBLE = /[\p{C}\p{Z}]/u;
/** Accents and the like, which would sit on the character before. */
const COMBINING = /^\p{M}/u;

/** A text with everything in it made visible: "·sky", "⏎", "U+200B". */
export function visibleText(text: string): TextPart[] {
  if (text === "") return [{ text: "∅", mark: true }];
  const parts: TextPart[] = [];
  for (const character of text) {
    const mark = MARKS[character] ?? (INVISIBLE.test(character) ? codePoint(character) : undefined);
    const part = mark === undefined ? { text: character, mark: false } : { text: mark, mark: true };
    const last = parts.at(-1);
    if (last?.mark === part.mark) parts[parts.length - 1] = { text: last.text + part.text, mark: part.mark };
    else parts.push(part);
  }
  if (!parts[0].mark && COMBINING.test(parts[0].text)) parts[0] = { text: `◌${parts[0].text}`, mark: false };
  return parts;
}

/** The visible text of a token; one that holds a part of a character is told from the others by its number. */
export function tokenParts(id: number, text: string): TextPart[] {
  const parts = visibleText(text);
  return text.includes("\ufffd") ? [...parts, { text: `#${id}`, mark: true }] : parts;
}

const codePoint = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;

/** How many columns of a fixed-width font a visible text takes; wide characters take two. */
export function columnsOf(parts: readonly TextPart[]): number {
  let columns = 0;
  for (const { text } of parts) for (const character of text) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}

/** East Asian scripts and emoji. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60]/u;
