// The fits of a network that is open: read from the cache one at a time, and those that it has not made in one go.

import { existsSync } from "node:fs";
import { type FitSizes, type FitOptions, makeFits } from "../experiments/exact/fit.ts";
import type { StatesNetwork } from "../experiments/exact/states-network.ts";
import type { StatesSetting } from "../experiments/setting.ts";
import type { Tap } from "../networks/cached-pass.ts";
import { SingleEntryCache } from "../common/single-entry-cache.ts";
import { type FittedNetwork, fitFile, readFit, type StoredFit, writeFit } from "./state-fits.ts";

/** Of all that a fit draws at random; fits are shared by runs of all seeds. */
const FIT_SEED = 0;

export interface FitsRequest extends Omit<FitOptions, "seed"> {
  readonly cacheFolder: string;
  readonly network: StatesNetwork;
  readonly taps: readonly Tap[];
  readonly of: Omit<FittedNetwork, "tap">;
  readonly sizes: FitSizes;
}

export class NetworkFits {
  readonly #last = new SingleEntryCache<StoredFit | undefined>();

  /** The fits of a network by the place of the tap. They throw LabErrors (cancelled, storage). */
  of({ cacheFolder, network, taps, of, sizes, ...options }: FitsRequest): StatesSetting["fit"] {
    const files = taps.map((tap) => fitFile(cacheFolder, { ...of, tap }, sizes));
    const made = new Set<number>();
    const make = async (missing: readonly number[]): Promise<void> => {
      for await (const { tap, ...stored } of makeFits(network, missing, sizes, { ...options, seed: FIT_SEED })) {
        await writeFit(files[tap], { ...of, tap: taps[tap] }, stored);
        made.add(tap);
      }
      // What the fits needed open, the search needs in other sizes.
      await network.release();
      // As they are read the next time: a run is the same whoever made its fit.
      this.#last.forget();
    };
    return async (tap) => {
      const missing = taps.flatMap((_, k) => (existsSync(files[k]) ? [] : [k]));
      if (missing.length > 0) await make(missing);
      const read = () => this.#last.open(files[tap], () => readFit(files[tap]));
      let stored = await read();
      if (!stored) {
        await make([tap]); // It was there, and is not what was written.
        stored = await read();
      }
      return { ...stored!, isCached: !made.has(tap) };
    };
  }
}
