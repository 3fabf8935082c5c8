// Comma-separated values after RFC 4180, but with a bare newline at the end of a row, as pandas, R and spreadsheets read.

/** A cell; null and undefined are empty. */
export type CsvValue = string | number | boolean | null | undefined;

const cell = (value: CsvValue): string => {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Head and rows, each with its newline. */
export const csv = (columns: readonly string[], rows: readonly (readonly CsvValue[])[]): string =>
  [columns, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
