// The form that builds a sweep: of each field the values it is to take, one for all runs or several as an axis. How many
// runs that makes, and how long they take, is said as it is written.

import { valueName } from "../src/describe/field-names.ts";
import { defaultMethod, methodNames, methodOf } from "../src/describe/methods.ts";
import type { Field } from "../src/experiments/fields.ts";
import type { FromSweepsPage, SweepFormData } from "../src/session/sweeps-messages.ts";
import type { SweepChart, SweepCheck, SweepDraft } from "../src/sweeps/view-data.ts";
import { element, setText } from "./dom.ts";
import { explanationOf, labelOf } from "./form-fields.ts";
import { plural, roughTime } from "../src/describe/numbers.ts";
import { CHECK_MS, type CheckedField, checkpointList, isLongText, onFormKeys, showProblems } from "./form-parts.ts";
import { t } from "./l10n.ts";
import { button } from "./toolkit.ts";

/** What most sweeps are over, and what they fix. */
const USUAL = [
  "prompt",
  "method",
  "checkpoint",
  "initSeed",
  "blocks",
  "output",
  "learningRate",
  "iterations",
  "restarts",
];

interface Control extends CheckedField {
  readonly focus: () => void;
}

export class SweepForm {
  readonly #send: (message: FromSweepsPage) => void;
  readonly #onClose: () => void;
  readonly #name = element("input", { type: "text", id: "sweep-name", spellcheck: "false", autocomplete: "off" });
  readonly #fields = element("div", { class: "fields" });
  readonly #ready = element("select", { id: "sweep-ready" });
  readonly #add = element("select", { "aria-label": t("Add a field") });
  readonly #size = element("p", { class: "size", role: "status" });
  readonly #general = element("p", { class: "problem", role: "alert" });
  readonly #begin: HTMLElement;
  readonly element: HTMLElement;
  #form: SweepFormData | undefined;
  #draft: SweepDraft = {};
  #charts: readonly SweepChart[] = [];
  readonly #controls = new Map<string, Control>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beginning = false;

  constructor(send: (message: FromSweepsPage) => void, onClose: () => void) {
    this.#send = send;
    this.#onClose = onClose;
    this.#begin = button(t("Start"), t("Start this sweep (Ctrl+Enter)"), true, () => this.#start());
    this.#add.addEventListener("change", () => this.#addField(this.#add.value));
    this.#ready.addEventListener("change", () => this.#take(this.#ready.value));
    this.element = element(
      "section",
      { "class": "sweep-form", "aria-label": t("New sweep") },
      element("h2", {}, t("New sweep")),
      element("div", { class: "field" }, element("label", { for: "sweep-ready" }, t("Begin with")), this.#ready),
      element("div", { class: "field" }, element("label", { for: "sweep-name" }, t("Name")), this.#name),
      this.#fields,
      element("div", { class: "field" }, this.#add),
      element(
        "div",
        { class: "form-end" },
        this.#size,
        this.#general,
        element(
          "div",
          { class: "actions" },
          this.#begin,
          button(t("Cancel"), t("Close without starting"), false, () => this.close()),
        ),
      ),
    );
    this.element.hidden = true;
    onFormKeys(
      this.element,
      () => this.close(),
      () => this.#start(),
    );
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  open(form: SweepFormData): void {
    this.#form = form;
    this.#draft = { method: defaultMethod().name, ...form.draft };
    this.#charts = form.charts;
    this.#ready.replaceChildren(
      element("option", { value: "" }, t("Your own values")),
      ...form.ready.map(({ name, title }) => element("option", { value: name }, title)),
    );
    this.#beginning = false;
    this.#name.value = "";
    this.element.hidden = false;
    this.#build();
    this.#controls.get("prompt")?.focus();
    this.#check();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.element.hidden = true;
    this.#onClose();
  }

  tell({ problems, runs, estimateMs }: SweepCheck): void {
    showProblems(problems, this.#controls, this.#general, ({ field, message }) =>
      field === "" ? message : `${this.#label(field)}: ${message}`,
    );
    const time = estimateMs === undefined ? t("no time known yet") : t("about {0}", roughTime(estimateMs));
    setText(this.#size, problems.length > 0 ? "" : `${plural(runs, "run")} · ${time}`);
    this.#begin.toggleAttribute("disabled", problems.length > 0);
    if (this.#beginning && problems.length > 0) this.#controls.get(problems[0].field)?.focus();
    this.#beginning = false;
  }

  get #methods(): readonly string[] {
    const named = (this.#draft["method"] ?? "").split(/[\s,]+/);
    return methodNames().filter((method) => named.includes(method));
  }

  /** Of a field in the first of the methods that has it. */
  #schema(field: string): Field | undefined {
    const methods = this.#methods.length > 0 ? this.#methods : methodNames();
    return methods
      .map((method) => this.#form!.schemas[method].properties[field])
      .find((schema) => schema !== undefined);
  }

  #label(field: string): string {
    return field === "method" ? t("Method") : labelOf(field, this.#methods[0] ?? defaultMethod().name);
  }

  #build(): void {
    this.#controls.clear();
    const written = Object.keys(this.#draft).filter((field) => this.#draft[field] !== "");
    const shown = [...new Set([...USUAL, ...written])].filter((field) => this.#schema(field) !== undefined);
    this.#fields.replaceChildren(
      ...shown.map((field) => this.#field(field, this.#schema(field)!)),
      checkpointList(this.#form!.checkpoints),
    );
    const all = this.#methods.flatMap((method) => Object.keys(this.#form!.schemas[method].properties));
    const rest = [...new Set(all)].filter((field) => !shown.includes(field));
    this.#add.replaceChildren(
      element("option", { value: "" }, t("Add a field…")),
      ...rest.map((field) => element("option", { value: field }, this.#label(field))),
    );
  }

  /** Fills the form as a ready sweep is, or again as it was opened. */
  #take(name: string): void {
    const { draft, charts, ready } = this.#form!;
    const taken = ready.find((each) => each.name === name) ?? { name: "", draft, charts };
    this.#draft = { method: defaultMethod().name, ...taken.draft };
    this.#charts = taken.charts;
    this.#name.value = taken.name;
    this.#build();
    this.#check();
  }

  #addField(field: string): void {
    if (field === "") return;
    const preset = this.#schema(field)?.default;
    this.#draft = { ...this.#draft, [field]: preset === undefined ? " " : String(preset) };
    this.#build();
    this.#controls.get(field)?.focus();
    this.#check();
  }

  #field(field: string, schema: Field): HTMLElement {
    const id = `sweep-${field}`;
    const explanation = explanationOf(schema);
    const problem = element("span", { class: "problem", id: `${id}-problem` });
    const text = this.#draft[field] ?? "";
    const choices = field === "method" ? methodNames() : schema.enum;
    if (choices) return this.#choiceField(field, choices, text, explanation, problem);
    const control = isLongText(field)
      ? element("textarea", { rows: "3", spellcheck: "false", placeholder: t("One on each line") })
      : element("input", {
          type: "text",
          spellcheck: "false",
          autocomplete: "off",
          list: field === "checkpoint" ? "checkpoints" : undefined,
          placeholder: schema.default === undefined ? t("by default") : String(schema.default),
        });
    control.value = text.trim() === "" ? "" : text;
    control.id = id;
    control.title = explanation;
    control.setAttribute("aria-describedby", `${id}-problem`);
    control.addEventListener("input", () => this.#write(field, control.value));
    this.#controls.set(field, { control, problem, focus: () => control.focus() });
    return element(
      "div",
      { class: "field" },
      element("label", { for: id, title: explanation }, this.#label(field)),
      control,
      problem,
    );
  }

  #choiceField(
    field: string,
    choices: readonly string[],
    text: string,
    explanation: string,
    problem: HTMLElement,
  ): HTMLElement {
    const usual = String(this.#schema(field)?.default ?? "");
    const chosen = text.trim() === "" ? [usual] : text.split(/[\s,]+/);
    const boxes = choices.map((value) => {
      const box = element("input", {
        type: "checkbox",
        value,
        id: `sweep-${field}-${value}`,
        checked: chosen.includes(value) ? "" : undefined,
      });
      return { box, label: element("label", { for: box.id }, box, " ", nameOf(field, value)) };
    });
    const read = () =>
      boxes
        .filter(({ box }) => box.checked)
        .map(({ box }) => box.value)
        .join(", ");
    const group = element(
      "div",
      { "class": "field", "role": "group", "aria-label": this.#label(field), "title": explanation },
      element("span", { class: "label" }, this.#label(field)),
      element("div", { class: "choices" }, ...boxes.map(({ label }) => label)),
      problem,
    );
    group.addEventListener("change", () => {
      // None of them is the usual one.
      if (read() === "") for (const { box } of boxes) box.checked = box.value === usual;
      this.#write(field, read());
      if (field !== "method") return;
      this.#build();
      document.getElementById(`sweep-method-${choices[0]}`)?.focus();
    });
    this.#controls.set(field, { control: group, problem, focus: () => boxes[0].box.focus() });
    return group;
  }

  #write(field: string, text: string): void {
    this.#draft = { ...this.#draft, [field]: text };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), CHECK_MS);
  }

  #asked(): SweepDraft {
    return Object.fromEntries(
      Object.entries(this.#draft).filter(([field, text]) => text.trim() !== "" && this.#schema(field) !== undefined),
    );
  }

  #check(): void {
    if (this.isOpen) this.#send({ type: "check", draft: this.#asked() });
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#beginning = true;
    this.#send({ type: "begin", name: this.#name.value, draft: this.#asked(), charts: this.#charts });
  }
}

const nameOf = (field: string, value: string): string =>
  field === "method" ? methodOf(value).describe.title() : valueName(field, value);
