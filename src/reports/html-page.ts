// A page of HTML that needs nothing beside itself: no script, no network, light and dark as the reader has it.

import { escapeXml } from "./line-chart.ts";

/** A piece of HTML; everything else that goes into one is a text, and is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A piece of HTML, a text or number to be escaped, or several one after the other. */
export type HtmlContent = Html | string | number | readonly HtmlContent[];

const textOf = (content: HtmlContent): string => {
  if (content instanceof Html) return content.text;
  return typeof content === "object" ? content.map(textOf).join("") : escapeXml(String(content));
};

/** A tag for templates: what they are written with is HTML, and what is put in is escaped unless it is HTML too. */
export const html = (parts: TemplateStringsArray, ...contents: readonly HtmlContent[]): Html =>
  new Html(parts.map((part, i) => (i === 0 ? part : textOf(contents[i - 1]) + part)).join(""));

/** Pieces, each on a line of its own. */
export const htmlLines = (pieces: readonly HtmlContent[]): Html => new Html(pieces.map(textOf).join("\n"));

/** `style` is what the page has beside the common styles. */
export const htmlPage = (title: string, body: Html, style = ""): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}${style}</style>
</head>
<body>
<main>
<h1>${escapeXml(title)}</h1>
${body.text}
</main>
</body>
</html>
`;

const STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
section { border-top: 1px solid var(--line); margin-top: 1.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
figure { margin: 1rem 0; }
code { white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 40rem) { table { font-size: .9em; } }
`;
