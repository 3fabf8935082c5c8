// Mocha's usual report, and its counts as JSON into a file, so that several suites can be summed up.

import { writeFileSync } from "node:fs";
import Mocha from "mocha";

class CountingReporter extends Mocha.reporters.Spec {
  /** @param {Mocha.Runner} runner @param {Mocha.MochaOptions} options with reporterOptions.counts, the file */
  constructor(runner, options) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      writeFileSync(options.reporterOptions.counts, JSON.stringify(runner.stats));
    });
  }
}

// Mocha loads reporters by require(), which gives what has this name.
export { CountingReporter as "module.exports" };
