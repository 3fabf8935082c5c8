// The untrained twin of a trained checkpoint: the same shape with random weights.

import path from "node:path";
import { LabError } from "../common/errors.ts";
import { SIZE_NAMES } from "../checkpoints/config.ts";
import { RANDOM } from "../checkpoints/generated/random-network.ts";

/**
 * `random:SIZE` where the checkpoint's name tells a known size (`mini`, `openai-community/gpt2-xl`), and
 * `random:FOLDER/config.json` for a folder. Throws a LabError (badInput) for random weights.
 */
export function twinOf(source: string): string {
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
  return size ? `${RANDOM}${size}` : `${RANDOM}${path.join(source, "config.json")}`;
}
