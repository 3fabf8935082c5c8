// What protection costs: the next tokens that the rest of the network predicts from protected states, against those that it
// predicts from the states as they are.

import type { FloatArray } from "../../common/floats.ts";
import type { Utility } from "../events.ts";
import type { StatesSetting } from "../setting.ts";

/** Positions whose logits are held at a time: 13 MB each with GPT-2's vocabulary. */
const ROWS = 64;

/** Of a changed output [T, K] behind a number of blocks, against the output as it is. */
export async function utilityOf(
  rest: StatesSetting["rest"],
  blocks: number,
  output: FloatArray,
  changed: FloatArray,
  T: number,
): Promise<Utility> {
  const states = [await rest.through(output, blocks), await rest.through(changed, blocks)];
  const width = states[0].length / T;
  const agreements: boolean[] = [];
  const kls: (number | null)[] = [];
  for (let from = 0; from < T; from += ROWS) {
    const count = Math.min(ROWS, T - from);
    const [wanted, found] = [
      await rest.logits(states[0].slice(from * width, (from + count) * width)),
      await rest.logits(states[1].slice(from * width, (from + count) * width)),
    ];
    const V = wanted.length / count;
    for (let t = 0; t < count; t++) {
      const [p, q] = [wanted, found].map((all) => all.subarray(t * V, (t + 1) * V));
      const kl = klDivergence(p, q);
      kls.push(kl);
      agreements.push(kl !== null && likeliest(p) === likeliest(q));
    }
  }
  return {
    agreement: agreements.filter(Boolean).length / T,
    kl: kls.reduce<number | null>((sum, kl) => (sum === null || kl === null ? null : sum + kl / T), 0),
    agreements,
    kls,
  };
}

/**
 * Σ p (log p − log q) in nats, p and q being the softmax of logits [V]; null where a logit is no finite number, as of states
 * that a 16-bit format was too narrow for.
 */
export function klDivergence(p: FloatArray, q: FloatArray): number | null {
  const [logP, logQ] = [p, q].map(logNormaliser);
  let sum = 0;
  for (let v = 0; v < p.length; v++) sum += Math.exp(p[v] - logP) * (p[v] - logP - (q[v] - logQ));
  if (!Number.isFinite(sum)) return null;
  // Of distributions that are alike in all digits, rounding may leave less than nothing.
  return Math.max(0, sum);
}

/** log Σ exp(l), in float64. */
function logNormaliser(logits: FloatArray): number {
  let most = -Infinity;
  for (const logit of logits) most = Math.max(most, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return most + Math.log(sum);
}

function likeliest(logits: FloatArray): number {
  let best = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v] > logits[best]) best = v;
  return best;
}
