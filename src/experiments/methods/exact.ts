// Exact recovery: which text has the hidden states of this layer, each token proved. See exact/search.ts for the search,
// and exact/linear-discriminant.ts for what it ranks by.

import { t } from "@vscode/l10n";
import { plural } from "../../common/counts.ts";
import { lastPart } from "../../common/last-part.ts";
import { figure } from "../../common/number-format.ts";
import type { RestartResult } from "../events.ts";
import { pathsOf } from "../fields.ts";
import { EXACT_FIELDS, type ExactSpec } from "../exact/exact-spec.ts";
import type { Method } from "./method.ts";
import { certaintyVerdict } from "./verdicts.ts";

const share = (result: RestartResult, wanted: string): number | null =>
  result.certainty
    ? result.certainty.filter((certainty) => certainty === wanted).length / result.certainty.length
    : null;

export const exact = {
  name: "exact",
  command: [["exact", "recover a text from its hidden states, each token proved"]],
  editorCommand: "recoverSelection",
  proves: true,
  goal: "recover",
  schema: EXACT_FIELDS,
  settings: [],
  complete: (values, nameOf) => {
    if (values["network"] !== "gpt2")
      return `${nameOf("network")} must be gpt2 for exact recovery: it needs causal attention.`;
    return values["everyDepth"] && values["states"] !== undefined
      ? `${nameOf("everyDepth")} and ${nameOf("states")} exclude each other: a file has the states of one depth.`
      : values;
  },
  suggestions: [
    {
      name: "everyDepth",
      label: () => t("At Every Depth"),
      meaning: () => t("Recover the same text from the states after each block, and show what each determines"),
      change: { everyDepth: true },
      suits: ({ everyDepth, states, blocks }: ExactSpec) => !everyDepth && states === undefined && blocks > 1,
    },
  ],
  describe: {
    title: () => t("Exact recovery"),
    formula: () =>
      t("h ≈ A e(v) + C h₋₁ + c + ε ranks the tokens v; each is proved by its own state behind the proved prefix"),
    doing: (prompt) => (prompt === "" ? t("Recovering a text from its states") : t("Recovering “{0}”", prompt)),
    heading: (prompt) => (prompt === "" ? t("Exact recovery") : t("Exact recovery: {0}", prompt)),
    parts: ({ states, everyDepth, fitText, noise, round, keepChannels, candidates }: ExactSpec) => [
      ...(everyDepth ? [t("at every depth")] : []),
      ...(fitText === undefined ? [] : [t("fitted on {0}", pathsOf(fitText).map(lastPart).join(", "))]),
      ...(states === undefined ? [] : [t("states of {0}", lastPart(states))]),
      ...(noise !== undefined ? [t("noise {0} on the states", figure(noise))] : []),
      ...(round === "none" ? [] : [t("states rounded to {0}", round)]),
      ...(keepChannels === undefined ? [] : [t("{0} kept", plural(keepChannels, "channel"))]),
      ...(candidates === EXACT_FIELDS.candidates.default
        ? []
        : [t("up to {0} tried at a position", plural(candidates, "token"))]),
    ],
    short: ({ everyDepth, noise, round, keepChannels }: ExactSpec) =>
      [
        t("exact recovery"),
        ...(everyDepth ? [t("every depth")] : []),
        ...(noise !== undefined ? [t("noise {0}", figure(noise))] : []),
        ...(round === "none" ? [] : [round]),
        ...(keepChannels === undefined ? [] : [plural(keepChannels, "channel")]),
      ].join(", "),
  },
  verdict: certaintyVerdict,
  series: [
    {
      name: "position",
      title: () => t("Tokens settled"),
      label: "settled",
      meaning: () => t("Tokens behind which the search goes on"),
    },
    {
      name: "tokenForwards",
      title: () => t("Token forwards"),
      label: "forwards",
      meaning: () => t("Tokens that went through the network so far"),
    },
  ],
  figures: [
    { name: "proved", label: "Tokens proved", ofTokens: true, of: (result) => share(result, "proved") },
    { name: "likely", label: "Tokens most likely", ofTokens: true, of: (result) => share(result, "likely") },
    { name: "unknown", label: "Tokens unknown", ofTokens: true, of: (result) => share(result, "unknown") },
    {
      name: "tried",
      label: "Tokens tried per position",
      of: ({ tried }) => (tried ? tried.reduce((sum, count) => sum + count, 0) / tried.length : null),
    },
    {
      name: "agreement",
      label: "Next-token agreement",
      ofTokens: true,
      of: ({ utility }) => utility?.agreement ?? null,
    },
    { name: "kl", label: "KL divergence", of: ({ utility }) => utility?.kl ?? null },
  ],
  cost: () => 3,
  async *run(spec: ExactSpec, setting, signal) {
    const { recoverExactly } = await import("../exact/recover.ts");
    yield* recoverExactly(spec, setting, signal);
  },
} satisfies Method<typeof EXACT_FIELDS>;
