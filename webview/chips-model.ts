// Decoded tokens as they stand beside the prompt's.

import { recovers } from "../src/describe/run-verdict.ts";
import type { StepEvent } from "../src/experiments/events.ts";
import type { ExperimentSpec } from "../src/experiments/spec.ts";

export interface Chip {
  readonly id: number;
  readonly text: string;
  readonly matches: boolean;
  /** What stands out: what has come back, or what has gone. */
  readonly marked: "matches" | "changes";
}

/** Of a method that recovers the prompt its tokens stand out, of one that moves away those that are no longer its. */
export function chipsOf({ tokenIds, topK }: StepEvent, targetIds: readonly number[], spec: ExperimentSpec): Chip[] {
  const marked = recovers(spec) ? "matches" : "changes";
  return tokenIds.map((id, position) => ({
    marked,
    id,
    text: topK[position].find((token) => token.id === id)?.text ?? `#${id}`,
    matches: id === targetIds[position],
  }));
}
