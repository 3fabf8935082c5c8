// What the terminal says of an exact recovery that has not proved everything, and of one without a prompt.

import assert from "node:assert/strict";
import { decoded, progressOf, unsettled } from "../../src/cli/run-summary.ts";
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

  it("tells likely tokens from proved ones, and says nothing of what was not tried", () => {
    const said = (...certainty: Certainty[]) => unsettled(result(certainty, [1, 1, 0]), start(""));
    assert.match(said("proved", "likely", "likely")!, /^Each of the others is by far the most likely one/);
    assert.match(said("likely", "likely", "likely")!, /^Each is by far the most likely one/);
    assert.match(said("proved", "proved", "proved")!, /another text/);
    assert.equal(said("proved", "proved", "unknown"), undefined);
  });

  it("counts and marks proved tokens where there is no prompt, and the prompt's where there is one", () => {
    const told = (prompt: string) => {
      const from = start(prompt);
      const marked = decoded(step, from, { ...PLAIN, match: (text) => `*${text}*` });
      const text = marked.map(({ text, mark }) => mark?.(text) ?? text).join("");
      return [progressOf(step, from).join(" "), text, verdictAt(from.spec, step, from.target.tokenIds).title];
    };
    assert.deepEqual(told(""), ["1/3 proved", "*a*bx", "1 of 3 tokens proved"]);
    assert.deepEqual(told("abx"), ["3/3 right", "*abx*", "Exact: all 3 tokens"]);
  });
});
