// The experiment spec: what may be left out, and what is said about what is wrong.

import assert from "node:assert/strict";
import { LabError } from "../../src/common/errors.ts";
import { parseSpec, PRESETS } from "../../src/experiments/spec.ts";

const refusal = (request: unknown): string => {
  try {
    parseSpec(request);
  } catch (error) {
    assert.ok(error instanceof LabError && error.kind === "badInput");
    return error.message;
  }
  throw new Error(`accepted ${JSON.stringify(request)}`);
};

describe("experiment spec", () => {
  it("needs a prompt only", () => {
    const spec = parseSpec({ prompt: "The sky is blue." });
    assert.equal(spec.blocks, 1);
    assert.equal(spec.every, spec.iterations / 40);
  });

  it("parses its own result again to the same", () => {
    const spec = parseSpec({ prompt: "x", restarts: 4, start: "custom", startMean: 0, startStd: 1 });
    assert.deepEqual(parseSpec(JSON.parse(JSON.stringify(spec))), spec);
  });

  it("says in one sentence what is wrong", () => {
    assert.match(refusal({ prompt: " \n\t" }), /^The prompt is empty/);
    assert.match(refusal({}), /^prompt is missing/);
    assert.match(refusal({ prompt: "x", iterations: -1 }), /^iterations is -1: .*1/);
    assert.match(refusal({ prompt: "x", iterations: 1.5 }), /^iterations is 1.5/);
    assert.match(refusal({ prompt: "x", learningRate: 0 }), /^learningRate is 0/);
    assert.match(refusal({ prompt: "x", blocks: 0 }), /^blocks is 0/);
    assert.match(refusal({ prompt: "x", output: "attention" }), /^output is "attention": .*block/);
    assert.match(refusal({ prompt: "x", depth: 3 }), /Unknown field.*depth/);
    assert.match(refusal({ prompt: "x", startMean: 1 }), /start custom/);
    assert.match(refusal({ prompt: "x", start: "custom" }), /startMean and startStd/);
    assert.match(
      refusal({ prompt: "x", weights: "int8", network: "perToken" }),
      /^weights int8 is for network gpt2 only/,
    );
    assert.match(refusal("text"), /^The experiment is "text"/);
  });

  it("has the source's own setting under a name", () => {
    const spec = parseSpec({ prompt: "x", ...PRESETS.source });
    assert.deepEqual(
      [spec.output, spec.positions, spec.start, spec.optimizer, spec.metric],
      ["blockHead", "first", "source", "gd", "l1"],
    );
  });
});
