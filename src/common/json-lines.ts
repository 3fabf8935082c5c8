// JSON Lines as every reader splits them: one value a line, and nothing in a line that some program takes for its end.

/**
 * One line of JSON, its newline included. Beyond what JSON asks for, DEL, the C1 controls and the two Unicode line
 * separators are escaped: readline and Python's splitlines break lines at some of them, and a terminal obeys others.
 */
export function jsonLine(value: unknown): string {
  const escaped = JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${escaped}\n`;
}
