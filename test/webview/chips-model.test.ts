import assert from "node:assert/strict";
import { chipsOf } from "../../webview/chips-model.ts";
import type { StepEvent } from "../../src/experiments/events.ts";
import { type ExperimentSpec, parseSpec } from "../../src/experiments/spec.ts";
import { exactSpec, PROMPT, roundEvent, spec, stepEvent } from "../support/run-events.ts";

describe("decoded tokens", () => {
  const marks = (step: StepEvent, of: ExperimentSpec) => chipsOf(step, PROMPT.ids, of).map(({ mark }) => mark);

  it("match where they are the prompt's", () => {
    assert.deepEqual(
      chipsOf(stepEvent(0, 2), PROMPT.ids, spec()).map(({ text, mark }) => [text, mark]),
      [
        ["The", "matches"],
        [" sky", "matches"],
        [" wrong", undefined],
      ],
    );
  });

  it("are marked of a walk where they are no longer the prompt's", () => {
    const walk = parseSpec({ method: "clampedWalk", prompt: "The sky." });
    assert.deepEqual(marks(stepEvent(3, 2, { walked: [] }), walk), [undefined, undefined, "changes"]);
  });

  it("are marked by what the method is out for, not by what it measures", () => {
    assert.equal(marks(stepEvent(3, 2, { walked: [] }), spec())[0], "matches");
  });

  it("are marked by how sure they are where that is told, the prompt's or not", () => {
    const certainty = ["proved", "likely", "unknown"] as const;
    assert.deepEqual(marks(roundEvent(1, 2, certainty), exactSpec()), certainty);
  });
});
