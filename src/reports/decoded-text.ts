// The decoded iterations of one run as text for a document that somebody writes: of its best restart, in a form of their
// choice.

import { subjectOf } from "../describe/spec-subject.ts";
import { visible } from "../common/visible.ts";
import { stepsByRestart } from "../describe/run-events.ts";
import { iterationTable } from "./run-export.ts";
import { type DecodedRun, latex } from "./latex.ts";

export const DECODED_FORMS = ["text", "lines", "table", "latex"] as const;
/**
 * `text`: what was found, as it is; of a run without an end what was shown last. `lines`: "iteration: text". `table`:
 * Markdown. `latex`: a_{20} = \mathtt{…}.
 */
export type DecodedForm = (typeof DECODED_FORMS)[number];

/** Undefined for a run that has shown no iteration. All forms but `text` are whole lines and end with a newline. */
export function decodedText(run: DecodedRun, form: DecodedForm): string | undefined {
  const restart = run.best?.restart ?? 0;
  const steps = stepsByRestart(run.events)[restart] ?? [];
  const last = steps.at(-1);
  if (!last) return undefined;
  const events = run.events.filter((event) => event.type !== "step" || event.restart === restart);
  switch (form) {
    case "text":
      return run.best?.text ?? last.text;
    case "lines":
      return steps.map(({ iteration, text }) => `${iteration}: ${visible(text)}\n`).join("");
    case "table":
      return `${iterationTable(events).join("\n")}\n`;
    case "latex":
      // The restart by itself: the others leave no gap before it, and the end tells of all.
      return latex([
        {
          run: {
            ...run,
            events: events.flatMap((event) => (event.type === "end" ? [] : [{ ...event, restart: 0 } as typeof event])),
          },
          title: JSON.stringify(subjectOf(run.spec)),
        },
      ]);
  }
}

/** A text made fit for a place between what stands before and after it on the line: whole lines get lines of their own. */
export function placed(text: string, form: DecodedForm, before: string, after: string): string {
  if (form === "text") return text;
  const block = form === "lines" ? "" : "\n"; // a table and an equation are no part of the paragraph before
  const begin = before.trim() === "" ? "" : `\n${block}`;
  return `${begin}${after.trim() === "" ? text.replace(/\n$/, "") : text}`;
}
