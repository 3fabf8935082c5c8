// Decoded iterations for a document: each form as it is read there, on lines of its own where it needs them.

import assert from "node:assert/strict";
import { DECODED_FORMS, decodedText, placed } from "../../src/reports/decoded-text.ts";
import type { DecodedRun } from "../../src/reports/latex.ts";
import { endEvent, spec, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";

const events = [
  startEvent(),
  stepEvent(0, 0),
  stepEvent(0, 1, { restart: 1 }),
  stepEvent(5, 2, { text: "The sky\n" }),
  stepEvent(5, 3, { restart: 1 }),
];
const run = (changes: Partial<DecodedRun> = {}): DecodedRun => ({
  id: "a",
  status: "done",
  spec: spec(),
  best: endEvent([stepEvent(5, 3, { restart: 1 })]).best,
  events,
  ...changes,
});

describe("a run as text", () => {
  it("is what was found, of the best restart", () => {
    assert.equal(decodedText(run(), "text"), "The sky.");
    assert.equal(decodedText(run({ best: undefined }), "text"), "The sky\n", "what was shown last, as it is");
    assert.equal(decodedText(run(), "lines"), "0: The wrong wrong\n5: The sky.\n");
  });

  it("has each iteration on one line, whatever it decodes to", () => {
    assert.equal(decodedText(run({ best: undefined }), "lines"), "0:  wrong wrong wrong\n5: The sky␊\n");
  });

  it("is a table of Markdown, and lines of LaTeX as an export has them", () => {
    assert.equal(
      decodedText(run(), "table"),
      "| restart | iteration | output distance | input distance | text |\n| --- | --- | --- | --- | --- |\n" +
        '| 2 | 0 | 10 | 5 | `"The wrong wrong"` |\n| 2 | 5 | 1.667 | 5 | `"The sky."` |\n',
    );
    const latex = decodedText(run(), "latex")!;
    assert.match(latex, /^% "The sky\." \(run a, done\); needs amsmath\n\\\[\\mathtt\{The \\; sky\.\}\\\]\n/);
    assert.deepEqual(latex.match(/a_\{\d+\}/g), ["a_{0}", "a_{5}"]);
    assert.doesNotMatch(latex, /aligned\}\n\n|% restart/);
  });

  it("is nothing before the first iteration", () => {
    for (const form of DECODED_FORMS) assert.equal(decodedText(run({ events: [startEvent()] }), form), undefined);
    assert.equal(decodedText(run({ events: wholeRun(), best: undefined }), "text"), "The sky.");
  });
});

describe("a text's place in a document", () => {
  it("is the cursor for the text itself, and a line of its own for the other forms", () => {
    assert.equal(placed("a", "text", "x", "y"), "a");
    assert.equal(placed("0: a\n", "lines", "", ""), "0: a");
    assert.equal(placed("0: a\n", "lines", "x", "y"), "\n0: a\n");
    assert.equal(placed("| a |\n", "table", "x", ""), "\n\n| a |");
    assert.equal(placed("\\[a\\]\n", "latex", "  ", "y"), "\\[a\\]\n");
  });
});
