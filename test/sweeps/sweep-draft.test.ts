// A sweep in a form: what is written is what is run, and what is wrong is said before anything runs.

import assert from "node:assert/strict";
import fc from "fast-check";
import { methodNames } from "../../src/experiments/methods/table.ts";
import { checkSweep, draftOf, fileOf, sweepOf, valuesOfText } from "../../src/sweeps/sweep-draft.ts";
import { cellsOf, parseExperimentFile } from "../../src/sweeps/sweep-files.ts";
import type { SweepDraft } from "../../src/sweeps/view-data.ts";

const PROMPT = "The sky is blue.";

describe("a sweep in a form", () => {
  it("takes lists and ranges of numbers, names, and prompts a line each", () => {
    const values: [field: string, text: string, values: unknown[]][] = [
      ["blocks", "1–4, 8", [1, 2, 3, 4, 8]],
      ["blocks", " 3-5 ;7..8", [3, 4, 5, 7, 8]],
      ["fromPosition", "-2--1, 0", [-2, -1, 0]],
      ["learningRate", "1e-3 0.01, auto", [0.001, 0.01, "auto"]],
      ["blocks", "2, 2, two", [2, "two"]],
      ["checkpoint", "mini, random:gpt2?n_embd=50&n_head=1", ["mini", "random:gpt2?n_embd=50&n_head=1"]],
      ["prompt", "One, two.\n\n  Three. \r\n", ["One, two.", "  Three. "]],
      ["checkGradients", "true, false", [true, false]],
      ["blocks", " , ", []],
    ];
    for (const [field, text, expected] of values) assert.deepEqual(valuesOfText(field, text), expected, text);
  });

  it("puts a single value into the base and several on an axis, and comes back from them", () => {
    const draft = { prompt: PROMPT, blocks: "1, 2, 3", learningRate: "0.01, auto", output: "" };
    const sweep = sweepOf(draft);
    assert.deepEqual(sweep, {
      base: { prompt: PROMPT },
      axes: [
        { field: "blocks", values: [1, 2, 3] },
        { field: "learningRate", values: [0.01, "auto"] },
      ],
    });
    assert.deepEqual(sweepOf(draftOf(sweep)), sweep);
    assert.deepEqual(parseExperimentFile(fileOf(sweep), "a", "/"), sweep);
  });

  it("tells as many runs as the file then has, whatever the axes", () => {
    const values = {
      blocks: ["1", "2-4", "1, 12"],
      restarts: ["1", "2, 5"],
      optimizer: ["gd", "gd, adam"],
      form: ["code, equation"],
    };
    const draft = fc.record(
      {
        method: fc.subarray([...methodNames()], { minLength: 1 }).map((methods) => methods.join(", ")),
        ...Object.fromEntries(Object.entries(values).map(([field, texts]) => [field, fc.constantFrom(...texts)])),
      },
      { requiredKeys: ["method"] },
    );
    fc.assert(
      fc.property(draft, (fields) => {
        const sweep = sweepOf({ prompt: PROMPT, ...(fields as SweepDraft) });
        const { problems, runs } = checkSweep(sweep, []);
        if (problems.length === 0) assert.equal(runs, cellsOf(sweep, "a").length);
        else assert.throws(() => cellsOf(sweep, "a"), /unknown field of an experiment/);
      }),
      { numRuns: 60 },
    );
  });

  it("says what is wrong at its field, once, for every value that is wrong", () => {
    const { problems } = checkSweep(
      sweepOf({ prompt: `${PROMPT}\nTwo.`, blocks: "0, 1, many", output: "block, foot" }),
      [],
    );
    assert.deepEqual([...new Set(problems.map(({ field }) => field))].toSorted(), ["blocks", "output"]);
    assert.deepEqual(
      checkSweep(sweepOf({ blocks: "1" }), []).problems.map(({ field }) => field),
      ["prompt"],
    );
    assert.match(
      checkSweep(sweepOf({ prompt: PROMPT, method: "inversion, crawl" }), []).problems[0].message,
      /crawl is none/,
    );
  });

  it("is estimated from other runs: as many more take as much longer", () => {
    const [{ spec }] = cellsOf(sweepOf({ prompt: PROMPT }), "a");
    const timed = [{ spec, elapsedMs: 2000 }];
    const estimate = (draft: SweepDraft) =>
      checkSweep(sweepOf({ prompt: PROMPT, every: "5", ...draft }), timed).estimateMs!;
    assert.equal(Math.round(estimate({})), 2000);
    assert.equal(Math.round(estimate({ seed: "0-9" })), 20_000);
    assert.equal(Math.round(estimate({ seed: "0-999" })), 2_000_000);
    assert.ok(estimate({ blocks: "12" }) > 3 * estimate({ blocks: "1" }));
    assert.ok(estimate({ blocks: "2", checkpoint: "random:gpt2-xl" }) > 2 * estimate({ blocks: "2" }));
    assert.equal(checkSweep(sweepOf({ prompt: PROMPT }), []).estimateMs, undefined);
  });
});
