import assert from "node:assert/strict";
import { chipsOf } from "../../webview/chips-model.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { PROMPT, spec, stepEvent } from "../support/run-events.ts";

describe("decoded tokens", () => {
  it("match where they are the prompt's", () => {
    assert.deepEqual(
      chipsOf(stepEvent(0, 2), PROMPT.ids, spec()).map(({ text, matches }) => [text, matches]),
      [
        ["The", true],
        [" sky", true],
        [" wrong", false],
      ],
    );
  });

  it("are marked of a walk where they are no longer the prompt's", () => {
    const walked = stepEvent(3, 2, { walked: [] });
    const walk = parseSpec({ method: "clampedWalk", prompt: "The sky." });
    assert.deepEqual(
      chipsOf(walked, PROMPT.ids, walk).map(({ matches, marked }) => [matches, marked]),
      [
        [true, "changes"],
        [true, "changes"],
        [false, "changes"],
      ],
    );
    assert.equal(chipsOf(stepEvent(0, 2), PROMPT.ids, spec())[0].marked, "matches");
  });

  it("are marked by what the method is out for, not by what it measures", () => {
    assert.equal(chipsOf(stepEvent(3, 2, { walked: [] }), PROMPT.ids, spec())[0].marked, "matches");
  });
});
