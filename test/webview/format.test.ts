import assert from "node:assert/strict";
import * as fc from "fast-check";
import { columnsOf, formatElapsed, formatNumber, tokenParts, visibleText } from "../../webview/format.ts";

const shown = (text: string): string =>
  visibleText(text)
    .map((part) => part.text)
    .join("");

describe("numbers on the page", () => {
  it("have three significant digits", () => {
    assert.equal(formatNumber(0), "0");
    assert.equal(formatNumber(0.0031247), "0.00312");
    assert.equal(formatNumber(4.24e-7), "4.2e-7");
    assert.equal(formatNumber(131.4), "131");
    assert.equal(formatNumber(12800), "12,800");
    assert.equal(formatNumber(2.5e9), "2.5e9");
    assert.equal(formatNumber(-0.5), "-0.5");
  });

  it("are within half a percent of the truth, or a twentieth where they are written with a power", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1e12, noNaN: true }), (value) => {
        const read = Number(formatNumber(value).replaceAll(",", ""));
        const bound = value < 1e-3 || value >= 1e6 ? 0.051 : 0.0051;
        assert.ok(Math.abs(read - value) <= bound * value, `${value} is written as ${formatNumber(value)}`);
      }),
    );
  });
});

describe("times on the page", () => {
  it("get coarser as they get longer", () => {
    assert.equal(formatElapsed(40), "0.0 s");
    assert.equal(formatElapsed(2340), "2.3 s");
    assert.equal(formatElapsed(9960), "10 s");
    assert.equal(formatElapsed(59_600), "1:00");
    assert.equal(formatElapsed(125_000), "2:05");
    assert.equal(formatElapsed(3_725_000), "1:02:05");
  });
});

describe("tokens on the page", () => {
  it("show their white space", () => {
    assert.equal(shown(" sky"), "·sky");
    assert.equal(shown("\n\n"), "⏎⏎");
    assert.equal(shown("\t"), "⇥");
    assert.equal(shown("\u00a0"), "U+00A0");
  });

  it("show control characters, zero-width ones and directions by their number", () => {
    assert.equal(shown("\u0007"), "U+0007");
    assert.equal(shown("\u200b"), "U+200B");
    assert.equal(shown("\u202e"), "U+202E");
  });

  it("set marks off from the same characters in the text", () => {
    assert.deepEqual(visibleText(" ·"), [
      { text: "·", mark: true },
      { text: "·", mark: false },
    ]);
  });

  it("give an accent something to sit on", () => {
    assert.equal(shown("\u0301"), "◌\u0301");
  });

  it("tell parts of a character from each other by the token's number", () => {
    assert.deepEqual(tokenParts(447, "\ufffd").at(-1), { text: "#447", mark: true });
    assert.equal(tokenParts(6766, " sky").length, 2);
  });

  it("never look empty, whatever they hold", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const parts = visibleText(text);
        assert.ok(columnsOf(parts) > 0);
        assert.doesNotMatch(parts.map((part) => part.text).join(""), /[\s\p{Cc}\p{Cf}]/u);
      }),
    );
  });

  it("take two columns for a wide character", () => {
    assert.equal(columnsOf(visibleText("人")), 2);
    assert.equal(columnsOf(visibleText("a")), 1);
  });
});
