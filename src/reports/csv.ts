// Comma-separated values after RFC 4180, but with a bare newline at the end of a row, as pandas, R and spreadsheets read. A
// text that a spreadsheet would compute gets an apostrophe before it, which spreadsheets take for "this is text".

/** A cell; null and undefined are empty. */
export type CsvValue = string | number | boolean | null | undefined;

/** What a formula begins with, also behind what some programs strip, and in the full width of East Asian input. */
const FORMULA = /^[\s\p{Cc}\p{Cf}]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;

const cell = (value: CsvValue): string => {
  if (typeof value !== "string") return value === null || value === undefined ? "" : String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  // Where a spreadsheet separates by semicolons or tabs, a cell without quotes would become several.
  return /[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Head and rows, each with its newline. */
export const csv = (columns: readonly string[], rows: readonly (readonly CsvValue[])[]): string =>
  [columns, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
