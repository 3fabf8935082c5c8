// What the questions before a run offer, and what each answer means for the request.

import { t } from "@vscode/l10n";
import { plural } from "../common/counts.ts";
import { defaultMethod } from "../experiments/methods/table.ts";
import { parseSpec, problemsOf } from "../experiments/spec.ts";
import type { NetworkConfig } from "../networks/architectures/architecture.ts";
import { hasHead, OUTPUTS, type Output } from "../networks/outputs.ts";

export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly value: T;
}

export const depthChoices = ({ blocks }: NetworkConfig): Choice<number>[] =>
  Array.from({ length: blocks }, (_, index) => ({
    label: plural(index + 1, "block"),
    ...(index + 1 === blocks && { description: t("the whole network") }),
    value: index + 1,
  }));

const outputTexts = (): Record<Output, readonly [label: string, detail: string]> => ({
  block: [t("After the last block"), t("The residual stream as the last of the chosen blocks leaves it.")],
  finalNorm: [
    t("After the final LayerNorm"),
    t("The residual stream after the final LayerNorm, as Hugging Face's last hidden state."),
  ],
  blockHead: [
    t("Head on last block (no ln_f)"),
    t("Logits over the vocabulary, without the final LayerNorm: the source's own form."),
  ],
  head: [t("Head"), t("Logits over the vocabulary, after the final LayerNorm: what the model predicts with.")],
});

export const outputChoices = ({ width, vocabulary }: NetworkConfig): Choice<Output>[] =>
  OUTPUTS.map((value) => {
    const [label, detail] = outputTexts()[value];
    const numbers = hasHead(value) ? vocabulary : width;
    return { label, description: `${value} · ${t("{0} numbers per token", numbers)}`, detail, value };
  });

/** How the search is set: by the person's settings, these with a rate found by trying, or exactly as in the source. */
export type SearchSetting = "settings" | "foundRate" | "source";

/** Of the method that a request without one means; `own` is what the settings ask for. */
export const settingChoices = (own: Request): Choice<SearchSetting>[] => [
  { label: t("Your settings"), detail: describeSetting(own), value: "settings" },
  {
    label: t("The learning rate found by trying"),
    detail: describeSetting({ ...own, learningRate: "auto" }),
    value: "foundRate",
  },
  {
    label: t("Original Setup"),
    detail: describeSetting(defaultMethod().presets!["source"], true),
    value: "source",
  },
];

type Request = Readonly<Record<string, unknown>>;

function describeSetting(request: Request, named = false): string {
  // What is wrong with a setting is said when the run is asked for.
  if (problemsOf({ ...request, prompt: "-" }).length > 0) return "";
  const spec = parseSpec({ ...request, prompt: "-" });
  return [
    ...defaultMethod().describe.parts(spec),
    t("{0} iterations", spec.iterations),
    ...(spec.positions === "first" ? [t("every token at position 0")] : []),
    ...(named ? [t("output {0}", spec.output)] : []),
  ].join(", ");
}
