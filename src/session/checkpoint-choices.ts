// What *Choose Checkpoint…* and *Manage Checkpoints* list: what comes with the extension, what is on this machine, what
// can be made here and what can be had from the hub, each with its size, its state and what it needs.

import path from "node:path";
import { t } from "@vscode/l10n";
import { plural } from "../common/counts.ts";
import { isSizeName, parseConfig, SIZE_NAMES, sizedConfig } from "../checkpoints/config.ts";
import { parseHubId, shortHubSource } from "../checkpoints/hub/hub-id.ts";
import type { KnownCheckpoint } from "../checkpoints/open.ts";
import { formatBytes } from "../common/bytes.ts";
import type { KnownFits } from "../engine/state-fits.ts";
import type { NetworkConfig } from "../networks/architectures/architecture.ts";
import { parameterCount, weightsOf } from "../networks/architectures/architectures.ts";

export type CheckpointAnswer =
  | { readonly kind: "use"; readonly source: string }
  | { readonly kind: "download"; readonly source: string }
  | { readonly kind: "askHubId" }
  | { readonly kind: "askFolder" };

interface CheckpointChoice {
  readonly group: string;
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly answer: CheckpointAnswer;
}

interface CheckpointSituation {
  readonly known: readonly KnownCheckpoint[];
  /** The sizes of the checkpoint that comes with the extension, if it does. */
  readonly mini?: NetworkConfig;
  readonly current?: string;
}

/** The hub's own GPT-2s: the size that each has the form of, its blocks, and the bytes of its model.safetensors. */
const ON_THE_HUB = [
  ["openai-community/gpt2", "gpt2", 12, 548_105_171],
  ["openai-community/gpt2-medium", "gpt2-medium", 24, 1_519_984_962],
  ["openai-community/gpt2-large", "gpt2-large", 36, 3_247_159_078],
  ["openai-community/gpt2-xl", "gpt2-xl", 48, 6_431_829_964],
  ["distilbert/distilgpt2", "gpt2", 6, 352_824_413],
] as const;

/** The sizes behind a name that needs no look at the disk. */
export function knownConfig(source: string): NetworkConfig | undefined {
  const size = source.startsWith("random:") ? source.slice("random:".length) : "";
  if (isSizeName(size)) return configOfSize(size);
  const listed = ON_THE_HUB.find(([id]) => id === source);
  return listed && { ...configOfSize(listed[1]), blocks: listed[2] };
}

const configOfSize = (name: string): NetworkConfig => parseConfig(JSON.stringify(sizedConfig(name)), name).config;

/** "12 blocks of width 768, 124 M parameters" */
export function describeNetwork(config: NetworkConfig): string {
  return t(
    "{0} blocks of width {1}, {2} M parameters",
    config.blocks,
    config.width,
    Math.round(parametersOf(config) / 1e6),
  );
}

const parametersOf = (config: NetworkConfig): number => parameterCount(weightsOf(config));

/** All answers, group by group; the one of the settings says so. */
export function checkpointChoices({ known, mini, current }: CheckpointSituation): CheckpointChoice[] {
  const hub = known.filter((checkpoint) => checkpoint.kind === "hub");
  const here = hub.filter(({ complete }) => complete);
  const unfinished = hub.filter(({ complete, bytes, source }) => !complete && bytes > 0 && parseHubId(source));
  const listed = ON_THE_HUB.filter(([id]) => !hub.some(({ source }) => source === id));
  const choices: CheckpointChoice[] = [
    // Its weights are in float16.
    ...(mini
      ? [use(t("Comes with the extension"), "mini", t("trained"), describeNetwork(mini), 2 * parametersOf(mini))]
      : []),
    ...here.map(({ source, revision, bytes, allBlocks }) => {
      const config = knownConfig(source);
      const network = config ? describeNetwork(config) : plural(allBlocks, "block");
      const name = parseHubId(source) ? shortHubSource(source) : `${path.basename(path.dirname(path.dirname(source)))}`;
      return {
        ...use(t("In your Hugging Face cache"), source, `${t("trained")} · ${commit(revision)}`, network, bytes),
        label: name,
      };
    }),
    ...SIZE_NAMES.map((name) => {
      const source = `random:${name}`;
      const config = configOfSize(name);
      return use(t("Random weights, from a seed"), source, stateOf(source, known, config), describeNetwork(config));
    }),
    ...unfinished.map(({ source, bytes, allBlocks }) =>
      download(
        source,
        `${t("download not finished")} · ${t("{0} are here", formatBytes(bytes))}`,
        plural(allBlocks, "block"),
      ),
    ),
    ...listed.map(([id, , , bytes]) =>
      download(id, t("download {0}", formatBytes(bytes)), describeNetwork(knownConfig(id)!)),
    ),
    {
      group: onHub(),
      label: t("Another model of the hub…"),
      description: "",
      detail: t("Any GPT-2 with weights in safetensors, by its name: owner/name or owner/name@revision"),
      answer: { kind: "askHubId" },
    },
    {
      group: t("Elsewhere"),
      label: t("A folder…"),
      description: "",
      detail: t("config.json and safetensors, in the Hugging Face layout"),
      answer: { kind: "askFolder" },
    },
  ];
  const named = choices.findIndex(({ answer }) => "source" in answer && answer.source === current);
  if (named >= 0) {
    const { description } = choices[named];
    choices[named] = { ...choices[named], description: `${description} · ${t("chosen")}` };
  } else if (current !== undefined) {
    choices.unshift({ ...use(t("From your settings"), current, t("chosen"), current), label: path.basename(current) });
  }
  return choices;
}

const onHub = (): string => t("On the Hugging Face hub");

const commit = (revision: string): string => t("commit {0}", revision.slice(0, 8));

const use = (group: string, source: string, state: string, network: string, bytes?: number): CheckpointChoice => ({
  group,
  label: source,
  description: state,
  detail: bytes === undefined ? network : `${network} · ${t("{0} on disk", formatBytes(bytes))}`,
  answer: { kind: "use", source },
});

const download = (source: string, state: string, network: string): CheckpointChoice => ({
  group: onHub(),
  label: shortHubSource(source),
  description: state,
  detail: `${t("trained")} · ${network}`,
  answer: { kind: "download", source },
});

function stateOf(source: string, known: readonly KnownCheckpoint[], config: NetworkConfig): string {
  const made = known.filter((checkpoint) => checkpoint.kind === "random" && checkpoint.source === source);
  const all = t("up to {0} on disk", formatBytes(4 * parametersOf(config)));
  if (made.length === 0) return `${t("made when needed")} · ${all}`;
  return `${t("{0} here", formatBytes(made.reduce((sum, { bytes }) => sum + bytes, 0)))} · ${all}`;
}

export interface ManagedCheckpoint {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly stored: Stored;
}

/** Weights, or what exact recovery has fitted to them. */
export type Stored = KnownCheckpoint | KnownFits;

export const managedCheckpoints = (known: readonly Stored[]): ManagedCheckpoint[] =>
  [...known]
    .sort((a, b) => b.bytes - a.bytes)
    .map((stored) => ({
      label: shortHubSource(stored.source),
      description: [formatBytes(stored.bytes), ...whatIsStored(stored)].join(" · "),
      detail: stored.folder,
      stored,
    }));

function whatIsStored(stored: Stored): string[] {
  switch (stored.kind) {
    case "fits":
      return [t("{0} for exact recovery", plural(stored.files.length, "fit"))];
    case "random":
      return [
        t("seed {0}", stored.seed),
        ...(isWhole(stored) ? [] : [t("{0} of {1} blocks", stored.blocks.length, stored.allBlocks)]),
      ];
    case "hub":
      return [commit(stored.revision), ...(isWhole(stored) ? [] : [t("download not finished")])];
  }
}

const isWhole = ({ blocks, allBlocks }: KnownCheckpoint): boolean => blocks.length === allBlocks;

export function describeDeletion({ source, kind, bytes, folder }: Stored): { message: string; detail: string } {
  if (kind === "fits") {
    return {
      message: t("Delete the fits of exact recovery to {0}?", shortHubSource(source)),
      detail: `${t("{0} in {1}.", formatBytes(bytes), folder)} ${t("They are made again when a run needs them.")}`,
    };
  }
  return {
    message: t("Delete the weights of {0}?", shortHubSource(source)),
    detail:
      `${t("{0} in {1}.", formatBytes(bytes), folder)} ` +
      (kind === "random"
        ? t("They are made again, the same, when a run needs them.")
        : t("This is the Hugging Face cache: other programs will not find them there any more either.")),
  };
}
