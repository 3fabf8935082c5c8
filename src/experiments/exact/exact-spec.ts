// What a run of exact recovery is told, beside what all methods share.

import { integer, oneOf, positive } from "../fields.ts";
import type { SpecOf } from "../methods/method.ts";
import { ROUNDINGS } from "./protection.ts";

export const EXACT_FIELDS = {
  states: {
    type: "string",
    minLength: 1,
    paths: "one",
    description:
      "File of hidden states to recover, .safetensors or .npy; by default they are computed from the prompt.",
  },
  tensor: { type: "string", minLength: 1, description: "The tensor of that file, where it has several." },
  everyDepth: {
    type: "boolean",
    default: false,
    description: "Recover the prompt from the states after each block from the first to the last of blocks.",
  },
  fitText: {
    type: "string",
    minLength: 1,
    paths: "many",
    description:
      "Text files that the fit learns from, in place of texts that the network samples; several with ; between them.",
  },
  iterations: integer(1, 1_000_000, { default: 1_000_000, description: "Rounds, at most." }),
  every: integer(1, 1_000_000, { default: 1, description: "Show each so many rounds." }),
  restarts: integer(1, 64, { default: 1, description: "Draws of the noise; without noise they are all the same." }),
  shiftDraws: integer(1, 1024, {
    default: 1,
    description: "Draws of the shift test; their median distance is the noise threshold.",
  }),
  candidates: integer(1, 1_000_000, {
    default: 1_000_000,
    description: "Tokens tried at a position, at most; by default the whole vocabulary.",
  }),
  noise: positive(1000, {
    description:
      "Gaussian noise that is added to the states, its length relative to each state's norm; by default none.",
  }),
  round: oneOf(ROUNDINGS, {
    default: "none",
    description: "Number format that the states are rounded to; int8 and int4 have one scale a state.",
  }),
  keepChannels: integer(1, 1_000_000, {
    description: "Channels of each state that are kept, those of the largest size; by default all.",
  }),
} as const;

export type ExactSpec = SpecOf<"exact", typeof EXACT_FIELDS>;
