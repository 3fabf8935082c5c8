import assert from "node:assert/strict";
import * as fc from "fast-check";
import { cut, shorten } from "../../src/describe/short-text.ts";

describe("short texts", () => {
  it("are one line of at most the given length", () => {
    assert.equal(shorten("The sky\n is blue.", 40), "The sky is blue.");
    assert.equal(shorten("The sky is blue.", 8), "The sky…");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 50 }), (text, length) => {
        const short = shorten(text, length);
        assert.ok(Array.from(short).length <= length);
        assert.doesNotMatch(short, /\n/);
      }),
    );
  });

  it("keep what fits as it is, and no half of a character", () => {
    assert.equal(cut(" two  lines\n", 12), " two  lines\n");
    assert.equal(cut("🌊🌊🌊", 3), "🌊🌊🌊");
    assert.equal(cut("🌊🌊🌊", 2), "🌊…");
  });
});
