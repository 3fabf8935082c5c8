// *Recover Text from States…*: a file of hidden states as a run, and the questions that the file leaves open.

import path from "node:path";
import * as vscode from "vscode";
import { readSafetensorsHeader } from "../checkpoints/safetensors.ts";
import { describeStates } from "../checkpoints/states-file.ts";
import { LabError } from "../common/errors.ts";
import { requestFromStates } from "../engine/given-states.ts";
import { METHODS } from "../experiments/methods/table.ts";
import { hasHead, type Output } from "../networks/outputs.ts";
import { depthChoices, outputChoices } from "../session/run-choices.ts";
import { checkNamedByFile } from "../session/trust.ts";
import { askModel, BACK, pick } from "./ask-for-run.ts";
import type { Checkpoints } from "./checkpoints/checkpoints.ts";

type Request = Readonly<Record<string, unknown>>;

/** Tensors that are listed. */
const MOST_TENSORS = 1000;

/**
 * The request of a run that recovers the text of a file's states; undefined when the person leaves. `settings` is what the
 * person's settings say. Throws a LabError: badInput for a file that will not do, checkpoint.
 */
export async function requestOfStatesFile(
  uri: vscode.Uri | undefined,
  checkpoints: Checkpoints,
  settings: Request,
): Promise<Request | undefined> {
  const file = uri ?? (await askFile());
  if (!file) return undefined;
  if (file.scheme !== "file") throw new LabError("badInput", `${path.basename(file.path)} is not on a disk.`);
  const name = path.basename(file.fsPath);
  const title = vscode.l10n.t("Recover Text from {0}", name);
  const ask = { title, step: 1, totalSteps: 1 };

  const tensor = await askTensor(file.fsPath, ask);
  if (tensor === BACK) return undefined;
  const chosen = tensor === undefined ? {} : { tensor };
  const { width, origin } = await describeStates(file.fsPath, chosen);

  let { checkpoint, blocks, output } = origin;
  if (checkpoint === undefined) {
    const model = await askModel(checkpoints, settings["checkpoint"] as string | undefined)({}, ask);
    if (model === BACK || model === undefined) return undefined;
    ({ checkpoint } = model);
  } else {
    checkNamedByFile([{ checkpoint }], name);
    if (!(await checkpoints.mayDownload(name, [checkpoint]))) return undefined;
  }
  const config = await checkpoints.configOf(checkpoint!);
  if (blocks === undefined) {
    const question = vscode.l10n.t("After how many blocks were the states taken?");
    const depth = await pick(question, ask, settings["blocks"] as number | undefined, depthChoices(config));
    if (depth === BACK || depth === undefined) return undefined;
    blocks = depth;
  }
  if (output === undefined) {
    // Where the widths tell states from logits, only those are asked for that they may be.
    const fitting = outputChoices(config).filter(
      ({ value }) => width === (hasHead(value) ? config.vocabulary : config.width),
    );
    if (fitting.length === 0) {
      throw new LabError(
        "badInput",
        `${name} has ${width} numbers a position: the states of ${checkpoint} have ${config.width}, its logits ${config.vocabulary}.`,
      );
    }
    const before = settings["output"] as Output | undefined;
    const place = await pick(vscode.l10n.t("Where were they taken?"), ask, before, fitting);
    if (place === BACK || place === undefined) return undefined;
    output = place;
  }
  const method = METHODS.find(({ schema }) => "states" in schema)!.name;
  const { device, memory } = settings;
  const asked = { method, device, memory, states: file.fsPath, checkpoint, blocks, output, ...chosen };
  const { loadTokenizer } = await import("../text/tokenizer.ts");
  return (await requestFromStates(asked, loadTokenizer, (field) => field)).request;
}

async function askFile(): Promise<vscode.Uri | undefined> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t("Hidden states of a text"),
      openLabel: vscode.l10n.t("Recover"),
      filters: { [vscode.l10n.t("Hidden states")]: ["safetensors", "npy"] },
    })) ?? [];
  return file;
}

/** Which tensor of several; undefined where there is no choice. */
async function askTensor(file: string, place: Parameters<typeof pick>[1]): Promise<string | typeof BACK | undefined> {
  if (!file.endsWith(".safetensors")) return undefined;
  const { tensors } = await readSafetensorsHeader(file);
  if (tensors.size < 2) return undefined;
  const choices = [...tensors].slice(0, MOST_TENSORS).map(([name, { type, shape }]) => ({
    label: name,
    description: `${type} [${shape.join(", ")}]`,
    value: name,
  }));
  // Leaving is going back: undefined is an answer here.
  return (await pick(vscode.l10n.t("Which tensor holds the states?"), place, undefined, choices)) ?? BACK;
}
