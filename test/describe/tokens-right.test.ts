import assert from "node:assert/strict";
import { tokensRight, tokensRightOf } from "../../src/describe/tokens-right.ts";

describe("tokens that are right", () => {
  it("are those of the prompt at their positions", () => {
    assert.equal(tokensRight([5, 6, 7], [5, 7, 7]), 2);
    assert.equal(tokensRight([6, 5], [5, 6]), 0);
    assert.equal(tokensRight([5], [5, 6]), 1);
  });

  it("are counted from the share of wrong ones where the prompt's are not at hand", () => {
    assert.equal(tokensRightOf({ tokenIds: [5, 6, 7], hamming: { top1: 2 / 3, top5: 0 } }), 1);
  });
});
