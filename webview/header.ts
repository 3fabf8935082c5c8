// The head of the page: which run this is, under what condition, how it is doing, and what can be done about it.

import { subjectOf } from "../src/describe/spec-subject.ts";
import { methodOf, proofFor } from "../src/describe/methods.ts";
import type { FromPage, RunInfo } from "../src/session/panel-messages.ts";
import { conditionOf } from "../src/describe/run-condition.ts";
import { recovers } from "../src/describe/run-verdict.ts";
import { canStop, isOver } from "../src/describe/run-state.ts";
import { plainChip } from "./chips.ts";
import { element, setText } from "./dom.ts";
import { t } from "./l10n.ts";
import { chosenRun, type PageModel } from "./page-model.ts";
import { runLabel } from "./run-label.ts";
import type { RunModel } from "./run-model.ts";
import { type RunState, stateOf, troubleOf, whenOf } from "./state-words.ts";
import { RunChoice } from "./run-choice.ts";
import { button, OptionList, progressRing } from "./toolkit.ts";

const SIGNS: Readonly<Record<RunState["tone"], string>> = { busy: "▶", paused: "‖", good: "✓", neutral: "■", bad: "✕" };

export class Header {
  readonly element: HTMLElement;
  readonly #runs: OptionList;
  readonly #compare: RunChoice;
  readonly #ring = progressRing();
  readonly #sign = element("span", { "class": "sign", "aria-hidden": "true" });
  readonly #title = element("strong");
  readonly #text = element("span", { class: "text" });
  readonly #when = element("span", { class: "when" });
  readonly #state = element("p", { class: "state" }, this.#ring, this.#sign, this.#title, " ", this.#text, this.#when);
  readonly #bar = element("div", { class: "bar-fill" });
  readonly #progress = element(
    "div",
    {
      "class": "bar",
      "role": "progressbar",
      "aria-label": t("Progress of the run"),
      "aria-valuemin": "0",
      "aria-valuemax": "100",
    },
    this.#bar,
  );
  readonly #send: (message: FromPage) => void;
  readonly #stop: HTMLElement;
  readonly #pause: HTMLElement;
  readonly #resume: HTMLElement;
  readonly #again: HTMLElement;
  readonly #recover: HTMLElement;
  readonly #suggested = element("span", { class: "suggested" });
  readonly #source: HTMLElement;
  readonly #duplicate: HTMLElement;
  readonly #export: HTMLElement;
  readonly #prompt = element("div", { "class": "prompt", "role": "group", "aria-label": t("Prompt") });
  readonly #condition = element("p", { class: "condition" });
  readonly #trouble = element("p", { class: "trouble" });
  readonly #log: HTMLElement;
  /** Did the button that had the focus go, with nothing to be done until the run has stopped? */
  #lostFocus = false;
  #page: PageModel | undefined;
  #prompted: unknown;

  constructor(send: (message: FromPage) => void, pickRun: (id: string) => void) {
    this.#send = send;
    const act = (label: string, title: string, primary: boolean, make: (id: string) => FromPage) =>
      button(label, title, primary, () => {
        const run = this.#page && chosenRun(this.#page);
        if (run) send(make(run.id));
      });
    this.#runs = new OptionList(t("Run"), pickRun);
    this.#runs.element.classList.add("runs");
    this.#compare = new RunChoice((beside) => {
      const run = this.#page && chosenRun(this.#page);
      if (run) send({ type: "compare", id: run.id, beside });
    });
    this.#stop = act(t("Stop"), t("Stop after the iteration at hand"), true, (id) => ({ type: "stop", id }));
    this.#pause = act(
      t("Pause"),
      t("Let the run stand still after the next shown iteration; runs behind it wait"),
      false,
      (id) => ({ type: "pause", id }),
    );
    this.#resume = act(t("Resume"), t("Let the run go on where it stands"), true, (id) => ({ type: "resume", id }));
    this.#again = act(t("Run Again"), t("Repeat this run exactly"), false, (id) => ({ type: "runAgain", id }));
    this.#recover = act(
      t("Recover Exactly"),
      t("Recover what the same hidden states determine, each token proved, and show it beside this run"),
      false,
      (id) => ({ type: "recoverExactly", id }),
    );
    this.#source = act(
      t("Original Setup"),
      t(
        "The same text, network and seeds, with the method exactly as the source has it: every token at position 0, " +
          "logits of the head without the final LayerNorm, L1, plain gradient descent at 0.001 from N(1/2, 1/20), 2000 iterations",
      ),
      false,
      (id) => ({ type: "runAgain", id, preset: "source" }),
    );
    this.#duplicate = act(
      t("Duplicate…"),
      t("Open the form with this run’s experiment, to be changed and run"),
      false,
      (id) => ({ type: "duplicate", id }),
    );
    this.#export = act(
      t("Export…"),
      t("Write this run as CSV, JSON, Markdown, LaTeX, SVG, PNG or HTML"),
      false,
      (id) => ({ type: "export", id, comparison: false }),
    );
    this.#log = button(t("Show Log"), t("Engine log"), false, () => send({ type: "showLog" }));
    this.element = element(
      "header",
      {},
      element(
        "div",
        { class: "top" },
        this.#state,
        element(
          "div",
          { class: "actions" },
          this.#resume,
          this.#pause,
          this.#stop,
          this.#again,
          this.#recover,
          this.#suggested,
          this.#duplicate,
          this.#export,
          this.#source,
          this.#log,
        ),
      ),
      this.#progress,
      this.#trouble,
      element("div", { class: "run-lists" }, this.#runs.element, this.#compare.button),
      this.#compare.element,
      this.#prompt,
      this.#condition,
    );
  }

  update(page: PageModel, now: number): void {
    const { runs, run } = page;
    const chosen = chosenRun(page);
    this.#page = page;
    this.element.hidden = !run;
    if (!run || !chosen) return;
    const { info, start } = run;
    this.element.dataset["run"] = info.id;
    this.#runs.update(
      runs.toReversed().map((other) => ({ value: other.id, label: runLabel(other) })),
      chosen.id,
    );
    this.#compare.update(runs, chosen);
    this.updateState(now);
    this.#updatePrompt(run);
    this.#updateCondition(conditionOf(info.spec, start));
    const trouble = troubleOf(info);
    setText(this.#trouble, trouble);
    this.#trouble.hidden = trouble === "";
    this.#updateActions(chosen);
  }

  /** To where the form was opened from. */
  focus(): void {
    this.#duplicate.focus();
  }

  /** The part that changes with time alone. */
  updateState(now: number): void {
    if (!this.#page?.run) return;
    const { tone, title, text, share } = stateOf(this.#page.run, now);
    this.#state.dataset.tone = tone;
    this.#ring.hidden = tone !== "busy";
    setText(this.#sign, SIGNS[tone]);
    setText(this.#title, title);
    setText(this.#text, text);
    setText(this.#when, whenOf(this.#page.run));
    this.#progress.classList.toggle("idle", share === undefined);
    const percent = Math.round(100 * (share ?? 0));
    this.#progress.setAttribute("aria-valuenow", String(percent));
    this.#bar.style.inlineSize = `${percent}%`;
  }

  #updatePrompt({ info, start }: RunModel): void {
    const source = start ?? info;
    if (this.#prompted === (start ?? info.id)) return;
    this.#prompted = start ?? info.id;
    this.#prompt.replaceChildren(
      ...("target" in source && source.target.known !== false
        ? source.target.tokenIds.map((id, position) => plainChip(id, source.target.tokens[position]))
        : [element("span", { class: "raw" }, subjectOf(info.spec))]),
    );
    // One that is too long scrolls, and what scrolls is for the keyboard too.
    if (this.#prompt.scrollHeight > this.#prompt.clientHeight) this.#prompt.tabIndex = 0;
    else this.#prompt.removeAttribute("tabindex");
  }

  #updateCondition(parts: readonly string[]): void {
    if (parts.length === this.#condition.childElementCount && parts.join("") === this.#condition.textContent) return;
    this.#condition.replaceChildren(...parts.map((part) => element("span", {}, part)));
  }

  #updateSuggested(info: RunInfo, over: boolean): void {
    const suggestions = over ? (methodOf(info.spec).suggestions ?? []).filter((each) => each.suits(info.spec)) : [];
    const made = [info.id, ...suggestions.map(({ name }) => name)].join();
    if (this.#suggested.dataset["made"] === made) return;
    this.#suggested.dataset["made"] = made;
    this.#suggested.replaceChildren(
      ...suggestions.map(({ name, label, meaning }) =>
        button(label(), meaning(), false, () => this.#send({ type: "suggested", id: info.id, name })),
      ),
    );
  }

  #updateActions(info: RunInfo): void {
    const stoppable = canStop(info);
    const over = isOver(info);
    const focused = document.activeElement;
    const { kind } = info.phase;
    const paused = kind === "paused" || kind === "pausing";
    this.#stop.hidden = !stoppable;
    this.#stop.setAttribute("appearance", paused ? "secondary" : "primary");
    this.#pause.hidden = kind !== "running";
    this.#resume.hidden = !paused;
    this.#again.hidden = !over;
    const missed = info.phase.kind === "completed" && recovers(info.spec) && info.best?.exact === false;
    this.#recover.hidden = !missed || proofFor(info.spec) === undefined;
    this.#source.hidden = !over || methodOf(info.spec).presets?.["source"] === undefined;
    this.#updateSuggested(info, over);
    this.#log.hidden = info.phase.kind !== "failed";
    // A button that goes takes the focus with it to the next thing to do.
    if (focused === this.#pause && paused) this.#resume.focus();
    if (focused === this.#resume && kind === "running") this.#pause.focus();
    if (focused === this.#stop || focused === this.#pause || focused === this.#resume) this.#lostFocus = !stoppable;
    if (this.#lostFocus && over) {
      this.#lostFocus = false;
      if (document.activeElement === document.body) this.#again.focus();
    }
    if ((focused === this.#again || focused === this.#recover || focused === this.#source) && stoppable)
      this.#stop.focus();
  }
}
