// What the questions before a run offer, and what each answer means for the request.

import { SIZE_NAMES, type SizeName, parseConfig, sizedConfig } from "../checkpoints/config.ts";
import type { InversionRequest } from "../experiments/spec.ts";
import { blockWeights, type GPT2Config, hasHead, OUTPUTS, type Output, outerWeights } from "../networks/gpt2-config.ts";

/** One answer, as a list shows it. */
export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly value: T;
}

const SIZE_LABELS: Record<SizeName, string> = {
  "gpt2": "GPT-2",
  "gpt2-medium": "GPT-2 medium",
  "gpt2-large": "GPT-2 large",
  "gpt2-xl": "GPT-2 XL",
  "mini": "Mini",
};

/** The networks with random weights; their checkpoints are named `random:SIZE`. */
export const modelChoices = (): Choice<string>[] =>
  SIZE_NAMES.map((name) => ({
    label: SIZE_LABELS[name],
    description: "random weights",
    detail: describeNetwork(randomConfig(name)),
    value: `random:${name}`,
  }));

/** The sizes behind `random:SIZE`, or undefined for a checkpoint of another kind. */
export function knownConfig(checkpoint: string): GPT2Config | undefined {
  const name = SIZE_NAMES.find((size) => checkpoint === `random:${size}`);
  return name && randomConfig(name);
}

const randomConfig = (name: SizeName): GPT2Config => parseConfig(JSON.stringify(sizedConfig(name)), name).config;

/** "12 blocks of width 768, 124 M parameters" */
export function describeNetwork(config: GPT2Config): string {
  const size = ({ shape }: { shape: readonly number[] }): number => shape.reduce((product, n) => product * n, 1);
  const sum = (shapes: { shape: readonly number[] }[]): number => shapes.reduce((total, w) => total + size(w), 0);
  const parameters = sum(outerWeights(config)) + config.blocks * sum(blockWeights(config, 0));
  return `${config.blocks} blocks of width ${config.width}, ${Math.round(parameters / 1e6)} M parameters`;
}

/** Every depth of a network, from the input on. */
export const depthChoices = ({ blocks }: GPT2Config): Choice<number>[] =>
  Array.from({ length: blocks }, (_, index) => ({
    label: index === 0 ? "1 block" : `${index + 1} blocks`,
    ...(index + 1 === blocks && { description: "the whole network" }),
    value: index + 1,
  }));

const OUTPUT_TEXTS: Record<Output, readonly [label: string, detail: string]> = {
  block: ["After the last block", "The residual stream as the last of the chosen blocks leaves it."],
  finalNorm: ["After the final LayerNorm", "The residual stream after ln_f, as Hugging Face's last hidden state."],
  blockHead: ["Head on the last block", "Logits over the vocabulary, ln_f left out: the source's own form."],
  head: ["Head", "Logits over the vocabulary, after ln_f: what the model predicts with."],
};

export const outputChoices = ({ width, vocabulary }: GPT2Config): Choice<Output>[] =>
  OUTPUTS.map((value) => {
    const [label, detail] = OUTPUT_TEXTS[value];
    const numbers = hasHead(value) ? vocabulary : width;
    return { label, description: `${value} · ${numbers} numbers a token`, detail, value };
  });

/** How the search is set: by the person's settings, or exactly as in the source. */
export type MethodSetting = "settings" | "source";

/** `own` is what the settings ask for, `source` the preset of that name. */
export const methodChoices = (
  own: Partial<InversionRequest>,
  source: Partial<InversionRequest>,
): Choice<MethodSetting>[] => [
  { label: "Your settings", detail: describeMethod(own), value: "settings" },
  { label: "The source's exact setting", detail: describeMethod(source), value: "source" },
];

const STARTS: Record<NonNullable<InversionRequest["start"]>, string> = {
  matched: "noise with the embeddings' own spread",
  normal: "N(0, 1)",
  source: "N(1/2, 1/20)",
  custom: "noise of an own distribution",
};

function describeMethod({ optimizer, learningRate, iterations, start, positions, output }: Partial<InversionRequest>) {
  return [
    optimizer && `${optimizer === "adam" ? "Adam" : "Gradient descent"} at ${learningRate}`,
    iterations && `${iterations} iterations`,
    start && `from ${STARTS[start]}`,
    positions === "first" && "every token at position 0",
    output && `output ${output}`,
  ]
    .filter(Boolean)
    .join(", ");
}
