// What the questions before a run offer, and what each answer means for the request.

import { t } from "@vscode/l10n";
import type { InversionRequest } from "../experiments/spec.ts";
import type { NetworkConfig } from "../networks/architectures/architecture.ts";
import { hasHead, OUTPUTS, type Output } from "../networks/outputs.ts";

/** One answer, as a list shows it. */
export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly value: T;
}

/** Every depth of a network, from the input on. */
export const depthChoices = ({ blocks }: NetworkConfig): Choice<number>[] =>
  Array.from({ length: blocks }, (_, index) => ({
    label: index === 0 ? t("1 block") : t("{0} blocks", index + 1),
    ...(index + 1 === blocks && { description: t("the whole network") }),
    value: index + 1,
  }));

/** In the language that is set when it is called. */
const outputTexts = (): Record<Output, readonly [label: string, detail: string]> => ({
  block: [t("After the last block"), t("The residual stream as the last of the chosen blocks leaves it.")],
  finalNorm: [
    t("After the final LayerNorm"),
    t("The residual stream after ln_f, as Hugging Face's last hidden state."),
  ],
  blockHead: [t("Head on the last block"), t("Logits over the vocabulary, ln_f left out: the source's own form.")],
  head: [t("Head"), t("Logits over the vocabulary, after ln_f: what the model predicts with.")],
});

export const outputChoices = ({ width, vocabulary }: NetworkConfig): Choice<Output>[] =>
  OUTPUTS.map((value) => {
    const [label, detail] = outputTexts()[value];
    const numbers = hasHead(value) ? vocabulary : width;
    return { label, description: `${value} · ${t("{0} numbers a token", numbers)}`, detail, value };
  });

/** How the search is set: by the person's settings, these with a rate found by trying, or exactly as in the source. */
export type MethodSetting = "settings" | "foundRate" | "source";

/** `own` is what the settings ask for, `source` the preset of that name. */
export const methodChoices = (
  own: Partial<InversionRequest>,
  source: Partial<InversionRequest>,
): Choice<MethodSetting>[] => [
  { label: t("Your settings"), detail: describeMethod(own), value: "settings" },
  {
    label: t("The learning rate found by trying"),
    detail: describeMethod({ ...own, learningRate: "auto" }),
    value: "foundRate",
  },
  { label: t("The source's exact setting"), detail: describeMethod(source), value: "source" },
];

const startTexts = (): Record<NonNullable<InversionRequest["start"]>, string> => ({
  matched: t("noise with the embeddings' own spread"),
  normal: "N(0, 1)",
  source: "N(1/2, 1/20)",
  custom: t("noise of an own distribution"),
});

function describeMethod({ optimizer, learningRate, iterations, start, positions, output }: Partial<InversionRequest>) {
  return [
    optimizer &&
      t(
        "{0} at {1}",
        optimizer === "adam" ? "Adam" : t("Gradient descent"),
        learningRate === "auto" ? t("the best rate of a ladder") : String(learningRate),
      ),
    iterations && t("{0} iterations", iterations),
    start && t("from {0}", startTexts()[start]),
    positions === "first" && t("every token at position 0"),
    output && t("output {0}", output),
  ]
    .filter(Boolean)
    .join(", ");
}
