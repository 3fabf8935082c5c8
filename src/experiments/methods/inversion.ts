// Gradient inversion: which input has the hidden states of this text? Starting from noise,
//   e ← e − η ∇ₑ d(O(e), O(e*)),   η falling linearly to η/10   (equations 1 and 2),
// for B start points at once; what each has become is read as tokens on a schedule (equation 3).

import { yieldToEventLoop } from "../../common/event-loop.ts";
import type { FloatArray } from "../../common/floats.ts";
import {
  type Candidate,
  endEvent,
  isCloser,
  judge,
  startEvent,
  stepEvent,
  takeAim,
  throwIfDiverged,
} from "../target.ts";
import type { RunEvent } from "../events.ts";
import { absoluteDistances } from "../metrics.ts";
import { learningRateAt, OPTIMIZER_RULES } from "../optimizers.ts";
import type { ExperimentSetting } from "../setting.ts";
import type { InversionSpec } from "../spec.ts";
import { startPoints } from "../start-points.ts";

/**
 * Runs the inversion: a start event, a step event for every restart at iterations 0, `every`, 2·`every`… and N, and an
 * end event. Once the signal is aborted it ends after the iteration at hand, with what it has. Throws a LabError when
 * the descent diverges.
 */
export async function* invert(
  spec: InversionSpec,
  setting: ExperimentSetting,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const { network, decoder, now, rateSearch } = setting;
  const began = now();
  const aim = await takeAim(spec, setting);
  yield startEvent(spec, setting, aim);

  const { target, targetOutput } = aim;
  const e = startPoints(spec, target, setting.moments);
  const update = OPTIMIZER_RULES[spec.optimizer](e.length, network.type);
  const tracker = new ClosestIterates(e, spec.restarts, aim.shiftDistance);
  const N = spec.iterations;
  const rate = rateSearch?.chosen ?? (spec.learningRate as number);
  let final: Candidate;
  for (let n = 0; ; n++) {
    const { distance, gradient } = await network.distanceAndGradient(e, targetOutput);
    const outputDistances = Array.from(distance);
    throwIfDiverged(outputDistances, n, rate);
    tracker.visit(n, e, outputDistances);
    const learningRate = learningRateAt(rate, n, N);
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
    await yieldToEventLoop(); // Sessions block the thread: without this no cancellation would ever arrive.
  }

  const closest: Candidate = { ...tracker.closest, decodings: await decoder.decode(tracker.closest.embedding) };
  const verdicts = tracker.beatsShiftAt.map((at) => ({ beatsShift: at !== null, beatsShiftAt: at }));
  const results = await judge(spec, setting, aim, [final, closest], verdicts);
  yield endEvent(spec, final.iterations[0], results, isCloser, now() - began);
}

/** Keeps each restart's iterate of smallest output distance, and when it first passed the shift test. */
class ClosestIterates {
  readonly closest: {
    readonly embedding: FloatArray;
    readonly iterations: number[];
    readonly outputDistances: number[];
  };
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
