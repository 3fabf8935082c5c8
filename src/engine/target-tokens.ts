// What a network must be able to take of a text.

import { LabError } from "../common/errors.ts";

/** Throws a LabError (badInput) for more tokens than the network has positions. */
export function checkLength(ids: readonly number[], positions: number): void {
  if (ids.length <= positions) return;
  throw new LabError(
    "badInput",
    `The text has ${ids.length} tokens and the network takes up to ${positions}: choose a shorter one.`,
  );
}

/**
 * Throws a LabError (badInput) for a token that the checkpoint lacks: those with another vocabulary than GPT-2's can be
 * opened, and texts that stay inside it can be inverted.
 */
export function checkVocabulary(ids: readonly number[], vocabulary: number, source: string): void {
  const outside = ids.find((id) => id >= vocabulary);
  if (outside === undefined) return;
  throw new LabError(
    "badInput",
    `The text needs token ${outside}, and ${source} has ${vocabulary} tokens only: its vocabulary is not GPT-2's.`,
  );
}
