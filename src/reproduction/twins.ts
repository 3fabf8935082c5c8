// A trained checkpoint and its untrained twin: the same shape with random weights.

import path from "node:path";
import { LabError } from "../common/errors.ts";
import { SIZE_NAMES } from "../checkpoints/config.ts";
import { RANDOM } from "../checkpoints/generated/random-network.ts";
import type { TrainedCheckpoint } from "./claim.ts";

/**
 * Pairs a checkpoint with its twin: `random:SIZE` where its name tells a size that the lab knows (`mini`,
 * `openai-community/gpt2-xl`), and `random:FOLDER/config.json` for a folder. Throws a LabError (badInput) for random
 * weights.
 */
export function trainedCheckpoint(source: string): TrainedCheckpoint {
  if (source.startsWith(RANDOM)) {
    throw new LabError(
      "badInput",
      `The checkpoint ${source} is not a trained one; random weights are run in any case.`,
    );
  }
  const name = source
    .replace(/@[^@/]*$/, "")
    .split("/")
    .at(-1);
  const size = SIZE_NAMES.find((known) => known === name);
  return { source, twin: size ? `${RANDOM}${size}` : `${RANDOM}${path.join(source, "config.json")}` };
}
