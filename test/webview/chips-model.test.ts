import assert from "node:assert/strict";
import { chipsOf } from "../../webview/chips-model.ts";
import { PROMPT, stepEvent } from "../support/run-events.ts";

describe("decoded tokens", () => {
  it("match where they are the prompt's", () => {
    assert.deepEqual(
      chipsOf(stepEvent(0, 2), PROMPT.ids).map(({ text, matches }) => [text, matches]),
      [
        ["The", true],
        [" sky", true],
        [" wrong", false],
      ],
    );
  });

  it("are marked of a walk where they are no longer the prompt's", () => {
    const walked = stepEvent(3, 2, { walked: [] });
    assert.deepEqual(
      chipsOf(walked, PROMPT.ids).map(({ matches, marked }) => [matches, marked]),
      [
        [true, "changes"],
        [true, "changes"],
        [false, "changes"],
      ],
    );
    assert.equal(chipsOf(stepEvent(0, 2), PROMPT.ids)[0].marked, "matches");
  });
});
