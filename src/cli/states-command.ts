// `inversion-lab states`: the hidden states of a text as a file, for other programs and for `exact --states`.

import { existsSync } from "node:fs";
import path from "node:path";
import { writeSafetensors } from "../checkpoints/safetensors.ts";
import { STATES_TENSOR } from "../checkpoints/states-file.ts";
import { LabError } from "../common/errors.ts";
import { jsonLine } from "../common/json-lines.ts";
import { visible } from "../common/visible.ts";
import { defaultMethod } from "../experiments/methods/table.ts";
import type { textStates } from "../engine/text-states.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { flagOf, requestOf } from "../experiments/spec-flags.ts";
import { print, tell, type CliContext } from "./io.ts";
import { openProgressLine } from "./progress-line.ts";
import { promptOf } from "./run-command.ts";

/** The part of a spec that decides what the states are, but for the number of blocks. */
export const STATES_FIELDS = ["checkpoint", "initSeed", "output", "dtype", "weights"] as const;

export interface StatesFlags extends Readonly<Record<string, unknown>> {
  /** As typed: "4", "1,2,4" or "all". */
  readonly blocks: string;
  readonly out: string;
  readonly json?: boolean;
  readonly cache?: string;
}

/** Writes the file `out`, whole or not at all. Throws LabErrors. */
export async function states(text: string, flags: StatesFlags, context: CliContext): Promise<void> {
  const file = path.resolve(flags.out);
  if (existsSync(file)) throw new LabError("badInput", `${file} is there already: name another file, or remove it.`);
  const depths = depthsOf(flags.blocks);
  const { parseSpec } = await import("../experiments/spec.ts");
  const prompt = await promptOf(text, context);
  const deepest = depths === "all" ? 1 : Math.max(...depths);
  const spec = parseSpec(requestOf(defaultMethod().name, prompt, { ...flags, blocks: deepest }), flagOf);
  const progress = flags.json ? undefined : await openProgressLine(context);
  try {
    const { workerPath, modelsFolder, hub, signal } = context;
    const cacheFolder = flags.cache ?? context.cacheFolder;
    const warn = (sentence: string) => tell(context, sentence);
    const options = { cacheFolder, workerPath, modelsFolder, hub, signal, warn, onProgress: progress?.show };
    const { tensors, metadata, tokenIds } = await writeStates(spec, depths, file, options);
    progress?.close();
    await print(
      context,
      flags.json
        ? jsonLine({ type: "states", file, tensors, ...metadata, token_ids: tokenIds })
        : tensors.map(({ name, shape }) => visible(`${file}: ${name} [${shape.join(", ")}]`) + "\n").join(""),
    );
  } finally {
    progress?.close();
  }
}

/** Writes the states of a spec's prompt as a new file, whole or not at all. Throws LabErrors. */
export async function writeStates(
  spec: ExperimentSpec,
  depths: readonly number[] | "all",
  file: string,
  options: Parameters<typeof textStates>[2],
) {
  if (existsSync(file)) throw new LabError("badInput", `${file} is there already: name another file, or remove it.`);
  const { textStates } = await import("../engine/text-states.ts");
  const { checkpoint, tokenIds, layers } = await textStates(spec, depths, options);
  const type = spec.dtype === "float32" ? ("F32" as const) : ("F64" as const);
  const tensors = layers.map(({ blocks, values }) => ({
    name: depths !== "all" && depths.length === 1 ? STATES_TENSOR : `${STATES_TENSOR}.${blocks}`,
    type,
    shape: [tokenIds.length, values.length / tokenIds.length],
    values,
  }));
  const { source, revision, fingerprint } = checkpoint;
  const metadata = {
    format: "pt",
    checkpoint: revision === undefined ? source : `${source.split("@")[0]}@${revision}`,
    fingerprint,
    blocks: layers.map(({ blocks }) => blocks).join(","),
    output: spec.output,
    token_ids: JSON.stringify(tokenIds),
  };
  await writeSafetensors(file, tensors, metadata);
  return { tensors: tensors.map(({ name, shape }) => ({ name, shape })), metadata, tokenIds };
}

/** Numbers of blocks, each once, the smallest first. Throws a LabError (badInput). */
function depthsOf(list: string): readonly number[] | "all" {
  if (list === "all") return list;
  const depths = list.split(",").map((word) => (/^\s*\d{1,4}\s*$/.test(word) ? Number(word) : 0));
  if (!depths.includes(0)) return [...new Set(depths)].sort((a, b) => a - b);
  throw new LabError(
    "badInput",
    `--blocks is ${JSON.stringify(list)}: it takes whole numbers from 1 on, as 1,2,4, or all.`,
  );
}
