// How much of the prompt has come back.

import type { RestartResult } from "../experiments/events.ts";

/** How many tokens are the prompt's, each at its position. */
export const tokensRight = (tokenIds: readonly number[], targetIds: readonly number[]): number =>
  tokenIds.reduce((right, id, position) => right + Number(id === targetIds[position]), 0);

/** The same of a result by itself, where the prompt's tokens are not at hand. */
export const tokensRightOf = ({ tokenIds, hamming }: Pick<RestartResult, "tokenIds" | "hamming">): number =>
  Math.round((1 - hamming.top1) * tokenIds.length);
