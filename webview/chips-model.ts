// Decoded tokens as they stand beside the prompt's.

import type { StepEvent } from "../src/experiments/events.ts";

export interface Chip {
  readonly id: number;
  readonly text: string;
  readonly matches: boolean;
  /** What stands out: what has come back, or what has gone. */
  readonly marked: "matches" | "changes";
}

/** Of an inversion the tokens that are the prompt's stand out, of a walk those that are no longer. */
export function chipsOf({ tokenIds, topK, walked }: StepEvent, targetIds: readonly number[]): Chip[] {
  return tokenIds.map((id, position) => ({
    marked: walked ? "changes" : "matches",
    id,
    text: topK[position].find((token) => token.id === id)?.text ?? `#${id}`,
    matches: id === targetIds[position],
  }));
}
