// What every method begins and ends with: the prompt's output is the target, the shift test says how close is close, and
// what each restart has come to is judged by its tokens as well.

import { median } from "../common/statistics.ts";
import { type FloatArray, type FloatType, floats, typeOf } from "../common/floats.ts";
import type { Decoding } from "../text/decoder.ts";
import type { ExperimentSpec } from "./common-fields.ts";
import type {
  Distances,
  EndEvent,
  Quantisation,
  RestartResult,
  StartEvent,
  StepEvent,
  Token,
  WalkPoint,
} from "./events.ts";
import { shiftNotFinite, startNotFinite, statesNotFinite, throwIfNotFinite } from "./finite.ts";
import type { FirstIterations } from "./first-iterations.ts";
import { absoluteDistances, hamming, ratioOf, repetition } from "./metrics.ts";
import type { ExperimentSetting, PlacedNetwork } from "./setting.ts";
import { shiftDistances } from "./shift-test.ts";

export interface Target {
  readonly network: PlacedNetwork;
  /** e* once a restart, [B, T, D]; never changed. */
  readonly embedding: FloatArray;
  /** O(e*) once a restart, [B, T, K]. */
  readonly output: FloatArray;
  readonly nextToken: number | undefined;
  readonly shiftDistances: readonly number[];
  readonly shiftDistance: number;
  /** How far weights in fewer bits are from the stored ones, where the network has such. */
  readonly quantisation?: Quantisation;
}

/** What a start event tells of a target. */
type MeasuredTarget = Pick<Target, "nextToken" | "shiftDistance" | "shiftDistances" | "quantisation"> & {
  readonly network: Pick<PlacedNetwork, "device" | "memory">;
};

/**
 * Runs the prompt and the shift test on a network whose batch is the spec's number of restarts. Throws a LabError (badInput)
 * when they come to numbers that are not finite.
 */
export async function computeTarget(
  spec: ExperimentSpec,
  { embed, targetIds, moments, precisionError }: ExperimentSetting,
  network: PlacedNetwork,
): Promise<Target> {
  const quantisation = await precisionError?.(network);
  const embedding = repeat(embed(targetIds), spec.restarts);
  const output = (await network.forward(embedding)).slice();
  throwIfNotFinite(output, statesNotFinite(network.type));
  const nextToken = (await network.nextTokens(embedding))?.[0];
  const distances = await shiftDistances(spec, moments, embedding, async (shifted) => {
    return (await network.distanceAndGradient(shifted, output)).distance;
  });
  throwIfNotFinite(distances, shiftNotFinite(spec.shiftStd, network.type));
  return {
    network,
    embedding,
    output,
    nextToken,
    shiftDistances: distances,
    shiftDistance: median(distances),
    ...(quantisation && { quantisation }),
  };
}

export function startEvent(
  spec: ExperimentSpec,
  { targetIds, text, provenance }: ExperimentSetting,
  { network: { device, memory }, nextToken, shiftDistance, shiftDistances, quantisation }: MeasuredTarget,
  further: Pick<StartEvent, "rateSearch" | "gradientCheck"> = {},
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
    device,
    ...(memory !== undefined && { memory }),
    ...provenance,
    ...(quantisation && { quantisation }),
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

/** Of each restart, how it stands against the shift test, and when it first had the prompt's tokens where that is asked. */
export type Course = Pick<RestartResult, "beatsShift" | "beatsShiftAt"> & Partial<FirstIterations>;

/**
 * What each restart came to: of its candidate iterates the one whose tokens, embedded again, have the output closest to
 * the target's (the discrete distance); of equals the one that was closer itself. The first candidate is the last iterate.
 */
export async function judge(
  spec: ExperimentSpec,
  setting: ExperimentSetting,
  target: Target,
  candidates: readonly Candidate[],
  courses: readonly Course[],
): Promise<RestartResult[]> {
  const { text, targetIds, embed, onEmbeddings } = setting;
  const { network } = target;
  const { batch: restarts, length, width } = network;
  const size = target.embedding.length / restarts;
  const chosen = target.embedding.slice();
  const results: Omit<RestartResult, "nextToken" | "sameNextToken">[] = [];

  for (const { embedding, iterations, outputDistances, decodings } of candidates) {
    const inputDistances = absoluteDistances(embedding, target.embedding, restarts);
    const discrete = target.embedding.slice();
    decodings.forEach(({ tokenIds }, restart) => discrete.set(embed(tokenIds), restart * size));
    const { distance } = await network.distanceAndGradient(discrete, target.output);
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
        ratioPerElement: perElement(spec, network, distances),
        discreteDistance: distance[restart],
        ...courses[restart],
      };
      if (results[restart] && !isCloser(result, results[restart])) return;
      results[restart] = result;
      chosen.set(embedding.subarray(restart * size, (restart + 1) * size), restart * size);
    });
  }

  const nextTokens = await network.nextTokens(chosen);
  const one = target.embedding.slice(0, size);
  onEmbeddings?.({ restarts, length, width, target: one, best: chosen, last: candidates[0].embedding });
  return results.map((result, restart) => ({
    ...result,
    nextToken: tokenOf(nextTokens?.[restart], text),
    sameNextToken: nextTokens ? nextTokens[restart] === target.nextToken : null,
  }));
}

/** The ratio of mean distances: raw L1 sums over outputs of different sizes cannot be compared. */
function perElement(
  { metric, reduction, fromPosition, channels }: ExperimentSpec,
  { length, width, outputWidth }: PlacedNetwork,
  { inputDistance, outputDistance }: Distances,
): number | null {
  if (metric !== "l1") return null;
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

/** Throws a LabError (badInput) when a distance at iteration n is no finite number: by the rate, where one has been taken. */
export function throwIfDiverged(
  distances: ArrayLike<number>,
  iteration: number,
  learningRate: number,
  type: FloatType,
): void {
  if (iteration === 0) return throwIfNotFinite(distances, startNotFinite(type));
  throwIfNotFinite(
    distances,
    () =>
      `The run diverged: at iteration ${iteration} the distance is no longer a number. Try a learning rate below ${learningRate}.`,
  );
}
