// What weights in fewer bits change: the network that has them, Ô, against the one with the stored weights, O, at the
// target's own embedding e*.

import type { FloatArray } from "../common/floats.ts";
import type { NetworkFunctions } from "../networks/functions.ts";
import { statesNotFinite, throwIfNotFinite } from "./finite.ts";
import { repeat } from "./target.ts";
import type { Quantisation } from "./events.ts";

/** The measure is the network's own. e* [T, D]; O(e*) [T, K], or undefined where it could not be had. */
export async function quantisationAt(
  network: NetworkFunctions,
  target: FloatArray,
  storedOutput: FloatArray | undefined,
): Promise<Pick<Quantisation, "outputError" | "outputDistance">> {
  if (!storedOutput) return { outputError: null, outputDistance: null };
  throwIfNotFinite(storedOutput, statesNotFinite(network.type));
  const e = repeat(target, network.batch);
  const output = await network.forward(e);
  let [off, all] = [0, 0];
  storedOutput.forEach((value, i) => {
    off += (output[i] - value) * (output[i] - value);
    all += value * value;
  });
  const outputError = off === 0 ? 0 : Math.sqrt(off / all);
  const { distance } = await network.distanceAndGradient(e, repeat(storedOutput, network.batch));
  return { outputError, outputDistance: distance[0] };
}
