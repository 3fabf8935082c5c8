// Decoded iterations as the method's source sets them: a_{20} = \mathtt{\; this \; is}, one line each time the text changes.

import { visible } from "../common/visible.ts";
import type { StepEvent } from "../experiments/events.ts";
import { exactWhen, firstIterations } from "../describe/exact-when.ts";
import { endOf, startOf, stepsByRestart } from "../describe/run-events.ts";
import type { RecordedRun } from "../records/read-record.ts";

/** Characters that mean something in math mode, and how they are printed there. */
const PRINTED: Readonly<Record<string, string>> = {
  " ": " \\; ",
  "\\": "\\backslash ",
  "{": "\\{",
  "}": "\\}",
  "$": "\\$",
  "&": "\\&",
  "#": "\\#",
  "%": "\\%",
  "_": "\\_",
  "^": "\\hat{}",
  "~": "\\sim ",
  "'": "\\text{'}",
  "`": "\\text{`}",
};

/** What of a run its decoded iterations are made of; `status` in words. */
export type DecodedRun = Pick<RecordedRun, "id" | "spec" | "best" | "events"> & { readonly status: string };

/** A text inside \mathtt{}; for pdflatex, what is no ASCII needs a font of the reader's choice. */
export const mathtt = (text: string): string =>
  `\\mathtt{${Array.from(visible(text), (character) => PRINTED[character] ?? character).join("")}}`;

/**
 * The prompt and the decoded iterations of each restart, for amsmath (or MathJax). An iteration whose text is that of the
 * one shown before is left out, the last one is not.
 */
export function latex(runs: readonly { readonly run: DecodedRun; readonly title: string }[]): string {
  return runs.map(({ run, title }) => block(run, title)).join("\n");
}

function block(run: DecodedRun, title: string): string {
  const start = startOf(run.events);
  const prompt = start?.target.text ?? run.spec.prompt;
  const restarts = stepsByRestart(run.events);
  const firsts = start ? firstIterations(start, restarts, endOf(run.events)) : [];
  const lines = [
    `% ${visible(title)} (run ${visible(run.id)}, ${visible(run.status)}); needs amsmath`,
    `\\[${mathtt(prompt)}\\]`,
  ];
  restarts.forEach((steps, restart) => {
    const when = firsts[restart] && exactWhen(run.spec, firsts[restart]);
    const told = [...(restarts.length > 1 ? [`restart ${restart + 1}`] : []), ...(when === undefined ? [] : [when])];
    if (told.length > 0) lines.push(`% ${told.join(": ")}`);
    const shown = changes(steps).map(({ iteration, text }) => `a_{${iteration}} &= ${mathtt(text)}`);
    lines.push("\\[\\begin{aligned}", shown.join(" \\\\\n"), "\\end{aligned}\\]");
  });
  return `${lines.join("\n")}\n`;
}

const changes = (steps: readonly StepEvent[]): StepEvent[] =>
  steps.filter(({ text }, i) => i === 0 || i === steps.length - 1 || text !== steps[i - 1].text);
