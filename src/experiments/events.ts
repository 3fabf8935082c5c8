// What a run tells while it goes: the lines of `--json`, of a record, and of the panel.

import type { ExperimentSpec } from "./common-fields.ts";
import type { FirstIterations } from "./first-iterations.ts";

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
    /**
     * False where states were given without a prompt. The tokens here are then the ranking's best, one a position: there is
     * nothing to compare with, distances to the input are distances to theirs, `exact` says that every token is proved, and
     * ranks are 1 for a proved token and the vocabulary's size for all others. Missing where the prompt is known.
     */
    readonly known?: false;
    readonly tokenIds: readonly number[];
    /** The text of each token. */
    readonly tokens: readonly string[];
    readonly text: string;
    /** Null where the network predicts no token. */
    readonly nextToken: Token | null;
  };
  /** Median of the shift test, m of equation 4. */
  readonly shiftDistance: number;
  /** Every draw of the shift test. */
  readonly shiftDistances: readonly number[];
  /** The device in use (never "auto"). */
  readonly device: string;
  /** The memory mode in use; missing in records of earlier versions. */
  readonly memory?: string;
  readonly checkpoint: {
    readonly source: string;
    /** Of one from the hub, the commit that its name stood for: `owner/name@COMMIT` is these very weights. */
    readonly revision?: string;
    readonly fingerprint: string;
    /** Its head differs from its embedding and is used, though config.json says that they are one. */
    readonly ownHead?: true;
  };
  readonly versions: Readonly<Record<string, string>>;
  /** How far weights in 16 or 8 bits are from the stored ones, where the spec asks for them. */
  readonly quantisation?: Quantisation;
  /** How `learningRate: "auto"` was decided. */
  readonly rateSearch?: RateSearch;
  /** Exact recovery: tokens that there are to try at a position. */
  readonly vocabulary?: number;
  /** Exact recovery: what its ranking was fitted on. */
  readonly fit?: {
    readonly tokens: number;
    /** That it took, when it was made. */
    readonly seconds: number;
    /** How the first token is ranked: by the table of all tokens, or by a fit to a few of them until that is made. */
    readonly firstTokens?: "table" | "fit";
    /** Was it on the disk already? */
    readonly cached: boolean;
    /** Share of the tokens of held-out texts that rank first. */
    readonly hitRate: number;
  };
  /** The prompt's gradient by two ways, where `checkGradients` asked for it. */
  readonly gradientCheck?: GradientCheck;
}

/** Ŵ are the weights in 16 or 8 bits, Ô the network that has them. */
export interface Quantisation {
  /** ‖Ŵ − W‖₂ / ‖W‖₂ over the matrices of the blocks. */
  readonly weightError: number;
  /** ‖Ô(e*) − O(e*)‖₂ / ‖O(e*)‖₂; null where the memory for O was not there. */
  readonly outputError: number | null;
  /** d(Ô(e*), O(e*)) in the spec's metric, to hold against the shift distance. */
  readonly outputDistance: number | null;
}

/** A ladder of rates, each tried from the same start point for a few iterations. */
export interface RateSearch {
  readonly iterations: number;
  /** Rates, from low to high. */
  readonly rates: readonly number[];
  /** Output distance that each has come to; null where it diverged. */
  readonly outputDistances: readonly (number | null)[];
  /** The rate of the smallest. */
  readonly chosen: number;
}

/** ∇ₑΣO by one backward pass, against the sum of one backward pass for each element of the output. */
export interface GradientCheck {
  /** Backward passes of the second way. */
  readonly elements: number;
  /** Of the differences between entries of the two gradients. */
  readonly largestDifference: number;
  readonly meanDifference: number;
  /** Largest entry of the gradient, to compare with. */
  readonly largestEntry: number;
}

/** Distances of one iterate. */
export interface Distances {
  /** d(O(e), O(e*)) in the spec's metric. */
  readonly outputDistance: number;
  /** ‖e − e*‖₁ */
  readonly inputDistance: number;
  /** inputDistance / outputDistance; null when the output distance is 0. */
  readonly ratio: number | null;
}

/** What one step of a walk came to, with what the method's series measure. */
export interface WalkPoint extends Distances {
  readonly iteration: number;
  readonly [series: string]: unknown;
  /** Orthogonal walk: gradient · v of each token, [T], with the step's own v. */
  readonly gradientProducts?: readonly number[];
  /** Walk along the Jacobian: ‖J v‖₂ for the step's unit vector v. */
  readonly singularValue?: number;
  /** Clamped walk: the first dimension that got noise. */
  readonly clampedFrom?: number;
}

/** How sure exact recovery is of each token, [T] each. */
export interface RecoveredTokens {
  readonly proved?: readonly boolean[];
  readonly certainty?: readonly Certainty[];
  /** ‖h − h*‖₂ / ‖h*‖₂ of each token's state; null where none was computed behind the right prefix. */
  readonly distances?: readonly (number | null)[];
  /** How much farther the nearest other token is that was tried; null where none was. */
  readonly margins?: readonly (number | null)[];
  /** Tokens tried. */
  readonly tried?: readonly number[];
}

/**
 * `proved`: the token's state is the target's but for the rounding of float arithmetic. `likely`: the states are noisy,
 * and every other token that was tried is far less likely. `unknown`: neither.
 */
export type Certainty = "proved" | "likely" | "unknown";

/** One shown iteration of one restart; of exact recovery, one round. */
export interface StepEvent extends Distances, RecoveredTokens {
  readonly type: "step";
  /** From 0; people are told a number that counts from 1. */
  readonly restart: number;
  /** Updates done so far, 0…N. */
  readonly iteration: number;
  readonly learningRate: number;
  readonly tokenIds: readonly number[];
  readonly text: string;
  /** Best tokens a position, best first. */
  readonly topK: readonly (readonly ScoredToken[])[];
  /** Rank of the prompt's token at each position, 1 is best. */
  readonly targetRanks: readonly number[];
  /** Of a walk: every step since the last shown one, this one included. */
  readonly walked?: readonly WalkPoint[];
  readonly round?: number;
  /** Exact recovery at every depth: the one at work. */
  readonly blocks?: number;
  /** Exact recovery: the position at work; the number of tokens when all are settled. */
  readonly position?: number;
  /** Where tokens were tried last: in a round that settles its position, the one before `position`. */
  readonly triedAt?: number;
  /** The nearest tokens that were tried there, nearest first. */
  readonly candidates?: readonly (Token & { readonly distance: number })[];
  /** Tokens that went through the network so far. */
  readonly tokenForwards?: number;
}

/** Share of positions whose token is not the prompt's (top 1), or does not have it among its best five (top 5). */
export interface Hamming {
  readonly top1: number;
  readonly top5: number;
}

/**
 * What protected states are still good for: the next tokens that the rest of the network, with its weights as they are
 * stored, predicts from them, against those that it predicts from the states as they are.
 */
export interface Utility {
  /** Share of positions whose most probable next token is the same. */
  readonly agreement: number;
  /** Mean over the positions; null where one is. */
  readonly kl: number | null;
  /** Of each position, [T]. */
  readonly agreements: readonly boolean[];
  /**
   * KL(p ‖ q) in nats of each position, [T], p being the next token's distribution from the states as they are and q from the
   * protected ones; null where those are no finite numbers.
   */
  readonly kls: readonly (number | null)[];
}

/** How much a decoding repeats itself. */
export interface Repetition {
  /** Share of tokens that stand at an earlier position already. */
  readonly repeated: number;
  /** Different tokens as a share of all tokens of the top-k lists. */
  readonly distinct1: number;
  /** Different pairs of neighbouring tokens of the top-k lists, as a share of all. */
  readonly distinct2: number;
}

/**
 * What one restart came to. Inversion: its last iterate or its closest one, whichever has the smaller discrete distance,
 * and when it first had the prompt's tokens, which records of earlier versions lack. Walks: the last iterate.
 */
export interface RestartResult extends Distances, RecoveredTokens, Partial<FirstIterations> {
  /** From 0; people are told a number that counts from 1. */
  readonly restart: number;
  readonly iteration: number;
  readonly tokenIds: readonly number[];
  readonly tokens: readonly string[];
  readonly text: string;
  /** Are the decoded tokens the prompt's? */
  readonly exact: boolean;
  readonly hamming: Hamming;
  readonly repetition: Repetition;
  /** ratio of the mean distances an element of input and output, which does not depend on their sizes; L1 only. */
  readonly ratioPerElement: number | null;
  /** Distance of the decoded tokens' own output: d(O(embed(tokens)), O(e*)). */
  readonly discreteDistance: number;
  /** Inversion: did any iterate come closer than the shift test's median? Walk: is the last one still closer? */
  readonly beatsShift: boolean;
  /** Inversion: the first iteration that did. Walk: null. */
  readonly beatsShiftAt: number | null;
  /** Next token of the embedding found; null where the network predicts none. */
  readonly nextToken: Token | null;
  readonly sameNextToken: boolean | null;
  /** Exact recovery: positions whose token has the same embedding as others, which nothing can tell apart. */
  readonly sameEmbedding?: readonly { readonly position: number; readonly tokens: readonly Token[] }[];
  /** Exact recovery of states that are protected. */
  readonly utility?: Utility;
  /** Exact recovery at every depth: each that was come to, the shallowest first. */
  readonly depths?: readonly DepthResult[];
}

/** What exact recovery found behind a number of blocks; lists have a value a position. */
export interface DepthResult extends RecoveredTokens {
  readonly blocks: number;
  /** Of the fit at this depth. */
  readonly hitRate: number;
  readonly tokenIds: readonly number[];
  readonly text: string;
  readonly exact: boolean;
  /** Tokens that went through the network at this depth. */
  readonly tokenForwards: number;
  /** Of protected states. */
  readonly utility?: Utility;
}

/** Last event of a run that ended in order. */
export interface EndEvent {
  readonly type: "end";
  readonly status: "completed" | "cancelled";
  /** Updates done: fewer than were asked for where the run was cancelled, or has stopped because it was exact. */
  readonly iterations: number;
  /** Inversion: the smallest discrete distance. Walk: the largest ratio. */
  readonly best: RestartResult;
  readonly restarts: readonly RestartResult[];
  /** Exact recovery: tokens that went through the network in the search. */
  readonly tokenForwards?: number;
  readonly elapsedMs: number;
}

export type RunEvent = StartEvent | StepEvent | EndEvent;
