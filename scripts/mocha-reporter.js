// Mocha's usual report, with what passed only at its second try told apart, and its counts as JSON into a file, so that
// several suites can be summed up.

import { writeFileSync } from "node:fs";
import Mocha from "mocha";

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_RETRY } = Mocha.Runner.constants;
/** Without Mocha's own part of a stack. */
const shortened = Mocha.utils.stackTraceFilter();

class CountingReporter extends Mocha.reporters.Spec {
  /** @param {Mocha.Runner} runner @param {Mocha.MochaOptions} options with reporterOptions.counts, the file */
  constructor(runner, options) {
    super(runner, options);
    /** @type {Map<Mocha.Test, Error>} by tests, what the first try failed with */
    const firstErrors = new Map();
    const firstTry = (/** @type {Mocha.Test & {retriedTest?(): Mocha.Test | undefined}} */ test) =>
      test.retriedTest?.() ?? test;
    const tellFirst = (/** @type {string} */ what, /** @type {Mocha.Test} */ test) => {
      const error = firstErrors.get(firstTry(test));
      if (!error) return;
      const lines = shortened(error.stack ?? error.message).split("\n");
      const text = [`${what}: ${test.title}`, ...lines.map((line) => `  ${line}`)].join("\n");
      Mocha.reporters.Base.consoleLog(text.replaceAll(/^(?=.)/gm, " ".repeat(2 * test.titlePath().length)));
    };
    let flaky = 0;
    runner.on(EVENT_TEST_RETRY, (test, error) => firstErrors.set(firstTry(test), error));
    runner.on(EVENT_TEST_PASS, (test) => {
      if (firstErrors.has(firstTry(test))) flaky++;
      tellFirst("flaky", test);
    });
    // The second try may have failed only at what the first one left behind.
    runner.on(EVENT_TEST_FAIL, (test) => tellFirst("failed before", test));
    runner.once(EVENT_RUN_END, () => {
      writeFileSync(options.reporterOptions.counts, JSON.stringify({ ...runner.stats, flaky }));
    });
  }
}

// Mocha loads reporters by require(), which gives what has this name.
export { CountingReporter as "module.exports" };
