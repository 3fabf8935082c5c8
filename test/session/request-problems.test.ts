import assert from "node:assert/strict";
import { LabError } from "../../src/common/errors.ts";
import { knownConfig } from "../../src/session/checkpoint-choices.ts";
import { requestProblems } from "../../src/session/request-problems.ts";

describe("what is wrong with a request", () => {
  const configOf = async (source: string) => {
    const config = knownConfig(source);
    if (config) return config;
    throw new LabError("checkpoint", `There is no checkpoint "${source}".`);
  };
  const prompt = "The sky is blue.";
  const problems = (request: object) => requestProblems({ prompt, ...request }, configOf);

  it("is more blocks than the checkpoint has, where that is known", async () => {
    assert.deepEqual(await problems({ blocks: 12 }), []);
    assert.deepEqual(await problems({ blocks: 13 }), [
      { field: "blocks", message: "This is 13: it must be a whole number from 1 to 12, the depth of random:gpt2." },
    ]);
    assert.deepEqual(await problems({ checkpoint: "random:gpt2-xl", blocks: 48 }), []);
    assert.equal((await problems({ checkpoint: "random:mini", blocks: 5 }))[0].field, "blocks");
    assert.deepEqual(await problems({ checkpoint: "somebody/else", blocks: 99 }), []);
    assert.deepEqual(await problems({ network: "invertible", blocks: 99 }), []);
  });

  it("is a random checkpoint that cannot be made", async () => {
    assert.deepEqual(await problems({ checkpoint: "random:gpt9" }), [
      { field: "checkpoint", message: 'There is no checkpoint "random:gpt9".' },
    ]);
  });

  it("is said beside what else is wrong, and once a field", async () => {
    const fields = (await problems({ blocks: 0, iterations: 0 })).map(({ field }) => field);
    assert.deepEqual(fields, ["blocks", "iterations"]);
    assert.deepEqual(
      (await problems({ blocks: 99, iterations: 0 })).map(({ field }) => field),
      ["iterations", "blocks"],
    );
    assert.deepEqual(
      (await problems({ checkpoint: "", blocks: 99 })).map(({ field }) => field),
      ["checkpoint"],
    );
  });
});
