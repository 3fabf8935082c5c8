// One VS Code a suite of tests, and what every suite ends with.

import assert from "node:assert/strict";
import { Panel } from "./panel.ts";
import { Workbench, type WorkbenchOptions } from "./workbench.ts";

/** One VS Code for the tests of a suite, opened before the first and closed after the last. */
export function useWorkbench(options: WorkbenchOptions | (() => Promise<WorkbenchOptions>)): {
  readonly workbench: Workbench;
  readonly panel: Panel;
} {
  let workbench: Workbench | undefined;
  const opened = (): Workbench => {
    assert.ok(workbench, "VS Code is not open.");
    return workbench;
  };
  before(async () => {
    workbench = await Workbench.open(typeof options === "function" ? await options() : options);
  });
  // A second try begins where every test can begin; what it has to find, it makes.
  beforeEach(async function () {
    if (!this.currentTest || !isSecondTry(this.currentTest)) return;
    await opened()
      .tidy()
      .catch((error: unknown) => console.log(`      Not tidied up: ${String(error)}`)); // the test will tell whether it matters
  });
  afterEach(async function () {
    // One that is to be tried again is not called failed.
    if (this.currentTest && !this.currentTest.isPassed() && !this.currentTest.isPending())
      await workbench?.failureScreenshot(this.currentTest.fullTitle());
  });
  after(() => workbench?.close());
  return {
    get workbench() {
      return opened();
    },
    get panel() {
      return new Panel(opened());
    },
  };
}

/** Mocha's types hide what its documentation offers. */
const isSecondTry = (test: object): boolean => (test as { currentRetry(): number }).currentRetry() > 0;

/** The last test of each suite. */
export function itWasQuiet(the: { readonly workbench: Workbench }): void {
  it("breaks no content security policy and throws no error", () => {
    const { problems } = the.workbench;
    if (problems.length > 0) assert.fail(problems.join("\n\n"));
  });
}
