// What the questions before a run offer, and what each answer means for the request.

import type { InversionRequest } from "../experiments/spec.ts";
import { type GPT2Config, hasHead, OUTPUTS, type Output } from "../networks/gpt2-config.ts";

/** One answer, as a list shows it. */
export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly value: T;
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

/** How the search is set: by the person's settings, these with a rate found by trying, or exactly as in the source. */
export type MethodSetting = "settings" | "foundRate" | "source";

/** `own` is what the settings ask for, `source` the preset of that name. */
export const methodChoices = (
  own: Partial<InversionRequest>,
  source: Partial<InversionRequest>,
): Choice<MethodSetting>[] => [
  { label: "Your settings", detail: describeMethod(own), value: "settings" },
  {
    label: "The learning rate found by trying",
    detail: describeMethod({ ...own, learningRate: "auto" }),
    value: "foundRate",
  },
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
    optimizer &&
      `${optimizer === "adam" ? "Adam" : "Gradient descent"} at ${learningRate === "auto" ? "the best rate of a ladder" : learningRate}`,
    iterations && `${iterations} iterations`,
    start && `from ${STARTS[start]}`,
    positions === "first" && "every token at position 0",
    output && `output ${output}`,
  ]
    .filter(Boolean)
    .join(", ");
}
