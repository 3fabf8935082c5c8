// The form that builds an experiment: every field of the spec, explained on hover, with what is wrong said at the field.
// Its inputs are the browser's own: a label, an explanation and an error belong to an input by id, which does not reach
// into the toolkit's shadow roots.

import { valueName } from "../src/describe/field-names.ts";
import { defaultMethod, METHODS, methodOf } from "../src/describe/methods.ts";
import type { Field } from "../src/experiments/fields.ts";
import type { FormData, FromPage, ToPage } from "../src/session/panel-messages.ts";
import { element } from "./dom.ts";
import {
  defaultDraft,
  type Draft,
  draftOf,
  explanationOf,
  groupsOf,
  isNumber,
  labelOf,
  type MethodSchema,
  requestOf,
  withMethod,
} from "./form-fields.ts";
import { CHECK_MS, type CheckedField, checkpointList, isLongText, onFormKeys, showProblems } from "./form-parts.ts";
import { t } from "./l10n.ts";
import { button } from "./toolkit.ts";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export class ExperimentForm {
  readonly element: HTMLElement;
  readonly #send: (message: FromPage) => void;
  readonly #onClose: () => void;
  readonly #body = element("div", { class: "fields" });
  readonly #general = element("p", { class: "problem", role: "alert" });
  readonly #run: HTMLElement;
  #form: FormData | undefined;
  #draft: Draft = {};
  readonly #controls = new Map<string, CheckedField>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The request that the host is to answer, as JSON; empty while another one is being written. */
  #asked = "";
  #starting = false;

  constructor(send: (message: FromPage) => void, onClose: () => void) {
    this.#send = send;
    this.#onClose = onClose;
    this.#run = button(t("Run"), t("Start this experiment (Ctrl+Enter)"), true, () => this.#start());
    this.element = element(
      "section",
      { "class": "form", "aria-label": t("New experiment") },
      element(
        "div",
        { class: "section-head" },
        element("h2", {}, t("New experiment")),
        element(
          "div",
          { class: "actions" },
          this.#run,
          button(t("Cancel"), t("Close without running"), false, () => this.#close()),
        ),
      ),
      this.#general,
      this.#body,
    );
    this.element.hidden = true;
    this.#general.hidden = true;
    onFormKeys(
      this.element,
      () => this.#close(),
      () => this.#start(),
    );
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  open(form: FormData): void {
    this.#form = form;
    const method = (form.request["method"] as string) ?? defaultMethod().name;
    this.#draft = { ...defaultDraft(this.#schema(method)), ...draftOf(form.request), method };
    this.#starting = false;
    this.element.hidden = false;
    this.#build();
    this.#controls.get("prompt")?.control.focus();
    this.#check();
  }

  /** What the host found; of what was written before, it is not told. */
  tell({ request, problems }: Extract<ToPage, { readonly type: "problems" }>): void {
    if (JSON.stringify(request) !== this.#asked) return;
    showProblems(problems, this.#controls, this.#general, ({ message }) => message);
    this.#run.toggleAttribute("disabled", problems.length > 0);
    this.element.removeAttribute("aria-busy");
    const starting = this.#starting;
    this.#starting = false;
    if (!starting) return;
    if (problems.length === 0) this.#close();
    else this.#controls.get(problems[0].field)?.control.focus();
  }

  get #method(): string {
    return this.#draft["method"] ?? defaultMethod().name;
  }

  #schema(method: string): MethodSchema {
    return this.#form!.schemas[method];
  }

  #build(): void {
    const method = this.#method;
    const schema = this.#schema(method);
    this.#controls.clear();
    const methods = element(
      "select",
      { id: "field-method" },
      ...METHODS.map(({ name: value, describe }) =>
        element("option", { value, selected: value === method ? "" : undefined }, describe.title()),
      ),
    );
    methods.addEventListener("change", () => {
      const chosen = methods.value;
      this.#draft = withMethod(this.#draft, chosen, schema, this.#schema(chosen));
      this.#build();
      document.getElementById("field-method")?.focus();
      this.#check();
    });
    this.#body.replaceChildren(
      this.#field("prompt", schema.properties["prompt"]),
      ...groupsOf(schema, this.#form!.commonFields).map(({ name, fields, isMethod }) =>
        element(
          "fieldset",
          {},
          element("legend", {}, name),
          ...(isMethod
            ? [
                element("div", { class: "field" }, element("label", { for: "field-method" }, t("Method")), methods),
                element("p", { class: "formula" }, methodOf(method).describe.formula()),
              ]
            : []),
          ...fields.map((field) => this.#field(field, schema.properties[field])),
        ),
      ),
      checkpointList(this.#form!.checkpoints),
    );
  }

  #field(field: string, schema: Field): HTMLElement {
    const id = `field-${field}`;
    const explanation = explanationOf(schema);
    const problem = element("span", { class: "problem", id: `${id}-problem` });
    const control = controlOf(field, schema, this.#draft[field] ?? "");
    control.id = id;
    control.title = explanation;
    control.setAttribute("aria-describedby", `${id}-problem`);
    control.addEventListener("input", () => {
      const text =
        control instanceof HTMLInputElement && control.type === "checkbox" ? String(control.checked) : control.value;
      this.#draft = { ...this.#draft, [field]: text };
      clearTimeout(this.#timer);
      this.#asked = "";
      this.element.setAttribute("aria-busy", "true");
      this.#timer = setTimeout(() => this.#check(), CHECK_MS);
    });
    this.#controls.set(field, { control, problem });
    return element(
      "div",
      { class: isLongText(field) ? "field wide" : "field" },
      element("label", { for: id, title: explanation }, labelOf(field, this.#method)),
      control,
      problem,
    );
  }

  #check(): void {
    if (this.isOpen) this.#ask("check");
  }

  #ask(type: "check" | "start"): void {
    const request = requestOf(this.#draft, this.#schema(this.#method));
    this.#asked = JSON.stringify(request);
    this.element.setAttribute("aria-busy", "true");
    this.#send({ type, request });
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#starting = true;
    this.#ask("start");
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.element.hidden = true;
    this.#onClose();
  }
}

function controlOf(field: string, schema: Field, text: string): Control {
  if (schema.enum) {
    const optional = schema.default === undefined;
    return element(
      "select",
      {},
      ...(optional ? [element("option", { value: "" }, t("by default"))] : []),
      ...schema.enum.map((value) =>
        element("option", { value, selected: value === text ? "" : undefined }, valueName(field, value)),
      ),
    );
  }
  if (isLongText(field)) {
    const area = element("textarea", { rows: field === "prompt" ? "2" : "1", spellcheck: "false" });
    area.value = text;
    return area;
  }
  if (schema.type === "boolean")
    return element("input", { type: "checkbox", checked: text === "true" ? "" : undefined });
  return element("input", {
    type: "text",
    value: text,
    spellcheck: "false",
    autocomplete: "off",
    inputmode: isNumber(schema) && !schema.anyOf ? "decimal" : undefined,
    list: field === "checkpoint" ? "checkpoints" : undefined,
    placeholder: schema.default === undefined ? t("by default") : undefined,
  });
}
