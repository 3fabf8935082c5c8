// What a run tells while it goes: the lines of `--json`, of a record, and of the panel.

import type { ExperimentSpec } from "./spec.ts";

export interface Token {
  readonly id: number;
  readonly text: string;
}

export interface ScoredToken extends Token {
  readonly score: number;
}

/** First event: what is aimed at, and how close counts as close. */
export interface StartEvent {
  readonly type: "start";
  readonly spec: ExperimentSpec;
  readonly target: {
    readonly tokenIds: readonly number[];
    /** The text of each token. */
    readonly tokens: readonly string[];
    readonly text: string;
    readonly nextToken: Token;
  };
  /** Median of the shift test, m of equation 4. */
  readonly shiftDistance: number;
  /** Every draw of the shift test. */
  readonly shiftDistances: readonly number[];
  /** The device in use (never "auto"). */
  readonly device: string;
  /** The memory mode in use; missing in records of earlier versions. */
  readonly memory?: string;
  readonly checkpoint: { readonly source: string; readonly fingerprint: string };
  readonly versions: Readonly<Record<string, string>>;
}

/** One shown iteration of one restart. */
export interface StepEvent {
  readonly type: "step";
  readonly restart: number;
  /** Updates done so far, 0…N. */
  readonly iteration: number;
  readonly learningRate: number;
  /** d(O(e), O(e*)) in the spec's metric. */
  readonly outputDistance: number;
  /** ‖e − e*‖₁ */
  readonly inputDistance: number;
  /** inputDistance / outputDistance; null when the output distance is 0. */
  readonly ratio: number | null;
  readonly tokenIds: readonly number[];
  readonly text: string;
  /** Best tokens a position, best first. */
  readonly topK: readonly (readonly ScoredToken[])[];
  /** Rank of the prompt's token at each position, 1 is best. */
  readonly targetRanks: readonly number[];
}

/** What one restart came to: its last iterate or its closest one, whichever has the smaller discrete distance. */
export interface RestartResult {
  readonly restart: number;
  readonly iteration: number;
  readonly tokenIds: readonly number[];
  readonly tokens: readonly string[];
  readonly text: string;
  /** Are the decoded tokens the prompt's? */
  readonly exact: boolean;
  readonly outputDistance: number;
  readonly inputDistance: number;
  /** Distance of the decoded tokens' own output: d(O(embed(tokens)), O(e*)). */
  readonly discreteDistance: number;
  /** Did any iterate come closer than the shift test's median? */
  readonly beatsShift: boolean;
  /** The first iteration that did. */
  readonly beatsShiftAt: number | null;
  /** Next token of the embedding found. */
  readonly nextToken: Token;
  readonly sameNextToken: boolean;
}

/** Last event of a run that ended in order. */
export interface EndEvent {
  readonly type: "end";
  readonly status: "completed" | "cancelled";
  /** Updates done. */
  readonly iterations: number;
  readonly best: RestartResult;
  readonly restarts: readonly RestartResult[];
  readonly elapsedMs: number;
}

export type RunEvent = StartEvent | StepEvent | EndEvent;
