import assert from "node:assert/strict";
import type { Certainty } from "../../src/experiments/events.ts";
import { verdictAt } from "../../src/describe/run-verdict.ts";
import { exactSpec, PROMPT, roundEvent } from "../support/run-events.ts";

describe("the verdict on a search that proves its tokens", () => {
  const verdict = (certainty: readonly Certainty[], tokenIds: readonly number[]) => {
    const { title, figure, reached } = verdictAt(exactSpec(), roundEvent(1, 3, certainty, { tokenIds }), PROMPT.ids);
    return [title, figure, reached];
  };

  it("calls nothing found of which one token is unknown, though it be the prompt's", () => {
    const [title, figure, reached] = verdict(["proved", "proved", "unknown"], PROMPT.ids);
    assert.equal(title, "3 of 3 tokens recovered: 2 proved, 1 unknown");
    assert.equal(figure, "2/3 proved");
    assert.equal(reached, false);
  });

  it("calls found what is proved, whichever of several equal tokens it is", () => {
    const twin = [PROMPT.ids[0], PROMPT.ids[1], 9999];
    assert.deepEqual(verdict(["proved", "proved", "proved"], twin), [
      "Exact: all 3 tokens, each proved",
      "3/3 proved",
      true,
    ]);
    assert.equal(verdict(["proved", "proved", "likely"], twin)[2], false);
  });
});
