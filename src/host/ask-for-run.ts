// The questions of *Invert Selection…*: text, model, depth, method, output; one after the other, and back again.

import * as vscode from "vscode";
import { defaultMethod } from "../experiments/methods/table.ts";
import type { NetworkConfig } from "../networks/architectures/architecture.ts";
import type { Output } from "../networks/outputs.ts";
import type { CheckpointAnswer } from "../session/checkpoint-choices.ts";
import { type Checkpoints, isNamed } from "./checkpoints/checkpoints.ts";
import {
  type Choice,
  depthChoices,
  settingChoices,
  type SearchSetting,
  outputChoices,
} from "../session/run-choices.ts";
import { shorten } from "../describe/short-text.ts";

const title = (): string => vscode.l10n.t("Invert Selection");
export const BACK = Symbol("back");
/** An answer; undefined when the person has left. */
type Answer<T> = T | typeof BACK | undefined;

type Settings = Readonly<Record<string, unknown>>;

interface RunDraft {
  readonly prompt?: string;
  readonly checkpoint?: string;
  readonly config?: NetworkConfig;
  readonly blocks?: number;
  readonly setting?: SearchSetting;
  readonly output?: Output;
}

interface QuestionStep {
  /** Of the input; by default that of *Invert Selection…*. */
  readonly title?: string;
  readonly step: number;
  readonly totalSteps: number;
}

type Question = (draft: RunDraft, place: QuestionStep) => Promise<Answer<RunDraft>>;

/**
 * Asks for a run. `settings` is what the person's settings ask for, `prompt` the selected text; without one, the text
 * is the first question. Resolves to undefined when the person leaves. Throws a LabError (checkpoint).
 */
export async function askForRun(
  checkpoints: Checkpoints,
  settings: Settings,
  prompt: string | undefined,
  currentLine: string | undefined,
): Promise<Settings | undefined> {
  const questions: Question[] = [
    ...(prompt === undefined ? [askText(currentLine)] : []),
    askModel(checkpoints, settings["checkpoint"] as string | undefined),
    askDepth(settings["blocks"] as number | undefined),
    askSetting(settings),
    askOutput(settings["output"] as Output | undefined),
  ];
  const drafts: RunDraft[] = [{ prompt }];
  while (drafts.length <= questions.length) {
    const draft = drafts[drafts.length - 1];
    // The original setup names its own output, so the last question falls away.
    if (draft.setting === "source") break;
    const place = { step: drafts.length, totalSteps: questions.length };
    const answer = await questions[drafts.length - 1](draft, place);
    if (answer === undefined) return undefined;
    if (answer === BACK) drafts.pop();
    else drafts.push({ ...draft, ...answer });
  }
  const { prompt: text = "", checkpoint, blocks, setting, output } = drafts[drafts.length - 1];
  const chosen = { ...settings, prompt: text, checkpoint, blocks };
  if (setting === "source") return { ...chosen, ...defaultMethod().presets?.["source"] };
  return { ...chosen, output, ...(setting === "foundRate" && { learningRate: "auto" }) };
}

const askText =
  (currentLine: string | undefined): Question =>
  async (_, place) => {
    if (currentLine === undefined) return enterText(place, false);
    for (;;) {
      const answer = await pick(vscode.l10n.t("Which text?"), place, undefined, [
        { label: vscode.l10n.t("The current line"), detail: shorten(currentLine, 100), value: "line" as const },
        { label: vscode.l10n.t("Another text…"), value: "other" as const },
      ]);
      if (answer === BACK || answer === undefined) return answer;
      if (answer === "line") return { prompt: currentLine };
      const text = await enterText(place, true);
      if (text !== BACK) return text;
    }
  };

export const askModel =
  (checkpoints: Checkpoints, preselected: string | undefined): Question =>
  async (_, place) => {
    for (;;) {
      const items = await checkpoints.items();
      const choices = items.map(({ answer, ...item }) => ({ ...item, value: answer as CheckpointAnswer }));
      const named = items.find((item) => isNamed(item, preselected));
      const answer = await pick(vscode.l10n.t("Which model?"), place, named?.answer, choices);
      if (answer === BACK || answer === undefined) return answer;
      const checkpoint = await checkpoints.obtain(answer);
      if (checkpoint !== undefined) return { checkpoint, config: await checkpoints.configOf(checkpoint) };
    }
  };

const askDepth =
  (preselected: number | undefined): Question =>
  async ({ config }, place) => {
    const blocks = await pick(
      vscode.l10n.t("How many blocks, from the input on?"),
      place,
      preselected,
      depthChoices(config!),
    );
    return blocks === BACK || blocks === undefined ? blocks : { blocks };
  };

const askSetting =
  (settings: Settings): Question =>
  async (_, place) => {
    const setting = await pick(vscode.l10n.t("How is the search set?"), place, "settings", settingChoices(settings));
    return setting === BACK || setting === undefined ? setting : { setting };
  };

const askOutput =
  (preselected: Output | undefined): Question =>
  async ({ config }, place) => {
    const output = await pick(vscode.l10n.t("Which output is the target?"), place, preselected, outputChoices(config!));
    return output === BACK || output === undefined ? output : { output };
  };

export function pick<T>(
  placeholder: string,
  place: QuestionStep,
  preselected: T | undefined,
  choices: readonly Choice<T>[],
): Promise<Answer<T>> {
  const input = vscode.window.createQuickPick<Choice<T>>();
  input.placeholder = placeholder;
  input.matchOnDetail = true;
  input.items = choices;
  const active = choices.find(({ value }) => value === preselected);
  if (active) input.activeItems = [active];
  return answerOf(input, place, place.step > 1, () => input.selectedItems[0]?.value);
}

async function enterText(place: QuestionStep, canGoBack: boolean): Promise<Answer<RunDraft>> {
  const input = vscode.window.createInputBox();
  input.placeholder = "The sky is blue.";
  input.prompt = vscode.l10n.t("The text to invert");
  const text = await answerOf(input, place, canGoBack, () => {
    if (input.value.trim() !== "") return input.value;
    input.validationMessage = vscode.l10n.t("Write the text to invert.");
    return undefined;
  });
  return text === BACK || text === undefined ? text : { prompt: text };
}

/** Shows an input until it is answered or left; `read` gives undefined for an answer that will not do. */
function answerOf<T>(
  input: vscode.QuickPick<Choice<T>> | vscode.InputBox,
  place: QuestionStep,
  canGoBack: boolean,
  read: () => T | undefined,
): Promise<Answer<T>> {
  input.title = place.title ?? title();
  input.step = place.step;
  input.totalSteps = place.totalSteps;
  input.ignoreFocusOut = true;
  input.buttons = canGoBack ? [vscode.QuickInputButtons.Back] : [];
  return new Promise<Answer<T>>((resolve) => {
    input.onDidTriggerButton(() => resolve(BACK));
    input.onDidHide(() => resolve(undefined));
    input.onDidAccept(() => {
      const value = read();
      if (value !== undefined) resolve(value);
    });
    input.show();
  }).finally(() => input.dispose());
}
