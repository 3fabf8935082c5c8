import assert from "node:assert/strict";
import { differences, valueText } from "../../src/describe/spec-fields.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { spec } from "../support/run-events.ts";

describe("the fields of specs", () => {
  it("are told apart where they differ, in the order of the first spec that has them", () => {
    const walk = parseSpec({ method: "clampedWalk", prompt: spec().prompt, iterations: 10, every: 5 });
    const differing = differences([spec({ blocks: 2 }), walk]);
    const valuesOf = (field: string) => differing.find((each) => each.field === field)?.values;
    assert.deepEqual(valuesOf("blocks"), [2, 1]);
    assert.deepEqual(valuesOf("optimizer"), ["adam", undefined]);
    assert.equal(valuesOf("prompt"), undefined);
    const fields = differing.map(({ field }) => field);
    assert.ok(fields.indexOf("blocks") < fields.indexOf("optimizer"));
    assert.ok(fields.indexOf("optimizer") < fields.indexOf("innerSteps"));
    assert.deepEqual(differences([spec(), spec()]), []);
  });

  it("have values as texts", () => {
    assert.deepEqual(["auto", 0.5, true, undefined].map(valueText), ["auto", "0.5", "true", "–"]);
  });
});
