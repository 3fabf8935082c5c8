// Runs the claims one after the other on an engine, and tells what came of each as it comes.

import { errorData, LabError } from "../common/errors.ts";
import type { OnProgress } from "../common/progress.ts";
import type { RunExperiment } from "../experiments/run-experiment.ts";
import type { EndEvent, StartEvent, StepEvent } from "../experiments/events.ts";
import { type ExperimentSpec, parseSpec } from "../experiments/spec.ts";
import type { Claim, Condition, Judgement, Observation, Scope } from "./claim.ts";
import { INVERSION_CLAIMS } from "./inversion-claims.ts";
import { TRAINED_CLAIMS } from "./trained-claims.ts";
import { WALK_CLAIMS } from "./walk-claims.ts";

const number = ({ id }: Claim): number => Number(id.slice(1));

/** C1 to C20. */
export const CLAIMS: readonly Claim[] = [...INVERSION_CLAIMS, ...TRAINED_CLAIMS, ...WALK_CLAIMS].sort(
  (a, b) => number(a) - number(b),
);

export type Verdict = ({ readonly kind: "judged" } & Judgement) | { readonly kind: "notRun"; readonly reason: string };

/** What came of one claim. */
export interface Finding {
  readonly id: string;
  readonly statement: string;
  readonly expected: string;
  readonly verdict: Verdict;
  readonly elapsedMs: number;
}

export interface ReproduceOptions {
  readonly run: RunExperiment;
  readonly signal?: AbortSignal;
  /** Told which claim is at work, and how much of it is done. */
  readonly onProgress?: OnProgress;
  /** Milliseconds of any steady clock. */
  readonly now: () => number;
}

/** The claims of the given names, all of them where there are none. Throws a LabError (badInput) for an unknown name. */
export function claimsNamed(names: readonly string[]): readonly Claim[] {
  const unknown = names.find((name) => !CLAIMS.some(({ id }) => id === name.toUpperCase()));
  if (unknown !== undefined) {
    throw new LabError("badInput", `There is no claim ${JSON.stringify(unknown)}: they are C1 to C${CLAIMS.length}.`);
  }
  return names.length === 0 ? CLAIMS : CLAIMS.filter(({ id }) => names.some((name) => name.toUpperCase() === id));
}

/**
 * One finding for each claim. A claim whose runs fail is one that was not run, with the reason, and the next goes on;
 * after a cancellation the rest are told as not run. Never throws for what a run throws.
 */
export async function* reproduce(
  claims: readonly Claim[],
  scope: Scope,
  { run, signal, onProgress, now }: ReproduceOptions,
): AsyncGenerator<Finding> {
  // Several claims ask for the same run: it is carried out once.
  const known = new Map<string, Observation>();
  for (const claim of claims) {
    const began = now();
    const { id, statement, expected } = claim;
    const verdict = signal?.aborted ? stopped : await examine(claim, scope, { run, known, signal, onProgress });
    yield { id, statement, expected, verdict, elapsedMs: now() - began };
  }
}

const stopped: Verdict = { kind: "notRun", reason: "it was stopped" };

interface Bench extends Pick<ReproduceOptions, "run" | "signal" | "onProgress"> {
  /** Runs that were carried out already, by their spec. */
  readonly known: Map<string, Observation>;
}

async function examine(claim: Claim, scope: Scope, { run, known, signal, onProgress }: Bench): Promise<Verdict> {
  const plan = claim.plan(scope);
  if (typeof plan === "string") return { kind: "notRun", reason: plan };
  const total = plan.reduce((sum, { request }) => sum + workOf(request), 0);
  let done = 0;
  const observations: Observation[] = [];
  try {
    for (const condition of plan) {
      const stage = `${claim.id}: ${condition.name}`;
      onProgress?.({ stage, done, total });
      const tell = (share: number) => onProgress?.({ stage, done: done + share * workOf(condition.request), total });
      const spec = parseSpec(condition.request as unknown);
      const key = JSON.stringify(spec);
      const observation = known.get(key) ?? (await observe(condition.name, spec, run, signal, tell));
      known.set(key, observation);
      observations.push({ ...observation, name: condition.name });
      done += workOf(condition.request);
    }
  } catch (error) {
    const { kind, message } = errorData(error);
    if (kind === "cancelled") return stopped;
    return {
      kind: "notRun",
      reason: `${observations.length} of ${plan.length} runs were done when one failed: ${message}`,
    };
  }
  const judgement = claim.judge(observations);
  return typeof judgement === "string" ? { kind: "notRun", reason: judgement } : { kind: "judged", ...judgement };
}

/** A rough measure of a run's length, for the progress only. */
const workOf = ({ iterations = 100, blocks = 1 }: Condition["request"]): number => iterations * (blocks + 1);

async function observe(
  name: string,
  spec: ExperimentSpec,
  run: RunExperiment,
  signal: AbortSignal | undefined,
  tell: (share: number) => void,
): Promise<Observation> {
  let start: StartEvent | undefined;
  let end: EndEvent | undefined;
  const steps: StepEvent[] = [];
  for await (const event of run(spec, { signal })) {
    switch (event.type) {
      case "start":
        start = event;
        break;
      case "step":
        steps.push(event);
        tell(event.iteration / spec.iterations);
        break;
      case "end":
        end = event;
    }
  }
  if (!start || !end) throw new LabError("engine", `The run "${name}" ended without a result.`);
  if (end.status === "cancelled") throw new LabError("cancelled", "The run was stopped.");
  return { name, spec, start, steps, end };
}
