// Text from networks, files and prompts on its way to a terminal or a document: nothing in it may act there, and all of
// it should be seen. Decoded tokens are arbitrary bytes, so an escape sequence is only a matter of time.

/** Controls, formats (among them the bidirectional ones), line separators, halves of surrogate pairs, private use. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** The text on one line with every character of it visible: ␊ for a newline, <200E> for what has no picture. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    const code = character.codePointAt(0)!;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return "␡";
    return `<${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}

/** A text of several lines with every character of it visible. */
export const visibleLines = (text: string): string => text.split("\n").map(visible).join("\n");
