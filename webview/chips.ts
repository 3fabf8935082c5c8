// Tokens as chips: the text with its invisible characters made visible, and whether it is the prompt's.

import { element } from "./dom.ts";
import { tokenParts } from "./format.ts";
import type { Chip } from "./model.ts";

/** A token by itself, as in the prompt. Marks are read out only where the token has no characters of its own. */
export function plainChip(id: number, text: string, className = "chip"): HTMLElement {
  const parts = tokenParts(id, text);
  const silent = parts.some(({ mark }) => !mark) ? "true" : undefined;
  return element(
    "span",
    { class: className, title: `${JSON.stringify(text)}, token ${id}` },
    ...parts.map(({ text, mark }) => element("span", mark ? { "class": "mark", "aria-hidden": silent } : {}, text)),
  );
}

/** A decoded token; one that is the prompt's has a solid frame, bold letters and a check mark. */
export function chip({ id, text, matches }: Chip): HTMLElement {
  if (!matches) return plainChip(id, text);
  const made = plainChip(id, text, "chip matches");
  made.append(element("span", { "class": "check", "role": "img", "aria-label": "matches the prompt" }, "✓"));
  made.title += ", matches the prompt";
  return made;
}
