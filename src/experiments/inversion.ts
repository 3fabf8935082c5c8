// Gradient inversion: which input has the hidden states of this text? Starting from noise,
//   e ← e − η ∇ₑ d(O(e), O(e*)),   η falling linearly to η/10   (equations 1 and 2),
// for B start points at once; what each has become is read as tokens on a schedule (equation 3).

import { setImmediate as otherEvents } from "node:timers/promises";
import { LabError } from "../common/errors.ts";
import { type FloatArray, floats, typeOf } from "../common/floats.ts";
import type { NetworkFunctions } from "../networks/functions.ts";
import type { Decoding, EmbeddingDecoder } from "../text/decoder.ts";
import type { Moments } from "../text/embedding-statistics.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { EndEvent, RestartResult, RunEvent, StartEvent, StepEvent, Token } from "./events.ts";
import { learningRateAt, OPTIMIZER_RULES } from "./optimizers.ts";
import { median, shiftDistances } from "./shift-test.ts";
import type { ExperimentSpec } from "./spec.ts";
import { startPoints } from "./start-points.ts";

/** All that the method needs beside its spec. */
export interface InversionSetting {
  /** Its batch is the spec's number of restarts. */
  readonly network: NetworkFunctions;
  readonly decoder: EmbeddingDecoder;
  readonly targetIds: readonly number[];
  /** Token plus position embedding, [T] → [T, D]. */
  readonly embed: (tokenIds: readonly number[]) => FloatArray;
  /** Of the checkpoint's embeddings: the "matched" start. */
  readonly moments: Moments;
  /** The text of one token, and of a row of them. */
  readonly text: Pick<Tokenizer, "token" | "decode">;
  /** Where the run takes place, for its record. */
  readonly provenance: Pick<StartEvent, "device" | "memory" | "checkpoint" | "versions">;
  /** Milliseconds of any steady clock. */
  readonly now: () => number;
}

/**
 * Runs the inversion: a start event, a step event for every restart at iterations 0, `every`, 2·`every`… and N, and an
 * end event. Once the signal is aborted it ends after the iteration at hand, with what it has. Throws a LabError when
 * the descent diverges.
 */
export async function* invert(
  spec: ExperimentSpec,
  setting: InversionSetting,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const { network, decoder, now } = setting;
  const began = now();
  const target = repeat(setting.embed(setting.targetIds), spec.restarts);
  const targetOutput = await network.forward(target);
  const [nextToken] = await network.nextTokens(target);
  const shifts = await shiftDistances(network, target, targetOutput, {
    std: spec.shiftStd,
    draws: spec.shiftDraws,
    seed: spec.seed,
  });
  const shiftDistance = median(shifts);
  yield startEvent(spec, setting, nextToken, shiftDistance, shifts);

  const e = startPoints(spec, target, setting.moments);
  const update = OPTIMIZER_RULES[spec.optimizer](e.length, network.type);
  const tracker = new ClosestIterates(e, spec.restarts, shiftDistance);
  const N = spec.iterations;
  let final: Candidate;
  for (let n = 0; ; n++) {
    const { distance, gradient } = await network.distanceAndGradient(e, targetOutput);
    const outputDistances = Array.from(distance);
    throwIfDiverged(outputDistances, n, spec.learningRate);
    tracker.visit(n, e, outputDistances);
    const learningRate = learningRateAt(spec.learningRate, n, N);
    const last = n === N || signal.aborted;
    if (n % spec.every === 0 || last) {
      const decodings = await decoder.decode(e);
      const inputDistances = absoluteDistances(e, target, spec.restarts);
      for (let restart = 0; restart < spec.restarts; restart++) {
        yield stepEvent(setting, decodings[restart], {
          restart,
          iteration: n,
          learningRate,
          outputDistance: outputDistances[restart],
          inputDistance: inputDistances[restart],
        });
      }
      if (last) {
        final = { embedding: e, iterations: outputDistances.map(() => n), outputDistances, decodings };
        break;
      }
    }
    update(e, gradient, learningRate);
    await otherEvents(); // Sessions block the thread: without this no cancellation would ever arrive.
  }

  const closest: Candidate = { ...tracker.closest, decodings: await decoder.decode(tracker.closest.embedding) };
  const results = await judge(setting, [final, closest], {
    target,
    targetOutput,
    nextToken,
    beatsShiftAt: tracker.beatsShiftAt,
  });
  const [iterations] = final.iterations;
  yield endEvent(iterations === N ? "completed" : "cancelled", iterations, results, now() - began);
}

/** One iterate of each restart. */
interface Iterates {
  /** [B, T, D] */
  readonly embedding: FloatArray;
  readonly iterations: number[];
  readonly outputDistances: number[];
}

interface Candidate extends Iterates {
  readonly decodings: readonly Decoding[];
}

/** Keeps each restart's iterate of smallest output distance, and when it first passed the shift test. */
class ClosestIterates {
  readonly closest: Iterates;
  readonly beatsShiftAt: (number | null)[];
  readonly #shiftDistance: number;

  constructor(start: FloatArray, restarts: number, shiftDistance: number) {
    this.closest = {
      embedding: start.slice(),
      iterations: new Array<number>(restarts).fill(0),
      outputDistances: new Array<number>(restarts).fill(Infinity),
    };
    this.beatsShiftAt = new Array<null>(restarts).fill(null);
    this.#shiftDistance = shiftDistance;
  }

  visit(iteration: number, embedding: FloatArray, outputDistances: readonly number[]): void {
    const { closest } = this;
    const size = embedding.length / outputDistances.length;
    outputDistances.forEach((distance, restart) => {
      if (distance < this.#shiftDistance) this.beatsShiftAt[restart] ??= iteration;
      if (distance >= closest.outputDistances[restart]) return;
      closest.outputDistances[restart] = distance;
      closest.iterations[restart] = iteration;
      closest.embedding.set(embedding.subarray(restart * size, (restart + 1) * size), restart * size);
    });
  }
}

interface Aim {
  readonly target: FloatArray;
  readonly targetOutput: FloatArray;
  readonly nextToken: number;
  readonly beatsShiftAt: readonly (number | null)[];
}

/**
 * What each restart came to: of its candidate iterates the one whose tokens, embedded again, have the output closest to
 * the target's (the discrete distance); of equals the one that was closer itself.
 */
async function judge(setting: InversionSetting, candidates: readonly Candidate[], aim: Aim): Promise<RestartResult[]> {
  const { network, text, targetIds, embed } = setting;
  const restarts = network.batch;
  const size = aim.target.length / restarts;
  const chosen = aim.target.slice();
  const results: Omit<RestartResult, "nextToken" | "sameNextToken">[] = [];

  for (const { embedding, iterations, outputDistances, decodings } of candidates) {
    const inputDistances = absoluteDistances(embedding, aim.target, restarts);
    const discrete = aim.target.slice();
    decodings.forEach(({ tokenIds }, restart) => discrete.set(embed(tokenIds), restart * size));
    const { distance } = await network.distanceAndGradient(discrete, aim.targetOutput);
    decodings.forEach(({ tokenIds }, restart) => {
      const result = {
        restart,
        iteration: iterations[restart],
        tokenIds,
        tokens: tokenIds.map((id) => text.token(id)),
        text: text.decode(tokenIds),
        exact: tokenIds.every((id, position) => id === targetIds[position]),
        outputDistance: outputDistances[restart],
        inputDistance: inputDistances[restart],
        discreteDistance: distance[restart],
        beatsShift: aim.beatsShiftAt[restart] !== null,
        beatsShiftAt: aim.beatsShiftAt[restart],
      };
      if (results[restart] && !isCloser(result, results[restart])) return;
      results[restart] = result;
      chosen.set(embedding.subarray(restart * size, (restart + 1) * size), restart * size);
    });
  }

  const nextTokens = await network.nextTokens(chosen);
  return results.map((result, restart) => ({
    ...result,
    nextToken: { id: nextTokens[restart], text: text.token(nextTokens[restart]) },
    sameNextToken: nextTokens[restart] === aim.nextToken,
  }));
}

type Closeness = Pick<RestartResult, "discreteDistance" | "outputDistance">;

const isCloser = (a: Closeness, b: Closeness): boolean =>
  a.discreteDistance < b.discreteDistance ||
  (a.discreteDistance === b.discreteDistance && a.outputDistance < b.outputDistance);

function startEvent(
  spec: ExperimentSpec,
  { targetIds, text, provenance }: InversionSetting,
  nextToken: number,
  shiftDistance: number,
  shifts: readonly number[],
): StartEvent {
  const token = (id: number): Token => ({ id, text: text.token(id) });
  return {
    type: "start",
    spec,
    target: {
      tokenIds: targetIds,
      tokens: targetIds.map((id) => text.token(id)),
      text: text.decode(targetIds),
      nextToken: token(nextToken),
    },
    shiftDistance,
    shiftDistances: shifts,
    ...provenance,
  };
}

function stepEvent(
  { text }: InversionSetting,
  { tokenIds, topK, targetRanks }: Decoding,
  measured: Pick<StepEvent, "restart" | "iteration" | "learningRate" | "outputDistance" | "inputDistance">,
): StepEvent {
  return {
    type: "step",
    ...measured,
    ratio: measured.outputDistance === 0 ? null : measured.inputDistance / measured.outputDistance,
    tokenIds,
    text: text.decode(tokenIds),
    topK: topK.map((row) => row.map(({ id, score }) => ({ id, text: text.token(id), score }))),
    targetRanks,
  };
}

function endEvent(
  status: EndEvent["status"],
  iterations: number,
  restarts: readonly RestartResult[],
  elapsedMs: number,
): EndEvent {
  const best = restarts.reduce((closest, result) => (isCloser(result, closest) ? result : closest));
  return { type: "end", status, iterations, best, restarts, elapsedMs };
}

/** Rows one after the other, B times: [T, D] → [B, T, D]. */
function repeat(rows: FloatArray, times: number): FloatArray {
  const all = floats(typeOf(rows), rows.length * times);
  for (let time = 0; time < times; time++) all.set(rows, time * rows.length);
  return all;
}

/** ‖a − b‖₁ of each restart. */
function absoluteDistances(a: FloatArray, b: FloatArray, restarts: number): number[] {
  const size = a.length / restarts;
  return Array.from({ length: restarts }, (_, restart) => {
    let sum = 0;
    for (let i = restart * size; i < (restart + 1) * size; i++) sum += Math.abs(a[i] - b[i]);
    return sum;
  });
}

function throwIfDiverged(distances: readonly number[], iteration: number, learningRate: number): void {
  if (distances.every(Number.isFinite)) return;
  throw new LabError(
    "badInput",
    `The descent diverged: at iteration ${iteration} the distance is no longer a number. Try a learning rate below ${learningRate}.`,
  );
}
