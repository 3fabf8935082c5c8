// Experiment files: what they say is what is run, and what is wrong in them is named.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { LabError } from "../../src/common/errors.ts";
import { valuesOf } from "../../src/experiments/common-fields.ts";
import { fieldsOf, parseSpec } from "../../src/experiments/spec.ts";
import { methodNames } from "../../src/experiments/methods/table.ts";
import { cellsOf, folderOf, parseExperimentFile } from "../../src/sweeps/sweep-files.ts";
import { inversionFileSchema, sweepFileSchema } from "../../src/sweeps/experiment-schemas.ts";

const cells = (content: unknown) =>
  cellsOf(parseExperimentFile(JSON.stringify(content), "a.sweep.json", "/"), "a.sweep.json");
const base = { prompt: "The sky is blue." };

describe("a sweep's file", () => {
  it("asks for every combination of its axes, the last axis fastest", () => {
    const found = cells({ base, axes: { blocks: [1, 2], initSeed: { from: 0, to: 2 } } });
    assert.deepEqual(
      found.map(({ axes }) => axes),
      [1, 2].flatMap((blocks) => [0, 1, 2].map((initSeed) => ({ blocks, initSeed }))),
    );
    assert.deepEqual(found[4].spec, parseSpec({ ...base, blocks: 2, initSeed: 1, every: 20 }));
  });

  it("has as many cells as its axes have combinations, each with a name of its own", () => {
    const values = fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("blocks", "restarts", "topK", "shiftDraws"), values, { maxKeys: 3 }),
        (axes) => {
          const found = cells({ base, axes });
          assert.equal(new Set(found.map(({ name }) => name)).size, found.length);
          assert.equal(
            found.length,
            Object.values(axes).reduce((product, { length }) => product * length, 1),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it("counts by steps without the errors of binary fractions", () => {
    const rates = cells({ base, axes: { learningRate: { from: 0.1, to: 0.5, step: 0.1 } } });
    assert.deepEqual(
      rates.map(({ axes }) => axes["learningRate"]),
      [0.1, 0.2, 0.3, 0.4, 0.5],
    );
  });

  it("gives each method the fields that it has, and runs equal specs once", () => {
    const found = cells({ base, axes: { method: ["inversion", "clampedWalk"], optimizer: ["gd", "adam"] } });
    assert.deepEqual(
      found.map(({ axes }) => axes),
      [{ method: "inversion", optimizer: "gd" }, { method: "inversion", optimizer: "adam" }, { method: "clampedWalk" }],
    );
  });

  it("names a run by its spec, however that was written", () => {
    const [one] = cells({ base: { ...base, blocks: 2 }, axes: {} });
    const [other] = cells({ base: { blocks: 2, iterations: 200, ...base } });
    assert.equal(one.name, other.name);
    assert.match(one.name, /^the-sky-is-blue-2-[0-9a-f]{16}$/);
  });

  it("has its runs decoded ten times unless it says how often", () => {
    const every = (content: object) =>
      cells({ base: { ...base, iterations: 300, ...content }, axes: { blocks: [1] } })[0].spec.every;
    assert.equal(every({}), 30);
    assert.equal(every({ every: 7 }), 7);
    assert.equal(every({ iterations: 3 }), 1);
  });

  it("may be one spec", () => {
    const found = cells({ $schema: "x", ...base, blocks: 3 });
    assert.deepEqual(
      found.map(({ axes, spec }) => [axes, spec]),
      [[{}, parseSpec({ ...base, blocks: 3 })]],
    );
  });

  it("is refused with the file, the field and the run that is wrong", () => {
    for (const [content, pattern] of [
      ["[]", /a\.sweep\.json: it must hold one object/],
      ["{", /a\.sweep\.json is not JSON: /],
      [{ base, axes: { blocks: [] } }, /the axis blocks must be a list of values, or \{"from"/],
      [{ base, axes: { blocks: { from: 3, to: 1 } } }, /the axis blocks never comes from 3 to 1 by steps of 1/],
      [{ base, axes: { seed: { from: 0, to: 1e9 } } }, /1000000001 values/],
      [{ base, axes: { seed: { from: 0, to: 999 }, initSeed: { from: 0, to: 999 } } }, /asks for 1000000 runs/],
      [{ base, axes: { depth: [1] } }, /unknown field of an experiment: depth/],
      [{ base, axes: { innerSteps: [1] } }, /unknown field of an experiment: innerSteps/],
      [{ base, axes: {}, rows: 1 }, /unknown field of a sweep: rows/],
      [{ base, axes: { blocks: [1] }, charts: {} }, /charts must be a list/],
      [{ base, axes: { blocks: [1] }, charts: [{ y: "exact" }] }, /charts\[0\] lacks along/],
      [
        { base, axes: { blocks: [1] }, charts: [{ y: "exact", along: "seed" }] },
        /charts\[0\]\.along is seed, which is none/,
      ],
      [
        { base, axes: { blocks: [1] }, charts: [{ y: "depth", along: "blocks" }] },
        /charts\[0\]\.y is depth, which is none/,
      ],
      [{ base, axes: { blocks: [1] }, charts: [{ y: "exact", along: "blocks", z: 1 }] }, /charts\[0\] has z/],
      [{ base, axes: { prompt: ["a"] } }, /prompt is in base and in axes/],
      [{ base, axes: { blocks: [1, 0] } }, /a\.sweep\.json: blocks is 0: .* \(run with blocks 0\)\./],
      [{ base, axes: { method: ["inversion", "guess"] } }, /method is "guess"/],
      [{ axes: { blocks: [1] } }, /prompt is missing/],
    ] as const) {
      const text = typeof content === "string" ? content : JSON.stringify(content);
      assert.throws(
        () => cellsOf(parseExperimentFile(text, "a.sweep.json", "/"), "a.sweep.json"),
        (error) => error instanceof LabError && error.kind === "badInput" && pattern.test(error.message),
        text,
      );
    }
  });

  it("names other files as they are seen from its folder", () => {
    const base = { method: "exact", prompt: "", checkpoint: "mini" };
    const text = JSON.stringify({
      base: { ...base, fitText: "a.txt; /b.txt" },
      axes: { states: ["x.npy", "../y.npy"] },
    });
    const cells = cellsOf(parseExperimentFile(text, "a.sweep.json", "/data/sweeps"), "a.sweep.json");
    assert.deepEqual(
      cells.map(({ spec }) => [valuesOf(spec)["states"], valuesOf(spec)["fitText"]]),
      ["/data/sweeps/x.npy", "/data/y.npy"].map((states) => [states, "/data/sweeps/a.txt;/b.txt"]),
    );
  });

  it("has its runs beside it", () => {
    assert.equal(folderOf("/x/depth.sweep.json"), "/x/depth.sweep");
    assert.equal(folderOf("/x/one.inversion.json"), "/x/one.inversion");
    assert.equal(folderOf("/x/odd.json"), "/x/odd.json.runs");
  });
});

describe("the schemas of experiment files", () => {
  const stored = (name: string): unknown =>
    JSON.parse(readFileSync(path.join(import.meta.dirname, "..", "..", "schemas", name), "utf8"));
  const asJson = (schema: unknown): unknown => JSON.parse(JSON.stringify(schema));

  it("are those of the spec: otherwise run node --import=tsx scripts/schemas.ts", () => {
    assert.deepEqual(stored("inversion.schema.json"), asJson(inversionFileSchema()));
    assert.deepEqual(stored("sweep.schema.json"), asJson(sweepFileSchema()));
  });

  it("explain every field of every method, in base and in axes", () => {
    const { properties } = sweepFileSchema() as { properties: Record<string, { properties: Record<string, unknown> }> };
    for (const part of ["base", "axes"]) {
      for (const field of methodNames().flatMap(fieldsOf)) {
        assert.ok((properties[part].properties[field] as { description?: string }).description, `${part}.${field}`);
      }
    }
  });
});
