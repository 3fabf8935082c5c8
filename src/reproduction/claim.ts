// A claim of the source as data: what it says, the runs that test it, and how their results are read.

import type { PrintedFigure } from "../reports/line-chart.ts";
import { figure as significant } from "../common/number-format.ts";
import { hasInitSeed } from "../describe/run-condition.ts";
import { tokensRight as countRight } from "../describe/tokens-right.ts";
import { type Interval, median, medianInterval, wilson } from "../common/statistics.ts";
import type { EndEvent, RestartResult, StartEvent, StepEvent } from "../experiments/events.ts";
import type { ExperimentRequest, ExperimentSpec } from "../experiments/spec.ts";

export interface Scope {
  /** Shorter runs and fewer seeds: minutes instead of an hour. */
  readonly quick: boolean;
  /** Trained checkpoints at hand, each with an untrained one of the same shape. */
  readonly trained: readonly TrainedCheckpoint[];
}

export interface TrainedCheckpoint {
  readonly source: string;
  /** The same shape with random weights. */
  readonly twin: string;
  readonly blocks: number;
}

export interface Condition {
  readonly name: string;
  readonly request: ExperimentRequest;
}

export interface Observation {
  readonly name: string;
  /** Its record's folder, from the reproduction's own: "runs/NAME". */
  readonly record: string;
  readonly spec: ExperimentSpec;
  readonly start: StartEvent;
  readonly steps: readonly StepEvent[];
  readonly end: EndEvent;
}

/** One thing that was measured: a row of the table. */
export interface Measurement {
  readonly condition: string;
  readonly seeds: string;
  readonly value: string;
  /** The records of the runs behind it, as an observation names its own. */
  readonly records: readonly string[];
}

interface Judgement {
  readonly holds: boolean;
  readonly measurements: readonly Measurement[];
  /** Decoded texts worth a look. */
  readonly samples?: readonly string[];
  readonly figure?: PrintedFigure;
  /** What else there is to say, in a sentence. */
  readonly remark?: string;
}

export interface Claim {
  readonly id: string;
  /** What the source says, and when it holds. */
  readonly statement: string;
  /** What must be measured for the claim to hold, decided before the runs. */
  readonly expected: string;
  /** The runs; a sentence in their place says why there are none. */
  plan(scope: Scope): readonly Condition[] | string;
  /** Reads the results; a sentence in the judgement's place says why they cannot decide. */
  judge(observations: readonly Observation[]): Judgement | string;
}

/** A claim is `unfinished` where one of its runs was stopped, or failed and would be tried again. */
export type ClaimVerdict =
  | ({ readonly kind: "judged" } & Judgement)
  | { readonly kind: "notRun"; readonly reason: string; readonly unfinished?: true };

export interface Finding extends Pick<Claim, "id" | "statement" | "expected"> {
  readonly verdict: ClaimVerdict;
  /** Of its runs, as their records have it. */
  readonly elapsedMs: number;
}

/** A row of the table from the runs behind it, which differ in no seed but the init seed. */
export const measured = (condition: string, runs: readonly Observation[], value: string): Measurement => ({
  condition,
  seeds: seedsOf(runs),
  value,
  records: runs.map(({ record }) => record),
});

/** "seed 0, restarts 0–9, init seeds 1, 2" */
function seedsOf(observations: readonly Observation[]): string {
  const { seed, restarts, checkpoint, network } = observations[0].spec;
  const initSeeds = [...new Set(observations.map(({ spec }) => spec.initSeed))];
  return [
    `seed ${seed}`,
    ...(restarts > 1 ? [`restarts 0–${restarts - 1}`] : []),
    ...(hasInitSeed({ checkpoint, network })
      ? [`init seed${initSeeds.length > 1 ? "s" : ""} ${initSeeds.join(", ")}`]
      : []),
  ].join(", ");
}

/** Observations that have a key in common, in order; without one, those of a condition's name. */
export function grouped(
  observations: readonly Observation[],
  keyOf: (observation: Observation) => string = ({ name }) => name,
): [string, Observation[]][] {
  const groups = new Map<string, Observation[]>();
  for (const observation of observations) {
    const key = keyOf(observation);
    groups.set(key, [...(groups.get(key) ?? []), observation]);
  }
  return [...groups];
}

export const restartsOf = (observations: readonly Observation[]): RestartResult[] =>
  observations.flatMap(({ end }) => end.restarts);

/** How many tokens of a result are the prompt's. */
export const tokensRight = ({ tokenIds }: Pick<RestartResult, "tokenIds">, { target }: StartEvent): number =>
  countRight(tokenIds, target.tokenIds);

/** The median of that over a run's restarts. */
export const medianRight = ({ start, end }: Observation): number =>
  median(end.restarts.map((result) => tokensRight(result, start)));

export const exactRate = (runs: readonly Observation[]): Rate => rateOf(restartsOf(runs), ({ exact }) => exact);

interface Rate extends Interval {
  readonly successes: number;
  readonly trials: number;
}

export function rateOf<T>(items: readonly T[], succeeds: (item: T) => boolean): Rate {
  const successes = items.filter(succeeds).length;
  return { successes, trials: items.length, ...wilson(successes, items.length) };
}

/** "9 of 10 (60–98 %)" */
export const rateText = ({ successes, trials, low, high }: Rate): string =>
  `${successes} of ${trials} (${Math.round(100 * low)}–${Math.round(100 * high)} %)`;

/** "6.09 (5.7–6.33)": the median with its interval. */
export function medianText(values: readonly number[]): string {
  const { low, high } = medianInterval(values);
  return `${figure(median(values))} (${figure(low)}–${figure(high)})`;
}

/** Three digits; what was never reached is "never". */
export const figure = (value: number): string => (value === Infinity ? "never" : significant(value, 3));

/** The first iteration that passed the shift test, Infinity where none did. */
export const passedAt = ({ beatsShiftAt }: RestartResult): number => beatsShiftAt ?? Infinity;
