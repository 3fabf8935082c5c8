// What `npm test` makes of tests that pass only at their second try.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { root } from "../../scripts/ready.js";
import { sentenceOf } from "../../scripts/test.js";

const PROGRAM = `
  import { mocha, sentenceOf } from "./scripts/test.js";
  const parameters = ["test/scripts/fixtures/second-try.ts", ...process.argv.slice(1)];
  console.log(sentenceOf(await mocha("", parameters)));`;

describe("scripts/test.js", () => {
  const told = async (...parameters: string[]) => {
    const arguments_ = ["--input-type=module", "--eval", PROGRAM, "--", ...parameters];
    return (await promisify(execFile)(process.execPath, arguments_, { cwd: root })).stdout;
  };

  it("tells what passed only at its second try, with the first one's error, and counts it", async () => {
    const text = await told("--retries", "1");
    assert.match(text, /\n +flaky: right at last\n +AssertionError.*: too early\n/);
    assert.match(text, /\n +failed before: wrong\n +AssertionError.*: never\n/);
    assert.match(text, /\n2 passed, 1 failed, 1 flaky\n$/);
  });

  it("tries nothing twice, and says nothing of it, unless it is asked to", async () => {
    const text = await told();
    assert.doesNotMatch(text, /flaky|failed before/);
    assert.match(text, /\n1 passed, 2 failed\n$/);
    assert.equal(sentenceOf({ passed: 1136, failed: 0, flaky: 0 }), "1136 passed, 0 failed");
  });
});
