// Pieces of Markdown that hold any text.

import { visible } from "../common/visible.ts";

/** What acts within a line: marks, HTML, entities, and addresses that readers make links of by themselves. */
const ACTIVE = /[\\`*_{}[\]<>|&$~@]|:(?=\/)|\.(?=\p{L})/gu;

/** A text in a cell of a table, or elsewhere within a line. */
export const markdownCell = (text: string): string => visible(text.replace(/\s+/g, " ")).replace(ACTIVE, "\\$&");

/** A text that is nothing but a text, on one line, wherever that begins. */
export const markdownText = (text: string): string =>
  markdownCell(text).replace(/^( *)(?:(\d+)([.)])|([#+\-=]))/, "$1$2\\$3$4");

/** A text as code, as it is; its own backquotes are no end of it. */
export function markdownVerbatim(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  const padding = /^`|`$|^ .* $/.test(text) ? " " : "";
  return `${fence}${padding}${visible(text)}${padding}${fence}`;
}

/** A text as code, in quotation marks. */
export const markdownCode = (text: string): string => markdownVerbatim(JSON.stringify(text));

/** A text as code in a cell of a table, where a bar ends the cell even inside code. */
export const markdownCodeCell = (text: string): string => markdownCode(text).replaceAll("|", "\\|");

/** A table; cells are Markdown already. */
export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
