// Under what condition a run is: part by part, in lines, and in a row among others.

import { t } from "@vscode/l10n";
import type { Quantisation, StartEvent } from "../experiments/events.ts";
import { methodOf } from "../experiments/methods/table.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { plural } from "../common/counts.ts";
import { lastPart } from "../common/last-part.ts";
import { figure } from "../common/number-format.ts";

/** A folder by its own name; `owner/name` of the hub, and all else, as it is. */
export const modelName = (checkpoint: string): string =>
  isRandom(checkpoint) || /^[\w-][\w.-]*\/[^/\\]+$/.test(checkpoint) ? checkpoint : lastPart(checkpoint);

const isRandom = (checkpoint: string): boolean => checkpoint.startsWith("random:");

/** Are weights of the network drawn by the init seed? */
export const hasInitSeed = ({ checkpoint, network }: Pick<ExperimentSpec, "checkpoint" | "network">): boolean =>
  isRandom(checkpoint) || network !== "gpt2";

/** Weights of fewer bits than the checkpoint's own. */
export const reducedPrecisionName = (format: Exclude<ExperimentSpec["weights"], "stored">): string =>
  format === "int8" ? t("8-bit weights") : t("16-bit weights");

/** "N(0, 0.05)", or "N(0, 0.5 σₑ)" in units of the embeddings' own deviation. */
export const shiftName = ({ shiftStd, shiftUnit }: ExperimentSpec): string =>
  `N(0, ${shiftStd}${shiftUnit === "embedding" ? " σₑ" : ""})`;

export const metricName = (metric: ExperimentSpec["metric"]): string =>
  metric === "cosine" ? t("cosine") : metric.toUpperCase();

/** "1 block · random:gpt2 · Adam": what tells a run from its neighbours. */
export function shortCondition(spec: ExperimentSpec): string {
  const { checkpoint, network, blocks, output } = spec;
  const depth = plural(blocks, "block");
  const place = network === "gpt2" ? (output === "block" ? depth : `${depth}, ${output}`) : network;
  return [place, modelName(checkpoint), methodOf(spec).describe.short(spec)].join(" · ");
}

/** The network, and where its output is taken, a part each. */
export function networkParts(
  spec: ExperimentSpec,
  { quantisation, checkpoint }: Partial<Pick<StartEvent, "quantisation" | "checkpoint">> = {},
): string[] {
  const model = modelName(spec.checkpoint);
  return [
    hasInitSeed(spec) ? t("{0}, init seed {1}", model, spec.initSeed) : model,
    ...(spec.network === "gpt2"
      ? [plural(spec.blocks, "block"), t("output {0}", spec.output)]
      : [t("fully connected net, {0}", networkName(spec.network))]),
    ...(checkpoint?.ownHead ? [t("a head that is not the embedding")] : []),
    ...(spec.weights === "stored" ? [] : [reducedPrecisionPart(spec.weights, quantisation)]),
  ];
}

/** How the method is set, and nothing that leaves it as it is. */
export function methodParts(spec: ExperimentSpec): string[] {
  const { metric, reduction, fromPosition, channels } = spec;
  return [
    ...methodOf(spec).describe.parts(spec),
    reduction === "mean" ? t("mean {0}", metricName(metric)) : metricName(metric),
    ...(fromPosition === 0 ? [] : [t("output from position {0}", fromPosition)]),
    ...(channels === undefined ? [] : [t("first {0}", plural(channels, "channel"))]),
    ...(spec.positions === "first" ? [t("all tokens at position 0")] : []),
    ...(spec.decoder === "pseudoinverse" ? [] : [t("decoder {0}", spec.decoder)]),
    ...(spec.vocabulary === undefined ? [] : [t("restricted vocabulary")]),
    t("seed {0}", spec.seed),
    ...(spec.restarts > 1 ? [plural(spec.restarts, "restart")] : []),
    ...(spec.dtype === "float64" ? ["float64"] : []),
  ];
}

/** The whole condition, a part each, most telling first. */
export const conditionOf = (
  spec: ExperimentSpec,
  start: Partial<Pick<StartEvent, "device" | "quantisation" | "checkpoint">> = {},
): string[] => [...networkParts(spec, start), ...methodParts(spec), start.device ?? spec.device];

/** In lines: what is done to which text, through what, and how. */
export const conditionLines = (spec: ExperimentSpec): readonly [doing: string, network: string, method: string] => [
  methodOf(spec).describe.doing(spec.prompt),
  networkParts(spec).join(" · "),
  methodParts(spec).join(" · "),
];

function reducedPrecisionPart(
  format: Exclude<ExperimentSpec["weights"], "stored">,
  quantisation: Quantisation | undefined,
): string {
  const error = quantisation?.outputError;
  const name = reducedPrecisionName(format);
  return typeof error === "number" ? t("{0}, output {1} % off", name, figure(100 * error, 2)) : name;
}

function networkName(network: Exclude<ExperimentSpec["network"], "gpt2">): string {
  switch (network) {
    case "invertible":
      return t("invertible");
    case "notInvertible":
      return t("non-invertible");
    case "perToken":
      return t("per token");
  }
}
