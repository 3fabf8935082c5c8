// Carries out the claims' conditions as cells of a sweep, with a record each, and judges the claims one after the other. What
// is finished is known by its record alone, so a reproduction that ended anywhere goes on where it stopped.

import { errorData, LabError } from "../common/errors.ts";
import type { OnProgress } from "../common/progress.ts";
import type { StepEvent } from "../experiments/events.ts";
import { parseSpec } from "../experiments/spec.ts";
import { readRun } from "../records/read-record.ts";
import { performCells, RUNS, type SweepOptions, whileHolding } from "../sweeps/perform-sweep.ts";
import { type Cell, cellOfSpec } from "../sweeps/sweep-files.ts";
import type { Claim, ClaimVerdict, Condition, Finding, Observation, Scope } from "./claim.ts";
import type { ReportHead } from "./claims-table.ts";
import { EXACT_CLAIMS } from "./exact-claims.ts";
import { INVERSION_CLAIMS } from "./inversion-claims.ts";
import { TRAINED_CLAIMS } from "./trained-claims.ts";
import { WALK_CLAIMS } from "./walk-claims.ts";
import { writeReport } from "./write-claims.ts";

const number = ({ id }: Claim): number => Number(id.slice(1));

/** The source's, C1 to C20, then our own, E1 and E2. */
export const CLAIMS: readonly Claim[] = [
  ...[...INVERSION_CLAIMS, ...TRAINED_CLAIMS, ...WALK_CLAIMS].sort((a, b) => number(a) - number(b)),
  ...EXACT_CLAIMS,
];

/** `folder` is for the records and the report; `onProgress` is told which claim is at work, and how much of it is done. */
interface ReproduceOptions extends Pick<SweepOptions, "folder" | "run" | "signal" | "onProgress" | "now"> {
  readonly head: ReportHead;
  /** Told of each claim, when the report has it. */
  readonly onFinding?: (finding: Finding) => void | Promise<void>;
}

/** The claims of the given names, all of them where there are none. Throws a LabError (badInput) for an unknown name. */
export function claimsNamed(names: readonly string[]): readonly Claim[] {
  const unknown = names.find((name) => !CLAIMS.some(({ id }) => id === name.toUpperCase()));
  if (unknown !== undefined) {
    throw new LabError("badInput", `There is no claim ${JSON.stringify(unknown)}: they are C1 to C20, E1 and E2.`);
  }
  return names.length === 0 ? CLAIMS : CLAIMS.filter(({ id }) => names.some((name) => name.toUpperCase() === id));
}

/**
 * Resolves to one finding for each claim. A claim whose runs fail is one that was not run, with the reason, and the next
 * goes on; after a cancellation the rest are told as not run. The report in the folder has what there is so far. Throws a
 * LabError (storage) where the folder takes no report, or somebody else is at work in it, and what `onFinding` throws.
 */
export async function reproduce(
  claims: readonly Claim[],
  scope: Scope,
  options: ReproduceOptions,
): Promise<readonly Finding[]> {
  const { folder, signal, head, onFinding } = options;
  const findings: Finding[] = [];
  const report = () => {
    const complete = findings.length === claims.length && !findings.some(isUnfinished);
    return writeReport(folder, { ...head, scope, complete, findings });
  };
  const work = async () => {
    // Found out before the first run, which may take an hour.
    await report();
    for (const claim of claims) {
      const { id, statement, expected } = claim;
      const observations: Observation[] = [];
      const verdict = signal?.aborted ? STOPPED : await examine(claim, scope, options, observations);
      const elapsedMs = observations.reduce((sum, { end }) => sum + end.elapsedMs, 0);
      const finding = { id, statement, expected, verdict, elapsedMs };
      findings.push(finding);
      await report();
      await onFinding?.(finding);
    }
  };
  try {
    await whileHolding(options, work);
  } catch (error) {
    // Stopped while somebody else was at it.
    if (!(error instanceof LabError) || error.kind !== "cancelled") throw error;
  }
  return findings;
}

const isUnfinished = ({ verdict }: Finding): boolean => verdict.kind === "notRun" && verdict.unfinished === true;

const STOPPED: ClaimVerdict = { kind: "notRun", reason: "it was stopped", unfinished: true };

/** Adds what each of the claim's runs came to, those of earlier calls too. */
async function examine(
  claim: Claim,
  scope: Scope,
  { folder, run, signal, onProgress, now }: ReproduceOptions,
  observations: Observation[],
): Promise<ClaimVerdict> {
  const plan = claim.plan(scope);
  if (typeof plan === "string") return { kind: "notRun", reason: plan };
  const total = plan.reduce((sum, { request }) => sum + workOf(request), 0);
  let done = 0;
  try {
    for (const { name, request } of plan) {
      const stage = `${claim.id}: ${name}`;
      const tell = (share: number) => onProgress?.({ stage, done: done + share * workOf(request), total });
      tell(0);
      const cell = cellOfSpec(parseSpec(request as unknown));
      const onShare: OnProgress = ({ done: share = 0 }) => tell(share);
      const [outcome] = await performCells([cell], { folder, run, signal, onProgress: onShare, now });
      if (!outcome) return STOPPED;
      if (outcome.error) throw new LabError(outcome.error.kind, outcome.error.message);
      observations.push(await observe(name, cell, outcome.folder));
      done += workOf(request);
    }
  } catch (error) {
    const { kind, message } = errorData(error);
    const reason = `${observations.length} of ${plan.length} runs were done when one failed: ${message}`;
    return { kind: "notRun", reason, ...(kind !== "badInput" && { unfinished: true }) };
  }
  const judgement = claim.judge(observations);
  return typeof judgement === "string" ? { kind: "notRun", reason: judgement } : { kind: "judged", ...judgement };
}

/** A rough measure of a run's length, for the progress only. */
const workOf = ({ iterations = 100, blocks = 1 }: Condition["request"]): number => iterations * (blocks + 1);

async function observe(name: string, { spec, name: run }: Cell, folder: string): Promise<Observation> {
  const { events } = await readRun(folder);
  const [start, end] = [events[0], events.at(-1)];
  if (start?.type !== "start" || end?.type !== "end") {
    throw new LabError("storage", `The record in ${folder} is damaged: it lacks its start or its end.`);
  }
  const steps = events.filter((event): event is StepEvent => event.type === "step");
  return { name, record: `${RUNS}/${run}`, spec, start, steps, end };
}
