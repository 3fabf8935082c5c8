// Texts that a network samples from itself, many at once: its own distribution stands in for the texts that it was trained
// on, which nobody needs to have.

import { yieldToEventLoop } from "../../common/event-loop.ts";
import { throwIfCancelled } from "../../common/errors.ts";
import type { FloatArray } from "../../common/floats.ts";
import { randomStream } from "../../common/random.ts";
import type { CachedPass } from "../../networks/functions.ts";
import { oneOfEach, Prefix, type PrefixSizes } from "./prefix.ts";

/** A whole network, with its head. */
export interface SamplingNetwork {
  readonly vocabulary: number;
  readonly sizes: Omit<PrefixSizes, "capacity">;
  openPass(rows: number, past: number): Promise<CachedPass>;
  /** e(v) + P [n, D] of tokens that all stand at one position. */
  embedAt(ids: readonly number[], position: number): FloatArray;
  /** softmax(h Wᵀ / τ) of final states h [N, D] with the head W: [N, V]. */
  probabilities(states: FloatArray, temperature: number): Promise<FloatArray>;
}

/** Texts sampled side by side. */
const TEXTS = 64;
/** Flatter than the network's own distribution, so that fewer texts cover more of it. */
const TEMPERATURE = 1.5;

/**
 * Samples texts of T tokens; the first token of each is any, as likely as another. Throws a LabError (cancelled).
 */
export async function sampleTexts(
  network: SamplingNetwork,
  { texts, length: T, seed }: { readonly texts: number; readonly length: number; readonly seed: number },
  onTokens: (count: number) => void,
  signal: AbortSignal,
): Promise<number[][]> {
  const { vocabulary: V, sizes } = network;
  const pass = await network.openPass(TEXTS, TEXTS * T);
  const all: number[][] = [];
  for (let batch = 0; all.length < texts; batch++) {
    const uniform = new Float64Array(TEXTS * T);
    randomStream(seed, `sampled texts ${batch}`).fillUniform(uniform, 0, 1);
    const prefix = new Prefix({ ...sizes, capacity: TEXTS * T });
    let ids = Array.from(uniform.subarray(0, TEXTS), (u) => Math.floor(u * V));
    const some = ids.map((id) => [id]);
    for (let t = 1; t < T; t++) {
      const result = await prefix.pass(pass, network.embedAt(ids, t - 1), oneOfEach(TEXTS));
      prefix.settle(result, 0, TEXTS);
      const next = await network.probabilities(result.states[0], TEMPERATURE);
      ids = ids.map((_, text) => drawn(next.subarray(text * V, (text + 1) * V), uniform[t * TEXTS + text]));
      ids.forEach((id, text) => some[text].push(id));
      onTokens(TEXTS);
      await yieldToEventLoop();
      throwIfCancelled(signal);
    }
    all.push(...some);
  }
  return all.slice(0, texts);
}

/** The token at a place of the cumulative distribution, 0 < place < 1. */
function drawn(probabilities: FloatArray, place: number): number {
  let left = place;
  for (let id = 0; id < probabilities.length; id++) if ((left -= probabilities[id]) < 0) return id;
  return probabilities.length - 1;
}
