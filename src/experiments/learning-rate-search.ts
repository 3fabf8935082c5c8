// Which learning rate? The L1 sum grows with the output's width, so a rate that suits one condition does not suit the
// next, and conditions can be compared only when each has its own. A ladder of rates goes down from one start point, each
// rung as one restart of a batch, for as many iterations as a short look takes; the closest one wins.

import { yieldToEventLoop } from "../common/event-loop.ts";
import { throwIfCancelled } from "../common/errors.ts";
import type { NetworkFunctions } from "../networks/functions.ts";
import { repeat } from "./target.ts";
import type { RateSearch } from "./events.ts";
import { statesNotFinite, throwIfNotFinite } from "./finite.ts";
import { learningRateAt, OPTIMIZER_RULES, type OptimizerName } from "./optimizers.ts";
import type { ExperimentSetting } from "./setting.ts";
import { startPoints, type StartSpec } from "./start-points.ts";

/** Rungs a third of a decade apart, from what barely moves an embedding to what throws it about. */
export const RATES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1] as const;
/** Enough to tell rates apart; a run that is shorter itself is tried at its own length. */
const MOST_ITERATIONS = 60;

/**
 * Tries the ladder; the network's batch is the number of rungs. Throws a LabError: cancelled. When every rung diverges
 * the lowest rate is chosen, and the run itself will say so.
 */
export async function searchLearningRate(
  spec: StartSpec & { readonly iterations: number; readonly optimizer: OptimizerName },
  { embed, targetIds, moments }: Pick<ExperimentSetting, "embed" | "targetIds" | "moments">,
  network: NetworkFunctions,
  signal: AbortSignal,
): Promise<RateSearch> {
  const iterations = Math.min(spec.iterations, MOST_ITERATIONS);
  const target = embed(targetIds);
  const targets = repeat(target, RATES.length);
  const targetOutput = (await network.forward(targets)).slice();
  throwIfNotFinite(targetOutput, statesNotFinite(network.type));
  const e = repeat(startPoints({ ...spec, restarts: 1 }, target, moments), RATES.length);
  const size = target.length;
  const rungs = RATES.map((rate, rung) => ({
    rate,
    point: e.subarray(rung * size, (rung + 1) * size),
    update: OPTIMIZER_RULES[spec.optimizer](size, network.type),
  }));
  let distances: number[] = [];
  for (let n = 0; n <= iterations; n++) {
    throwIfCancelled(signal);
    const { distance, gradient } = await network.distanceAndGradient(e, targetOutput);
    distances = Array.from(distance);
    if (n === iterations) break;
    rungs.forEach(({ rate, point, update }, rung) => {
      update(point, gradient.subarray(rung * size, (rung + 1) * size), learningRateAt(rate, n, iterations));
    });
    await yieldToEventLoop();
  }
  const outputDistances = distances.map((distance) => (Number.isFinite(distance) ? distance : null));
  const found = outputDistances.map((distance) => distance ?? Infinity);
  return { iterations, rates: RATES, outputDistances, chosen: RATES[found.indexOf(Math.min(...found))] };
}
