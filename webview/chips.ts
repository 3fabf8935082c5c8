// Tokens as chips: the text with its invisible characters made visible, and whether it is the prompt's.

import { CERTAINTY_SIGNS, certaintyName } from "../src/describe/recovered-tokens.ts";
import { element } from "./dom.ts";
import { tokenParts } from "./format.ts";
import { t } from "./l10n.ts";
import type { Chip } from "./chips-model.ts";

/** A token by itself, as in the prompt. Marks are read out only where the token has no characters of its own. */
export function plainChip(id: number, text: string, className = "chip"): HTMLElement {
  const parts = tokenParts(id, text);
  const silent = parts.some(({ mark }) => !mark) ? "true" : undefined;
  return element(
    "span",
    { class: className, title: t("{0}, token {1}", JSON.stringify(text), id) },
    ...parts.map(({ text, mark }) => element("span", mark ? { "class": "mark", "aria-hidden": silent } : {}, text)),
  );
}

/** How a chip stands out: a class, a sign, and what the sign says. */
const MARKED = {
  matches: { className: "chip matches", sign: "✓", meaning: t("matches the prompt") },
  changes: { className: "chip changed", sign: "≠", meaning: t("differs from the prompt") },
  proved: { className: "chip proved", sign: CERTAINTY_SIGNS.proved, meaning: certaintyName("proved") },
  likely: { className: "chip likely", sign: CERTAINTY_SIGNS.likely, meaning: certaintyName("likely") },
  unknown: { className: "chip unknown", sign: CERTAINTY_SIGNS.unknown, meaning: certaintyName("unknown") },
} as const;

/** A decoded token; one that stands out has a solid frame, bold letters and a sign. */
export function chip({ id, text, mark }: Chip): HTMLElement {
  if (mark === undefined) return plainChip(id, text);
  const { className, sign, meaning } = MARKED[mark];
  const made = plainChip(id, text, className);
  made.append(element("span", { "class": "check", "role": "img", "aria-label": meaning }, sign));
  made.title += `, ${meaning}`;
  return made;
}
