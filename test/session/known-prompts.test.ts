// Which inverted text stands under the pointer: the longest, whole, and with its newest result.

import assert from "node:assert/strict";
import fc from "fast-check";
import { KnownPrompts } from "../../src/session/known-prompts.ts";
import type { RunRow } from "../../src/session/run-rows.ts";
import { endEvent, spec, stepEvent } from "../support/run-events.ts";

const { best } = endEvent([stepEvent(10, 3)]);
const row = (prompt: string, createdAt: number, changes: Partial<RunRow> = {}): RunRow => ({
  folder: `/runs/${createdAt}`,
  spec: spec({ prompt }),
  state: "completed",
  createdAt,
  best,
  ...changes,
});
const known = (...prompts: string[]) => new KnownPrompts(prompts.map((prompt, i) => row(prompt, 1000 - i)));
const found = (prompts: KnownPrompts, text: string, offset: number): string | undefined => {
  const occurrence = prompts.at(text, offset);
  return occurrence && text.slice(occurrence.from, occurrence.to);
};

describe("a text under the pointer", () => {
  const text = "He said: The sky is blue. The sky is high.";

  it("is the longest known prompt around it", () => {
    const prompts = known("The sky", "The sky is blue.");
    assert.equal(found(prompts, text, 12), "The sky is blue.");
    assert.equal(found(prompts, text, 30), "The sky");
    assert.equal(prompts.at(text, 30)!.from, 26, "the one that is pointed at");
    assert.equal(found(prompts, text, 3), undefined);
    assert.equal(found(prompts, text, 40), undefined);
  });

  it("is found wherever it stands, at both its ends too, and nowhere else", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), fc.string({ maxLength: 80 }), fc.nat(30), (before, after, at) => {
        const prompt = "…The sky is blue, and high…";
        const offset = before.length + Math.min(at, prompt.length);
        const occurrence = known(prompt).at(before + prompt + after, offset);
        assert.equal(occurrence?.from, before.length);
        assert.equal(occurrence?.to, before.length + prompt.length);
        assert.equal(
          known(prompt).at(before.replaceAll("…", ".") + after.replaceAll("…", "."), before.length),
          undefined,
        );
      }),
    );
  });

  it("may go over several lines, whichever way they end", () => {
    const prompts = known("blue.\r\nWater");
    assert.equal(prompts.mostLines, 2);
    assert.equal(found(prompts, "The sky is blue.\nWater boils.", 18), "blue.\nWater");
  });

  it("is made of whole words, where words are told apart by blanks", () => {
    assert.equal(found(known("cat"), "concatenate the cat.", 4), undefined);
    assert.equal(found(known("cat"), "concatenate the cat.", 17), "cat");
    assert.equal(found(known("天空"), "看天空是蓝色的", 2), "天空");
    assert.equal(found(known("is"), "this is his", 6), "is");
  });

  it("has its newest result, and none of a run that goes on or has found nothing", () => {
    const rows = [
      row("The sky", 5, { state: "running", best: undefined }),
      row("The sky", 4, { state: "failed", best: undefined }),
      row("The sky", 3),
      row("The sky", 2),
      row("Water", 1, { state: "running" }),
    ];
    const prompts = new KnownPrompts(rows);
    assert.equal(prompts.at("The sky", 3)?.row, rows[2]);
    assert.equal(prompts.at("Water", 3), undefined);
    assert.deepEqual(prompts.runsOf("The sky"), [rows[1], rows[2], rows[3]]);
    assert.deepEqual(prompts.runsOf("The"), []);
  });

  it("is found among thousands, also in one endless line", () => {
    const prompts = new KnownPrompts(Array.from({ length: 5000 }, (_, i) => row(`The sky number ${i} is blue.`, i)));
    const line = "The sky number 4999 is blue. ".repeat(30_000);
    assert.equal(found(prompts, line, 400_003), "The sky number 4999 is blue.");
  });
});
