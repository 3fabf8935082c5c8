// Pieces of Markdown that hold any text.

import { visible } from "../common/visible.ts";

/** A text that is nothing but a text, on one line. */
export const markdownText = (text: string): string =>
  visible(text.replace(/\s+/g, " ")).replace(/[\\`*_{}[\]()#+\-!~<>|&$]/g, "\\$&");

/** A text in a cell of a table. */
export const markdownCell = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replace(/\s+/g, " ");

/** A text as code, in quotation marks; its own backquotes are no end of it. */
export function markdownCode(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${visible(JSON.stringify(text))}${fence}`;
}

/** A text as code in a cell of a table, where a bar ends the cell even inside code. */
export const markdownCodeCell = (text: string): string => markdownCode(text).replaceAll("|", "\\|");

/** A table; cells are Markdown already. */
export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
