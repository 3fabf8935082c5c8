// What a network must be able to take of a text.

import { LabError } from "../common/errors.ts";
import type { NetworkConfig } from "../networks/architectures/architecture.ts";
import { architectureOf } from "../networks/architectures/architectures.ts";
import type { Positions } from "../text/embedding.ts";

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

/** Throws a LabError (badInput) when all tokens are to stand at position 0 in a network that turns them by their places. */
export function checkPositions(positions: Positions, config: NetworkConfig, source: string): void {
  const { rotates, name } = architectureOf(config);
  if (positions === "sequential" || !rotates) return;
  throw new LabError(
    "badInput",
    `Positions are "first", and ${source} has none in its embedding: ${name} tells places inside its blocks.`,
  );
}
