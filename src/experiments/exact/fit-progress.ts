// How far a fit is, and how long it will still take.

import type { OnProgress } from "../../common/progress.ts";
import { equationsWidth } from "./linear-discriminant.ts";
import type { StatesNetwork } from "./states-network.ts";

/** Multiplications in float32, the unit of work: what else is to be done is weighed by how much longer it takes. */
const FLOAT64 = 2;
const HERE = 40; // in this program, on one processor
/** Units a second, before anything is measured: two cores of a Xeon. */
const NOMINAL_RATE = 5e10;
/** Share of the work after which its own speed says more. */
const MEASURED_FROM = 0.01;

/** The parts of a fit, in units. */
export function fitWork({ vocabulary: V, sizes: { width: D }, multiplications }: StatesNetwork) {
  return {
    token: multiplications.pass,
    sampledToken: multiplications.sampled,
    /** A token's row in the normal equations of one tap. */
    row: (hasContext: boolean) => FLOAT64 * equationsWidth(D, hasContext) ** 2,
    /** From the normal equations to a discriminant: regressors K = M − D. */
    solving: (hasContext: boolean) => {
      const K = equationsWidth(D, hasContext) - D;
      return HERE * (K ** 3 / 3 + 3 * D * K ** 2 + 8 * D ** 3) + V * D ** 2;
    },
  };
}

export class FitProgress {
  readonly #total: number;
  readonly #onProgress: OnProgress;
  readonly #now: () => number;
  readonly #began: number;
  #done = 0;

  constructor(total: number, { onProgress, now }: { readonly onProgress: OnProgress; readonly now: () => number }) {
    this.#total = total;
    this.#onProgress = onProgress;
    this.#now = now;
    this.#began = now();
    this.#tell();
  }

  add(work: number): void {
    this.#done += work;
    this.#tell();
  }

  #tell(): void {
    const [done, total] = [this.#done, this.#total];
    const seconds = (this.#now() - this.#began) / 1000;
    const rate = done > MEASURED_FROM * total && seconds > 0 ? done / seconds : NOMINAL_RATE;
    this.#onProgress({ stage: "Fitting on known texts", done, total, secondsLeft: (total - done) / rate });
  }
}
