// Texts cut to the place that they have.

/** At most `length` characters, the last of them an ellipsis where some were cut off. */
export function cut(text: string, length: number): string {
  const characters = Array.from(text);
  if (characters.length <= length) return text;
  const kept = characters.slice(0, length - 1).join("");
  return `${kept.trimEnd()}…`;
}

/** One line of at most `length` characters; white space is folded. */
export const shorten = (text: string, length: number): string => cut(text.trim().replace(/\s+/g, " "), length);
