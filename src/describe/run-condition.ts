// Under what condition a run is: in the terminal's three lines, in a row among others, and part by part.

import { t } from "@vscode/l10n";
import type { Quantisation, StartEvent } from "../experiments/events.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { counted, plural } from "./counts.ts";
import { figure } from "./figures.ts";
import { DOING, methodName, methodParts, methodSetting } from "./method-words.ts";

/** A folder by its own name; `owner/name` of the hub, and all else, as it is. */
export const modelName = (checkpoint: string): string =>
  isRandom(checkpoint) || /^[\w-][\w.-]*\/[^/\\]+$/.test(checkpoint)
    ? checkpoint
    : (checkpoint.split(/[\\/]/).filter(Boolean).at(-1) ?? checkpoint);

const isRandom = (checkpoint: string): boolean => checkpoint.startsWith("random:");

/** Are weights of the network drawn by the init seed? */
export const hasInitSeed = ({ checkpoint, network }: Pick<ExperimentSpec, "checkpoint" | "network">): boolean =>
  isRandom(checkpoint) || network !== "gpt2";

/** Weights that are narrower than the checkpoint's own. */
export const narrowWeights = (format: Exclude<ExperimentSpec["weights"], "stored">): string =>
  format === "int8" ? t("8-bit weights") : t("16-bit weights");

/** "N(0, 0.05)", or "N(0, 0.5 σₑ)" in units of the embeddings' own deviation. */
export const shiftName = ({ shiftStd, shiftUnit }: ExperimentSpec): string =>
  `N(0, ${shiftStd}${shiftUnit === "embedding" ? " σₑ" : ""})`;

export const metricName = (metric: ExperimentSpec["metric"]): string =>
  metric === "cosine" ? t("cosine") : metric.toUpperCase();

/** The terminal's lines: what is done to which text, through what, and how. */
export function header(spec: ExperimentSpec): string[] {
  const { prompt, seed, restarts } = spec;
  const [first, ...rest] = methodSetting(spec);
  const search = [first, `metric ${measured(spec)}`, ...rest, `seed ${seed}`];
  if (restarts > 1) search.push(counted(restarts, "restart"));
  return [`${DOING[spec.method]} ${JSON.stringify(prompt)}`, through(spec), search.join(" · ")];
}

/** The network, and where its output is taken. */
function through({ checkpoint, initSeed, network, blocks, output, weights: format }: ExperimentSpec): string {
  const weights = isRandom(checkpoint) ? `${checkpoint} (seed ${initSeed})` : checkpoint;
  if (network !== "gpt2") return `${network} net (seed ${initSeed}) over the embeddings of ${checkpoint}`;
  return [
    weights,
    ...(format === "stored" ? [] : [narrowWeights(format)]),
    counted(blocks, "block"),
    `output ${output}`,
  ].join(" · ");
}

/** The metric, and what of the output it sees. */
function measured({ metric, reduction, fromPosition, channels }: ExperimentSpec): string {
  return [
    metric,
    ...(reduction === "mean" ? ["mean"] : []),
    ...(fromPosition !== 0 ? [`from position ${fromPosition}`] : []),
    ...(channels !== undefined ? [`of ${counted(channels, "channel")}`] : []),
  ].join(" ");
}

/** "1 block · random:gpt2 · Adam": what tells a run from its neighbours. */
export function shortCondition(spec: ExperimentSpec): string {
  const { checkpoint, network, blocks, output } = spec;
  const depth = plural(blocks, "block");
  const place = network === "gpt2" ? (output === "block" ? depth : `${depth}, ${output}`) : network;
  return [place, modelName(checkpoint), methodName(spec)].join(" · ");
}

/** The whole condition, a part each, most telling first. */
export function conditionOf(
  spec: ExperimentSpec,
  { device, quantisation }: Partial<Pick<StartEvent, "device" | "quantisation">> = {},
): string[] {
  const { metric, reduction, fromPosition, channels } = spec;
  const model = modelName(spec.checkpoint);
  return [
    hasInitSeed(spec) ? t("{0}, init seed {1}", model, spec.initSeed) : model,
    ...(spec.network === "gpt2"
      ? [plural(spec.blocks, "block"), t("output {0}", spec.output)]
      : [t("fully connected net, {0}", networkName(spec.network))]),
    ...(spec.weights === "stored" ? [] : [narrowedBy(spec.weights, quantisation)]),
    ...methodParts(spec),
    reduction === "mean" ? t("mean {0}", metricName(metric)) : metricName(metric),
    ...(fromPosition === 0 ? [] : [t("output from position {0}", fromPosition)]),
    ...(channels === undefined ? [] : [t("first {0}", plural(channels, "channel"))]),
    ...(spec.positions === "first" ? [t("all tokens at position 0")] : []),
    ...(spec.decoder === "pseudoinverse" ? [] : [t("decoder {0}", spec.decoder)]),
    ...(spec.vocabulary === undefined ? [] : [t("restricted vocabulary")]),
    t("seed {0}", spec.seed),
    ...(spec.restarts > 1 ? [plural(spec.restarts, "restart")] : []),
    ...(spec.dtype === "float64" ? ["float64"] : []),
    device ?? spec.device,
  ];
}

function narrowedBy(
  format: Exclude<ExperimentSpec["weights"], "stored">,
  quantisation: Quantisation | undefined,
): string {
  const error = quantisation?.outputError;
  const name = narrowWeights(format);
  return typeof error === "number" ? t("{0}, output {1} % off", name, figure(100 * error, 2)) : name;
}

function networkName(network: Exclude<ExperimentSpec["network"], "gpt2">): string {
  switch (network) {
    case "invertible":
      return t("invertible");
    case "notInvertible":
      return t("not invertible");
    case "perToken":
      return t("per token");
  }
}
