// States that come from a file in place of a prompt: what the file says goes into the request, and what it holds into the run.

import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { describeStates, readStates, type StatesFile } from "../checkpoints/states-file.ts";
import { LabError } from "../common/errors.ts";
import { type ExperimentSpec, valuesOf } from "../experiments/common-fields.ts";
import type { GivenStates } from "../experiments/setting.ts";
import type { FieldName } from "../experiments/spec.ts";
import { hasHead } from "../networks/outputs.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

type Request = Readonly<Record<string, unknown>>;

/**
 * A request that names a file of states, with what the file says of itself: checkpoint, blocks, output and, where it has
 * the tokens, the prompt. Throws a LabError (badInput) where the request says otherwise or neither says it. A checkpoint
 * under another name is taken where the file has a fingerprint, which tells more than a name.
 */
export async function requestFromStates(
  request: Request,
  tokenizer: () => Promise<Tokenizer>,
  nameOf: FieldName,
): Promise<{ readonly request: Request; readonly states: StatesFile }> {
  const file = String(request["states"]);
  const states = await describeStates(file, choiceOf(request));
  const { fingerprint, tokenIds, ...origin } = states.origin;
  for (const [field, says] of Object.entries(origin)) {
    const asked = request[field];
    if (asked === undefined || asked === says || (field === "checkpoint" && fingerprint !== undefined)) continue;
    throw new LabError(
      "badInput",
      `${nameOf(field)} is ${JSON.stringify(asked)}, and ${file} says that it is ${JSON.stringify(says)}.`,
    );
  }
  for (const field of ["checkpoint", "blocks"] as const) {
    if (request[field] !== undefined || origin[field] !== undefined) continue;
    throw new LabError("badInput", `${file} does not say its ${field}: give ${nameOf(field)}.`);
  }
  const said = request["prompt"] ?? (tokenIds ? (await tokenizer()).decode(tokenIds) : "");
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  return { request: { ...origin, ...given, states: file, prompt: said }, states };
}

/** The file of states that a spec names, looked at. Throws a LabError as describeStates does. */
export async function statesOfSpec(spec: ExperimentSpec): Promise<StatesFile | undefined> {
  const file = valuesOf(spec)["states"];
  return typeof file === "string" ? describeStates(file, choiceOf(valuesOf(spec))) : undefined;
}

const choiceOf = ({ tensor, blocks }: Request) => ({
  ...(typeof tensor === "string" && { tensor }),
  ...(typeof blocks === "number" && { blocks }),
});

/**
 * The tokens that states are compared with: the file's own where the prompt is theirs, else the prompt's; undefined where
 * there is no prompt. Throws a LabError (badInput) when they are not as many as the states.
 */
export function targetOfStates(
  { file, length, origin }: StatesFile,
  { prompt }: ExperimentSpec,
  tokenizer: Tokenizer,
): readonly number[] | undefined {
  if (prompt === "") return undefined;
  const { tokenIds } = origin;
  const ids = tokenIds && tokenizer.decode(tokenIds) === prompt ? tokenIds : tokenizer.encode(prompt);
  if (ids.length === length) return ids;
  throw new LabError("badInput", `The text has ${ids.length} tokens, and ${file} has the states of ${length}.`);
}

/** Throws a LabError (badInput) when the network of the checkpoint has no such states. */
export function checkStates({ file, length, width }: StatesFile, { output }: ExperimentSpec, checkpoint: Checkpoint) {
  const { config, source } = checkpoint;
  const wanted = hasHead(output) ? config.vocabulary : config.width;
  if (width !== wanted) {
    throw new LabError(
      "badInput",
      `${file} has ${width} numbers a position, and the output ${output} of ${source} has ${wanted}.`,
    );
  }
  if (length > config.positions) {
    throw new LabError("badInput", `${file} has ${length} positions, and ${source} takes up to ${config.positions}.`);
  }
}

/** Reads the file. Throws a LabError (badInput). */
export async function givenStates(states: StatesFile, { dtype }: ExperimentSpec): Promise<GivenStates> {
  const { values, isRounded } = await readStates(states, dtype);
  return { output: values, isRounded };
}
