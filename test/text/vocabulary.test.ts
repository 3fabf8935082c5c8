// Restricted vocabularies.

import assert from "node:assert/strict";
import { LabError } from "../../src/common/errors.ts";
import { loadTokenizer } from "../../src/text/tokenizer.ts";
import { allowedTokens } from "../../src/text/vocabulary.ts";

const tokenizer = await loadTokenizer();
const V = 50257;

describe("a vocabulary from a text", () => {
  it("allows the text's own tokens, and its words at the start and inside of a sentence", () => {
    const allowed = new Set(allowedTokens("sky\nblue", tokenizer, V));
    for (const text of ["sky", " sky", "blue", " blue", "\n"]) {
      for (const id of tokenizer.encode(text)) assert.ok(allowed.has(id), JSON.stringify(text));
    }
    assert.equal(allowed.has(tokenizer.encode(" green")[0]), false);
  });

  it("allows the whole of a sentence that it is made of", () => {
    const allowed = new Set(allowedTokens("The sky is blue.", tokenizer, V));
    assert.ok(tokenizer.encode("The sky is blue.").every((id) => allowed.has(id)));
  });

  it("has each token once, in order, and none that the checkpoint lacks", () => {
    const allowed = allowedTokens("a a a b", tokenizer, V);
    assert.deepEqual(
      allowed,
      [...new Set(allowed)].sort((a, b) => a - b),
    );
    assert.ok(allowedTokens("a zyzzyva", tokenizer, 300).every((id) => id < 300));
  });

  it("without any token is refused in a sentence", () => {
    for (const [text, vocabulary] of [
      ["", V],
      ["zyzzyva", 2],
    ] as const) {
      assert.throws(
        () => allowedTokens(text, tokenizer, vocabulary),
        (error) => error instanceof LabError && /holds no token of this checkpoint/.test(error.message),
      );
    }
  });
});
