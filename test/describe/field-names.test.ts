import assert from "node:assert/strict";
import { fieldName, valueName } from "../../src/describe/field-names.ts";
import { METHODS } from "../../src/experiments/methods/table.ts";
import { schemaOf } from "../../src/experiments/spec.ts";

describe("what forms call values", () => {
  it("is a name for every value that a field lists", () => {
    for (const { name: method } of METHODS) {
      for (const [field, { enum: values = [] }] of Object.entries(schemaOf(method))) {
        const names = values.map((value) => valueName(field, value));
        assert.equal(new Set(names).size, names.length, field);
        for (const name of names) assert.match(name, /^[A-Z0-9]|^b?float16$/, `${field}: ${name}`);
      }
    }
    assert.equal(valueName("output", "blockHead"), "Head on last block (no ln_f)");
    assert.equal(valueName("network", "notInvertible"), "Non-invertible");
    assert.equal(valueName("optimizer", "gd"), "Gradient descent");
    assert.equal(valueName("metric", "l1"), "L1");
  });

  it("is the field's own name where that does", () => {
    assert.equal(fieldName("every"), "Record every");
    assert.equal(fieldName("noiseShare"), "Noise weight s");
    assert.equal(fieldName("blocks"), undefined);
  });
});
