// Decoded text may hold anything; a terminal must get none of it raw.

import assert from "node:assert/strict";
import fc from "fast-check";
import { fit } from "../../src/cli/visible-text.ts";
import { visible } from "../../src/common/visible.ts";

const anyText = fc.string({ unit: "binary" });
const hostile = fc.string({
  unit: fc.constantFrom(
    "a",
    "空",
    "🌈",
    "é",
    "e\u0301",
    "\u001b",
    "\u009b",
    "\n",
    "\t",
    "\u202e",
    "\u200d",
    "\ud83c",
    "\u2028",
  ),
});

describe("visible text", () => {
  it("has no control, format or line-separating character left", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, hostile), (text) => assert.doesNotMatch(visible(text), /[\p{C}\p{Zl}\p{Zp}]/u)),
    );
  });

  it("shows controls as pictures or code points, and leaves letters of every script alone", () => {
    assert.equal(visible("a\n\t\u001b[31m\u007f"), "a␊␉␛[31m␡");
    assert.equal(visible("\u009b\u202e\ud83c"), "<009B><202E><D83C>");
    assert.equal(visible("é 空は青い 🌈 e\u0301 \ufffd"), "é 空は青い 🌈 e\u0301 \ufffd");
  });
});

describe("fitting a line", () => {
  const cells = (text: string) =>
    Array.from(text).reduce((sum, c) => sum + (/\p{M}/u.test(c) ? 0 : /[空🌈]/u.test(c) ? 2 : 1), 0);

  it("never takes more cells than there are, and cuts nothing that has room", () => {
    fc.assert(
      fc.property(fc.array(hostile), fc.integer({ min: 1, max: 60 }), (texts, width) => {
        const whole = visible(texts.join(""));
        const line = fit(
          texts.map((text) => ({ text })),
          width,
        );
        assert.ok(cells(line) <= width);
        if (cells(whole) <= width) assert.equal(line, whole);
        else assert.ok(line.endsWith("…") && whole.startsWith(line.slice(0, -1)));
      }),
    );
  });

  it("cuts before a wide character that would stand half outside", () => {
    assert.equal(fit([{ text: "空空空" }], 6), "空空空");
    assert.equal(fit([{ text: "空空空" }], 5), "空空…");
    assert.equal(fit([{ text: "空空空" }], 4), "空…");
  });

  it("marks neighbours together, and only what is shown", () => {
    const mark = (text: string) => `<${text}>`;
    assert.equal(fit([{ text: "a", mark }, { text: "b", mark }, { text: "c" }], 80), "<ab>c");
    assert.equal(fit([{ text: "abc" }, { text: "def", mark }], 4), "abc…");
  });
});
