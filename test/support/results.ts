// What every made-up result has in common, so that each test says only what it is about.

import type { RestartResult } from "../../src/experiments/events.ts";

export const PLAIN_RESULT: Pick<RestartResult, "hamming" | "repetition" | "ratio" | "ratioPerElement"> = {
  hamming: { top1: 0, top5: 0 },
  repetition: { repeated: 0, distinct1: 1, distinct2: 1 },
  ratio: 0.5,
  ratioPerElement: 0.5,
};
