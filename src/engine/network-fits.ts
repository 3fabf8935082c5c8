// The fits of a network that is open: read from the cache one at a time, and those that it has not made in one go.

import { existsSync } from "node:fs";
import { FirstTokenTables, type FitSizes, type FitOptions, makeFits } from "../experiments/exact/fit.ts";
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

const filesOf = ({ cacheFolder, taps, of, sizes }: FitsRequest): string[] =>
  taps.map((tap) => fitFile(cacheFolder, { ...of, tap }, sizes));

export class NetworkFits {
  readonly #last = new SingleEntryCache<StoredFit | undefined>();
  /** Tables that are being made, while nobody waits for a run. */
  #growing: { readonly files: readonly string[]; readonly tables: FirstTokenTables } | undefined;

  /**
   * Gives the fits of a network that rank first tokens by a few of them the table of all, whole or not at all. Throws
   * LabErrors; after a cancellation it goes on where it was.
   */
  async completeFirstTokens(request: FitsRequest, signal: AbortSignal): Promise<void> {
    const { network, taps } = request;
    const files = filesOf(request);
    const lacking: number[] = [];
    for (const [tap, file] of files.entries()) {
      const { firstTokens } = (await this.#last.open(file, () => readFit(file)))?.fit ?? {};
      if (!firstTokens) lacking.push(tap);
    }
    if (lacking.length === 0) return;
    const wanted = lacking.map((tap) => files[tap]);
    if (this.#growing?.files.join() !== wanted.join()) {
      this.#growing = { files: wanted, tables: new FirstTokenTables(network, lacking, FIT_SEED) };
    }
    const tables = await this.#growing.tables.complete(signal);
    this.#growing = undefined;
    for (const [i, tap] of lacking.entries()) {
      const stored = await readFit(files[tap]);
      if (!stored) continue; // It was deleted meanwhile.
      await writeFit(
        files[tap],
        { ...request.of, tap: taps[tap] },
        { ...stored, fit: { ...stored.fit, firstTokens: tables[i] } },
      );
    }
    this.#last.forget();
  }

  /** The fits of a network by the place of the tap. They throw LabErrors (cancelled, storage). */
  of(request: FitsRequest): StatesSetting["fit"] {
    const { network, taps, of, sizes } = request;
    const files = filesOf(request);
    const made = new Set<number>();
    const make = async (missing: readonly number[]): Promise<void> => {
      for await (const { tap, ...stored } of makeFits(network, missing, sizes, { ...request, seed: FIT_SEED })) {
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
