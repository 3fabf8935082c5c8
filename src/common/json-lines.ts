// JSON for other programs, with nothing in it that some of them take for the end of a line or obey.

/**
 * JSON with its newline, on one line unless it is to be indented. Beyond what JSON asks for, DEL, the C1 controls and the
 * two Unicode line separators are escaped: readline and Python's splitlines break lines at some of them, and a terminal
 * obeys others.
 */
export function jsonText(value: unknown, indent?: number): string {
  const escaped = JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${escaped}\n`;
}

/** A line of JSON Lines, its newline included. */
export const jsonLine = (value: unknown): string => jsonText(value);
