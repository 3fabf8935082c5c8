// The fields that the specs of all methods share, and the spec as all that is not a method knows it.

import { DEVICE_NAMES } from "../common/device-names.ts";
import { OUTPUTS } from "../networks/outputs.ts";
import { WEIGHT_FORMATS } from "../networks/weight-formats.ts";
import { FULLY_CONNECTED_KINDS, METRICS, REDUCTIONS } from "../networks/options.ts";
import { integer, oneOf, positive, type RequestOf, seedField, type ValuesOf } from "./fields.ts";

export const NETWORKS = ["gpt2", ...FULLY_CONNECTED_KINDS] as const;
export const POSITIONS = ["sequential", "first"] as const;
export const DECODERS = ["pseudoinverse", "nearest", "cosine"] as const;
export const DEVICES = ["auto", ...DEVICE_NAMES] as const;
export const SHIFT_UNITS = ["absolute", "embedding"] as const;
export const MEMORY_MODES = ["speed", "low"] as const;

export const COMMON_FIELDS = {
  prompt: { type: "string", description: "The text whose hidden states are the target." },
  checkpoint: {
    type: "string",
    minLength: 1,
    default: "random:gpt2",
    description:
      "Where the weights come from: random:gpt2, random:gpt2-medium, -large, -xl; mini; owner/name or " +
      "owner/name@revision on the Hugging Face hub; or a folder (one that exists wins over a hub id, ./ is always one).",
  },
  initSeed: seedField({ description: "Seed of the random weights." }),
  network: oneOf(NETWORKS, {
    default: "gpt2",
    description:
      "What is under study: blocks of GPT-2, or a fully connected net with random weights over its embeddings.",
  }),
  blocks: integer(1, 1024, { default: 1, description: "Number of transformer blocks, from the input on." }),
  output: oneOf(OUTPUTS, { default: "block", description: "Where the sub-network ends." }),
  positions: oneOf(POSITIONS, {
    default: "sequential",
    description: "Positions 0…T−1, or every token at position 0.",
  }),
  metric: oneOf(METRICS, { default: "l1", description: "Distance between outputs." }),
  reduction: oneOf(REDUCTIONS, { default: "sum", description: "Sum over the output as in the source, or its mean." }),
  fromPosition: integer(-1024, 1023, {
    default: 0,
    description: "First position of the output that counts; a negative one is counted from the end.",
  }),
  channels: integer(1, 1_000_000, { description: "Leading channels of the output that count; by default all." }),
  seed: seedField({ description: "Seed of all that is drawn at random in the run." }),
  restarts: integer(1, 64, {
    default: 1,
    description: "Independent runs of the method, carried out as one batch.",
  }),
  dtype: oneOf(["float32", "float64"], { default: "float32", description: "Number format of the computation." }),
  topK: integer(1, 100, { default: 5, description: "Tokens listed per position." }),
  decoder: oneOf(DECODERS, { default: "pseudoinverse", description: "How an embedding becomes tokens." }),
  vocabulary: {
    type: "string",
    description: "A text: only its tokens, and its words with and without a blank before them, are decoded.",
  },
  every: integer(1, 1_000_000, {
    description: "Record, decode and show every so many iterations; by default about 40 times.",
  }),
  shiftStd: positive(undefined, { default: 0.05, description: "σ of the shift test, in units of shiftUnit." }),
  shiftUnit: oneOf(SHIFT_UNITS, {
    default: "absolute",
    description:
      "What σ is measured in: as it is, as in the source, or the deviation of the checkpoint's own embeddings.",
  }),
  shiftDraws: integer(1, 1024, {
    default: 16,
    description: "Draws of the shift test; their median distance is the noise threshold.",
  }),
  device: oneOf(DEVICES, { default: "auto", description: "Where the network runs." }),
  weights: oneOf(WEIGHT_FORMATS, {
    default: "stored",
    description:
      "The checkpoint's own numbers; or its matrices in 16 bits, half of the bytes on a card or on the CPU; or in 8, a " +
      "quarter of them, on the CPU.",
  }),
  memory: oneOf(MEMORY_MODES, {
    default: "speed",
    description: "Keep packed copies of the weights, or read them in place.",
  }),
} as const;

/** A spec as all that is not its own method knows it: every field decided, those of the method beside these. */
export type ExperimentSpec = ValuesOf<Omit<typeof COMMON_FIELDS, "prompt" | "every">> & {
  readonly method: string;
  readonly prompt: string;
  /** Updates, N. */
  readonly iterations: number;
  readonly every: number;
};

/** What a person may leave out, the method's own fields beside these; without a method it is the first of the table. */
export type ExperimentRequest = RequestOf<Omit<typeof COMMON_FIELDS, "prompt">> & {
  readonly method?: string;
  readonly prompt: string;
  readonly iterations?: number;
  readonly [ownField: string]: unknown;
};

/** A spec's fields by their names, those of its method among them. */
export const valuesOf = (spec: ExperimentSpec): Readonly<Record<string, unknown>> => spec;
