// The flags of an experiment: one for each field of the spec but the prompt, under the field's own name.

import type {
  ClampedWalkSpec,
  CommonField,
  ExperimentSpec,
  InversionRequest,
  InversionSpec,
  MethodName,
  OrthogonalWalkSpec,
} from "./spec.ts";

/**
 * What a flag is followed by: a whole number N, a number X, a number or a word X|auto, a word, a text, or nothing.
 * Loading the spec's own schema takes longer than all the rest, so the fields stand here again; the types hold them to it.
 */
type Argument = "SOURCE" | "NAME" | "TEXT" | "N" | "X" | "X|auto" | "";
type FlagsOf<Spec> = Readonly<Record<Exclude<keyof Spec, "method" | "prompt" | keyof typeof COMMON_FLAGS>, Argument>>;

const COMMON_FLAGS = {
  checkpoint: "SOURCE",
  initSeed: "N",
  network: "NAME",
  blocks: "N",
  output: "NAME",
  positions: "NAME",
  metric: "NAME",
  reduction: "NAME",
  fromPosition: "N",
  channels: "N",
  seed: "N",
  restarts: "N",
  dtype: "NAME",
  topK: "N",
  decoder: "NAME",
  vocabulary: "TEXT",
  every: "N",
  shiftStd: "X",
  shiftUnit: "NAME",
  shiftDraws: "N",
  device: "NAME",
  weights: "NAME",
  memory: "NAME",
} as const satisfies Readonly<Record<Exclude<CommonField, "prompt">, Argument>>;

const METHOD_FLAGS = {
  inversion: {
    iterations: "N",
    learningRate: "X|auto",
    optimizer: "NAME",
    start: "NAME",
    startMean: "X",
    startStd: "X",
    targetShare: "X",
    noiseShare: "X",
  } satisfies FlagsOf<InversionSpec>,
  orthogonalWalk: {
    iterations: "N",
    learningRate: "X",
    direction: "NAME",
    vectors: "NAME",
    nullVector: "NAME",
    lanczosSteps: "N",
    checkGradients: "",
  } satisfies FlagsOf<OrthogonalWalkSpec>,
  clampedWalk: {
    iterations: "N",
    learningRate: "X",
    randEta: "X",
    innerSteps: "N",
    form: "NAME",
  } satisfies FlagsOf<ClampedWalkSpec>,
} as const satisfies Record<MethodName, unknown>;

/** Any field that has a flag. */
export type SpecField = Exclude<
  ExperimentSpec extends infer Spec ? keyof Spec | KeysOf<Spec> : never,
  "method" | "prompt"
>;
type KeysOf<Union> = Union extends unknown ? keyof Union : never;

/** The flags of a method, what each is followed by. */
export const flagsOf = (method: MethodName): Readonly<Partial<Record<SpecField, Argument>>> => ({
  ...COMMON_FLAGS,
  ...METHOD_FLAGS[method],
});

export const fieldsOf = (method: MethodName): SpecField[] => Object.keys(flagsOf(method)) as SpecField[];

/** initSeed → --init-seed */
export const flagOf = (field: string): string => `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The request that the flags make on top of a preset: explicit flags win, and a mean or a deviation means "custom". */
export function requestOf(
  method: MethodName,
  prompt: string,
  flags: Readonly<Record<string, unknown>>,
  preset: Partial<InversionRequest> = {},
): Record<string, unknown> {
  const explicit = Object.fromEntries(
    fieldsOf(method)
      .filter((field) => flags[field] !== undefined)
      .map((field) => [field, flags[field]]),
  );
  const custom = explicit.startMean !== undefined || explicit.startStd !== undefined;
  return { ...preset, ...(custom && { start: "custom" }), ...explicit, method, prompt };
}
