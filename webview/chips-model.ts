// Decoded tokens as they stand beside the prompt's.

import { recovers } from "../src/describe/run-verdict.ts";
import type { Certainty, StepEvent } from "../src/experiments/events.ts";
import type { ExperimentSpec } from "../src/experiments/spec.ts";

export interface Chip {
  readonly id: number;
  readonly text: string;
  /** How it stands out: as come back, as gone, or by how sure it is. */
  readonly mark?: "matches" | "changes" | Certainty;
}

/** Of a method that recovers the prompt its tokens stand out, of one that moves away those that are no longer its; where each has a certainty, that is told. */
export function chipsOf(step: StepEvent, targetIds: readonly number[], spec: ExperimentSpec): Chip[] {
  const { tokenIds, topK, certainty } = step;
  const stands = recovers(spec);
  return tokenIds.map((id, position): Chip => {
    const text = topK[position].find((token) => token.id === id)?.text ?? `#${id}`;
    if (certainty) return { id, text, mark: certainty[position] };
    const matches = id === targetIds[position];
    return { id, text, ...(matches === stands && { mark: stands ? "matches" : "changes" }) };
  });
}
