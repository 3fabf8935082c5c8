// Runs that cannot come to their end while a test looks on, however slow the machine is: it has to stop them.

/**
 * A million iterations through all blocks of the small network: 13 minutes on two quick cores that have nothing else to
 * do. Shown often, since a run is paused at a shown iteration.
 */
const ENDLESS = { checkpoint: "random:mini", blocks: 4, iterations: 1_000_000, every: 200 };

/** The file of an experiment that inverts this prompt without an end. */
export const endlessFile = (prompt: string): string => JSON.stringify({ prompt, ...ENDLESS });

/** The same by settings, which leave it at an iteration shown in 25,000: through one block, for it not to take long. */
export const ENDLESS_SETTINGS = {
  "inversionLab.checkpoint": ENDLESS.checkpoint,
  "inversionLab.iterations": ENDLESS.iterations,
  "inversionLab.stopWhenExact": 0,
};
