// What every method begins and ends with: the prompt's output is taken as the target, the shift test says how close is
// close, and what each restart has come to is judged by its tokens as well.

import { LabError } from "../common/errors.ts";
import { type FloatArray, floats, typeOf } from "../common/floats.ts";
import type { Decoding } from "../text/decoder.ts";
import type { Distances, EndEvent, RestartResult, StartEvent, StepEvent, Token, WalkPoint } from "./events.ts";
import { absoluteDistances, hamming, ratioOf, repetition } from "./metrics.ts";
import type { ExperimentSetting } from "./setting.ts";
import { shiftDistances } from "./shift-test.ts";
import { median } from "../common/statistics.ts";
import type { ExperimentSpec } from "./spec.ts";

export interface Aim {
  /** e* once a restart, [B, T, D]; never changed. */
  readonly target: FloatArray;
  /** O(e*) once a restart, [B, T, K]. */
  readonly targetOutput: FloatArray;
  readonly nextToken: number | undefined;
  readonly shiftDistances: readonly number[];
  readonly shiftDistance: number;
}

/** Runs the prompt and the shift test. */
export async function takeAim(
  spec: ExperimentSpec,
  { network, embed, targetIds, moments }: ExperimentSetting,
): Promise<Aim> {
  const target = repeat(embed(targetIds), spec.restarts);
  const targetOutput = (await network.forward(target)).slice();
  const nextToken = (await network.nextTokens(target))?.[0];
  const distances = await shiftDistances(network, target, targetOutput, {
    std: spec.shiftStd * (spec.shiftUnit === "embedding" ? moments.std : 1),
    draws: spec.shiftDraws,
    seed: spec.seed,
  });
  return { target, targetOutput, nextToken, shiftDistances: distances, shiftDistance: median(distances) };
}

export function startEvent(
  spec: ExperimentSpec,
  { targetIds, text, provenance, rateSearch }: ExperimentSetting,
  { nextToken, shiftDistance, shiftDistances }: Aim,
  further: Pick<StartEvent, "gradientCheck"> = {},
): StartEvent {
  return {
    type: "start",
    spec,
    target: {
      tokenIds: targetIds,
      tokens: targetIds.map((id) => text.token(id)),
      text: text.decode(targetIds),
      nextToken: tokenOf(nextToken, text),
    },
    shiftDistance,
    shiftDistances,
    ...provenance,
    ...(rateSearch && { rateSearch }),
    ...further,
  };
}

const tokenOf = (id: number | undefined, text: ExperimentSetting["text"]): Token | null =>
  id === undefined ? null : { id, text: text.token(id) };

/** What was measured of one restart at a shown iteration. */
export interface Measured {
  readonly restart: number;
  readonly iteration: number;
  readonly learningRate: number;
  readonly outputDistance: number;
  readonly inputDistance: number;
  readonly walked?: readonly WalkPoint[];
}

export function stepEvent(
  { text }: ExperimentSetting,
  { tokenIds, topK, targetRanks }: Decoding,
  { walked, ...measured }: Measured,
): StepEvent {
  return {
    type: "step",
    ...measured,
    ratio: ratioOf(measured.inputDistance, measured.outputDistance),
    tokenIds,
    text: text.decode(tokenIds),
    topK: topK.map((row) => row.map(({ id, score }) => ({ id, text: text.token(id), score }))),
    targetRanks,
    ...(walked && { walked }),
  };
}

export const distancesOf = (outputDistance: number, inputDistance: number): Distances => ({
  outputDistance,
  inputDistance,
  ratio: ratioOf(inputDistance, outputDistance),
});

/** One iterate of each restart. */
export interface Iterates {
  /** [B, T, D] */
  readonly embedding: FloatArray;
  readonly iterations: readonly number[];
  readonly outputDistances: readonly number[];
}

export interface Candidate extends Iterates {
  readonly decodings: readonly Decoding[];
}

/** What a method itself says of each restart. */
export type Verdict = Pick<RestartResult, "beatsShift" | "beatsShiftAt">;

/**
 * What each restart came to: of its candidate iterates the one whose tokens, embedded again, have the output closest to
 * the target's (the discrete distance); of equals the one that was closer itself. The first candidate is the last iterate.
 */
export async function judge(
  spec: ExperimentSpec,
  setting: ExperimentSetting,
  aim: Aim,
  candidates: readonly Candidate[],
  verdicts: readonly Verdict[],
): Promise<RestartResult[]> {
  const { network, text, targetIds, embed, onEmbeddings } = setting;
  const { batch: restarts, length, width } = network;
  const size = aim.target.length / restarts;
  const chosen = aim.target.slice();
  const results: Omit<RestartResult, "nextToken" | "sameNextToken">[] = [];

  for (const { embedding, iterations, outputDistances, decodings } of candidates) {
    const inputDistances = absoluteDistances(embedding, aim.target, restarts);
    const discrete = aim.target.slice();
    decodings.forEach(({ tokenIds }, restart) => discrete.set(embed(tokenIds), restart * size));
    const { distance } = await network.distanceAndGradient(discrete, aim.targetOutput);
    decodings.forEach(({ tokenIds, topK, targetRanks }, restart) => {
      const distances = distancesOf(outputDistances[restart], inputDistances[restart]);
      const result = {
        restart,
        iteration: iterations[restart],
        tokenIds,
        tokens: tokenIds.map((id) => text.token(id)),
        text: text.decode(tokenIds),
        exact: tokenIds.every((id, position) => id === targetIds[position]),
        hamming: hamming(targetRanks),
        repetition: repetition(
          tokenIds,
          topK.map((row) => row.map(({ id }) => id)),
        ),
        ...distances,
        ratioPerElement: perElement(spec, setting, distances),
        discreteDistance: distance[restart],
        ...verdicts[restart],
      };
      if (results[restart] && !isCloser(result, results[restart])) return;
      results[restart] = result;
      chosen.set(embedding.subarray(restart * size, (restart + 1) * size), restart * size);
    });
  }

  const nextTokens = await network.nextTokens(chosen);
  const target = aim.target.slice(0, size);
  onEmbeddings?.({ restarts, length, width, target, best: chosen, last: candidates[0].embedding });
  return results.map((result, restart) => ({
    ...result,
    nextToken: tokenOf(nextTokens?.[restart], text),
    sameNextToken: nextTokens ? nextTokens[restart] === aim.nextToken : null,
  }));
}

/** The ratio of mean distances: raw L1 sums over outputs of different sizes cannot be compared. */
function perElement(
  { metric, reduction, fromPosition, channels }: ExperimentSpec,
  { network }: ExperimentSetting,
  { inputDistance, outputDistance }: Distances,
): number | null {
  if (metric !== "l1") return null;
  const { length, width, outputWidth } = network;
  const positions = fromPosition < 0 ? -fromPosition : length - fromPosition;
  const count = reduction === "sum" ? positions * (channels ?? outputWidth) : 1;
  return ratioOf(inputDistance / (length * width), outputDistance / count);
}

type Closeness = Pick<RestartResult, "discreteDistance" | "outputDistance">;

export const isCloser = (a: Closeness, b: Closeness): boolean =>
  a.discreteDistance < b.discreteDistance ||
  (a.discreteDistance === b.discreteDistance && a.outputDistance < b.outputDistance);

/** The last event; `isBetter` says which of two restarts is to be called the better one. */
export function endEvent(
  { iterations: N }: ExperimentSpec,
  iterations: number,
  restarts: readonly RestartResult[],
  isBetter: (a: RestartResult, b: RestartResult) => boolean,
  elapsedMs: number,
): EndEvent {
  const best = restarts.reduce((before, result) => (isBetter(result, before) ? result : before));
  return { type: "end", status: iterations === N ? "completed" : "cancelled", iterations, best, restarts, elapsedMs };
}

/** Rows one after the other, B times: [T, D] → [B, T, D]. */
export function repeat(rows: FloatArray, times: number): FloatArray {
  const all = floats(typeOf(rows), rows.length * times);
  for (let time = 0; time < times; time++) all.set(rows, time * rows.length);
  return all;
}

export function throwIfDiverged(distances: ArrayLike<number>, iteration: number, learningRate: number): void {
  if (Array.from(distances).every(Number.isFinite)) return;
  throw new LabError(
    "badInput",
    `The run diverged: at iteration ${iteration} the distance is no longer a number. Try a learning rate below ${learningRate}.`,
  );
}
