// What the terminal says of an exact recovery that has not proved everything, and of one without a prompt.

import assert from "node:assert/strict";
import { decoded, unsettled } from "../../src/cli/run-summary.ts";
import { PLAIN } from "../../src/cli/io.ts";
import { verdictAt } from "../../src/describe/run-verdict.ts";
import type { Certainty, RestartResult, StartEvent, StepEvent } from "../../src/experiments/events.ts";
import { parseSpec } from "../../src/experiments/spec.ts";

const start = (prompt: string) =>
  ({
    spec: parseSpec({ method: "exact", prompt, states: "/x.npy" }),
    target: { tokenIds: [1, 2, 3] },
    vocabulary: 50,
  }) as unknown as StartEvent;

const result = (certainty: Certainty[], tried: number[]) =>
  ({ certainty, tried, distances: [0, 0.5, 0.123], tokens: ["a", "b", "x"] }) as unknown as RestartResult;

/** All three tokens are the target's, and the first is proved. */
const step = {
  tokenIds: [1, 2, 3],
  text: "abx",
  proved: [true, false, false],
  certainty: ["proved", "likely", "unknown"],
  topK: ["a", "b", "x"].map((text, i) => [{ id: i + 1, text, score: 0 }]),
  outputDistance: 1,
  ratio: 1,
} as unknown as StepEvent;

describe("the summary of an exact recovery", () => {
  it("names the first position that is unknown, the nearest token and its distance", () => {
    const found = result(["proved", "likely", "unknown"], [1, 4, 50]);
    assert.equal(
      unsettled(found, start("")),
      "No token of the vocabulary gives this state at position 2; the nearest is “x”, 0.123 of the state's norm away.",
    );
    assert.match(unsettled(result(["unknown", "unknown", "unknown"], [0, 9, 50]), start(""))!, /^None of the 9 tokens/);
  });

  it("says nothing of what was not tried", () => {
    assert.equal(unsettled(result(["proved", "proved", "unknown"], [1, 1, 0]), start("")), undefined);
  });

  it("counts what is proved where there is no prompt, and compares where there is one", () => {
    const told = (prompt: string) => {
      const { spec, target } = start(prompt);
      return verdictAt(spec, step, target.tokenIds).title;
    };
    assert.equal(told(""), "Of 3 tokens: 1 proved, 1 most likely, 1 unknown");
    assert.equal(told("abx"), "3 of 3 tokens recovered: 1 proved, 1 most likely, 1 unknown");
  });

  it("marks the tokens that are settled", () => {
    const marked = decoded(step, start(""), { ...PLAIN, match: (text) => `*${text}*` });
    assert.equal(marked.map(({ text, mark }) => mark?.(text) ?? text).join(""), "*a**b*x");
  });
});
