// What `doctor` shows of a checkpoint, against PyTorch: the values are made by test/reference/doctor.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type ParityReport, parityReport } from "../../src/engine/parity.ts";
import { TEST_CACHE, TINY_GPT2 } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";

const reference = JSON.parse(readFileSync(path.join(TINY_GPT2, "doctor.json"), "utf8")) as ParityReport;
const options = { cacheFolder: TEST_CACHE, initSeed: 0 };

describe("the figures of a checkpoint", () => {
  it("are PyTorch's at every tap, and so are the next tokens", async () => {
    const report = await parityReport(TINY_GPT2, undefined, options);
    assert.equal(report.blocks, 2);
    assert.deepEqual(report.tokenIds, reference.tokenIds);
    assert.deepEqual(
      report.taps.map(({ tap }) => tap),
      ["embedding", "block 1", "block 2", "finalNorm", "logits"],
    );
    for (const [index, { tap, norm, checksum }] of report.taps.entries()) {
      const expected = reference.taps[index];
      assert.equal(tap, expected.tap);
      assert.ok(Math.abs(norm - expected.norm) < 1e-6 * expected.norm, `norm of ${tap}`);
      assert.ok(Math.abs(checksum - expected.checksum) < 1e-6 * expected.norm, `checksum of ${tap}`);
    }
    const [actual, expected] = [report, reference].map(({ nextTokens }) => nextTokens);
    assert.deepEqual(
      actual.map(({ id }) => id),
      expected.map(({ id }) => id),
    );
    const probabilities = (tokens: typeof actual) => tokens.map(({ probability }) => probability);
    assert.ok(relativeError(probabilities(actual), probabilities(expected)) < 1e-6);
  });

  it("are those of the first blocks where fewer are asked for", async () => {
    const report = await parityReport(TINY_GPT2, 1, options);
    assert.deepEqual(
      report.taps.map(({ tap }) => tap),
      ["embedding", "block 1", "finalNorm", "logits"],
    );
    assert.ok(Math.abs(report.taps[1].norm - reference.taps[1].norm) < 1e-5);
    await assert.rejects(parityReport(TINY_GPT2, 3, options), { kind: "badInput" });
  });
});
