// One quiet item in the status bar while a run or a sweep goes on: how far it is, and a way to it.

import { subjectOf } from "../describe/spec-subject.ts";
import * as vscode from "vscode";
import { methodOf } from "../experiments/methods/table.ts";
import type { RunEvent } from "../experiments/events.ts";
import type { Reached } from "../describe/run-progress.ts";
import type { RunInfo } from "../session/panel-messages.ts";
import { shorten } from "../describe/short-text.ts";
import { statusPhrase } from "../session/phrases.ts";
import type { SweepInfo } from "../session/sweeps-messages.ts";
import { SWEEPS_VIEW } from "./sweeps/sweeps-view.ts";

/** Nobody reads an iteration's number more often. */
const PERIOD_MS = 100;

export class RunStatus implements vscode.Disposable {
  readonly #item: vscode.StatusBarItem;
  #runId: string | undefined;
  #phase: RunInfo["phase"]["kind"] | undefined;
  #reached: Reached = { iteration: 0 };
  #written = 0;

  constructor() {
    this.#item = vscode.window.createStatusBarItem("inversionLab.status", vscode.StatusBarAlignment.Left, -1);
    this.#item.name = "Inversion Lab";
  }

  showSweep({ id, name, finished, runs }: SweepInfo): void {
    this.#runId = id;
    this.#item.tooltip = vscode.l10n.t("Sweep {0}", name);
    this.#item.command = `${SWEEPS_VIEW}.focus`;
    const phrase = vscode.l10n.t("Sweep {0}/{1}", finished, runs);
    this.#item.text = `$(beaker) ${phrase}`;
    this.#item.accessibilityInformation = { label: `Inversion Lab: ${phrase}` };
    this.#item.show();
  }

  /** Shows the run that is going on, with the events that just came; hides when there is none. */
  update(current: RunInfo | undefined, waiting: number, events: readonly RunEvent[]): void {
    if (!current) return this.#item.hide();
    const { id, phase } = current;
    const last = events.at(-1);
    const isSame = id === this.#runId && phase.kind === this.#phase;
    if (id !== this.#runId) this.#reached = { iteration: 0 };
    if (last?.type === "step") this.#reached = last;
    const now = performance.now();
    if (isSame && last?.type === "step" && now - this.#written < PERIOD_MS) return;
    this.#written = now;
    if (!isSame) this.#item.tooltip = tooltip(current);
    this.#runId = id;
    this.#phase = phase.kind;
    this.#item.command = "inversionLab.showPanel";
    const phrase = statusPhrase(current, this.#reached);
    this.#item.text = `$(${phase.kind === "paused" ? "debug-pause" : "beaker"}) ${phrase}${waiting > 0 ? ` (${vscode.l10n.t("{0} queued", waiting)})` : ""}`;
    this.#item.accessibilityInformation = { label: `Inversion Lab: ${phrase}` };
    this.#item.show();
  }

  dispose(): void {
    this.#item.dispose();
  }
}

const LINKED = ["showPanel", "stop", "pause", "resume"];

function tooltip({ spec, phase }: RunInfo): vscode.MarkdownString {
  const text = new vscode.MarkdownString("", true);
  text.isTrusted = { enabledCommands: LINKED.map((name) => `inversionLab.${name}`) };
  const prompt = shorten(subjectOf(spec), 60);
  text.appendText(methodOf(spec).describe.doing(prompt));
  const links = [
    `[$(window) ${vscode.l10n.t("Show Run")}](command:inversionLab.showPanel)`,
    ...(phase.kind === "running" ? [`[$(debug-pause) ${vscode.l10n.t("Pause")}](command:inversionLab.pause)`] : []),
    ...(phase.kind === "paused" ? [`[$(debug-continue) ${vscode.l10n.t("Resume")}](command:inversionLab.resume)`] : []),
    `[$(debug-stop) ${vscode.l10n.t("Stop")}](command:inversionLab.stop)`,
  ];
  text.appendMarkdown(`\n\n${links.join(" · ")}`);
  return text;
}
