// What is wrong with a request for a run, as far as it can be known without running it: the spec's own rules, and those of
// the checkpoint that it names.

import { RANDOM } from "../checkpoints/generated/random-network.ts";
import { LabError } from "../common/errors.ts";
import { problemsOf } from "../experiments/spec.ts";
import type { NetworkConfig } from "../networks/architectures/architecture.ts";
import type { FieldProblem } from "./panel-messages.ts";

/** `configOf` is rejected for a checkpoint that is not on this machine: what that one holds is seen when it is opened. */
export async function requestProblems(
  request: unknown,
  configOf: (source: string) => Promise<NetworkConfig>,
): Promise<readonly FieldProblem[]> {
  const problems = problemsOf(request);
  const wrong = new Set(problems.map(({ field }) => field));
  const { checkpoint = "random:gpt2", network = "gpt2", blocks = 1 } = request as Readonly<Record<string, unknown>>;
  if (typeof checkpoint !== "string" || wrong.has("checkpoint")) return problems;
  try {
    const config = await configOf(checkpoint);
    if (network !== "gpt2" || wrong.has("blocks") || Number(blocks) <= config.blocks) return problems;
    const most = config.blocks === 1 ? "1" : `a whole number from 1 to ${config.blocks}`;
    const message = `This is ${String(blocks)}: it must be ${most}, the depth of ${checkpoint}.`;
    return [...problems, { field: "blocks", message }];
  } catch (error) {
    // Random weights are made, so what cannot be made is a mistake.
    if (!checkpoint.startsWith(RANDOM) || !(error instanceof LabError)) return problems;
    return [...problems, { field: "checkpoint", message: error.message }];
  }
}
