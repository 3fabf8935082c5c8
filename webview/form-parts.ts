// What the form for an experiment and the one for a sweep have in common.

import type { FieldProblem } from "../src/session/panel-messages.ts";
import { element, setText } from "./dom.ts";

/** How long after the last key the host is asked. */
export const CHECK_MS = 150;

/** Texts that may be of several lines. */
export const isLongText = (field: string): boolean => field === "prompt" || field === "vocabulary";

/** What the inputs for a checkpoint offer, by the id "checkpoints". */
export const checkpointList = (checkpoints: readonly string[]): HTMLElement =>
  element("datalist", { id: "checkpoints" }, ...checkpoints.map((value) => element("option", { value })));

export function onFormKeys(form: HTMLElement, close: () => void, start: () => void): void {
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start();
  });
}

/** A field's input or group of inputs, and the place where its first problem is said. */
export interface CheckedField {
  readonly control: HTMLElement;
  readonly problem: HTMLElement;
}

/** Says each problem at its field; those without one are said together, in the words of `other`. */
export function showProblems(
  problems: readonly FieldProblem[],
  fields: ReadonlyMap<string, CheckedField>,
  general: HTMLElement,
  other: (problem: FieldProblem) => string,
): void {
  for (const { control, problem } of fields.values()) {
    setText(problem, "");
    control.removeAttribute("aria-invalid");
  }
  const others: string[] = [];
  for (const found of problems) {
    const place = fields.get(found.field);
    if (!place) others.push(other(found));
    else if (place.problem.textContent === "") {
      setText(place.problem, found.message);
      place.control.setAttribute("aria-invalid", "true");
    }
  }
  setText(general, others.join(" "));
  general.hidden = others.length === 0;
}
