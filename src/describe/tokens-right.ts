// How much of the prompt has come back.

import type { RestartResult } from "../experiments/events.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";

/** How many tokens are the prompt's, each at its position. */
export const tokensRight = (tokenIds: readonly number[], targetIds: readonly number[]): number =>
  tokenIds.reduce((right, id, position) => right + Number(id === targetIds[position]), 0);

/** Is there a prompt to compare with? States may be given without one. */
export const hasPrompt = ({ prompt }: ExperimentSpec): boolean => prompt !== "";

/** How many tokens of a result are the prompt's, where the prompt's tokens are not at hand. */
export const tokensRightOf = ({ tokenIds, hamming }: Pick<RestartResult, "tokenIds" | "hamming">): number =>
  Math.round((1 - hamming.top1) * tokenIds.length);
