import assert from "node:assert/strict";
import { parseSpec, problemsOf, specSchema } from "../../src/experiments/spec.ts";
import { methodNames } from "../../src/experiments/methods/table.ts";
import { COMMON_FIELDS } from "../../src/experiments/common-fields.ts";
import { draftOf, explanationOf, groupsOf, labelOf, requestOf, withMethod } from "../../webview/form-fields.ts";

const schemaOf = specSchema;
const prompt = "The sky is blue.";

describe("the form of an experiment", () => {
  it("has every field of every method once, and each is explained", () => {
    for (const method of methodNames()) {
      const { properties } = schemaOf(method);
      const fields = groupsOf(schemaOf(method), Object.keys(COMMON_FIELDS)).flatMap(({ fields }) => fields);
      assert.deepEqual(
        fields.toSorted(),
        Object.keys(properties)
          .filter((f) => f !== "method" && f !== "prompt")
          .toSorted(),
      );
      for (const field of fields) assert.ok(explanationOf(properties[field]).length > 10, field);
    }
    assert.equal(labelOf("initSeed", "inversion"), "Init seed");
    assert.equal(labelOf("learningRate", "clampedWalk"), "Learning rate (lr)");
  });

  it("gives back the experiment that it was filled in with", () => {
    for (const method of methodNames()) {
      const spec = parseSpec({ method, prompt, seed: 7, blocks: 2, vocabulary: "The sky" });
      assert.deepEqual(parseSpec(requestOf(draftOf({ ...spec }), schemaOf(method))), spec);
    }
  });

  it("takes common fields along to another method, and that method’s own defaults", () => {
    const draft = draftOf({ ...parseSpec({ prompt, seed: 7 }) });
    const walk = withMethod(draft, "clampedWalk", schemaOf("inversion"), schemaOf("clampedWalk"));
    // How often to show is decided by then.
    const every = 5;
    const wanted = parseSpec({ method: "clampedWalk", prompt, seed: 7, every });
    assert.deepEqual(parseSpec(requestOf(walk, schemaOf("clampedWalk"))), wanted);
  });
});

describe("what is wrong with an experiment", () => {
  it("is said at each field", () => {
    const draft = { prompt: " ", iterations: "many", learningRate: "-1", topK: "0" };
    const problems = problemsOf(requestOf(draft, schemaOf("inversion")));
    assert.deepEqual(problems.map(({ field }) => field).toSorted(), ["iterations", "learningRate", "prompt", "topK"]);
    assert.match(problems.find(({ field }) => field === "iterations")!.message, /^This is "many": /);
    assert.deepEqual(problemsOf({ prompt }), []);
  });

  it("is said at one of the fields where several together are wrong", () => {
    assert.equal(problemsOf({ prompt, start: "custom" })[0].field, "startMean");
    assert.equal(problemsOf({ prompt, weights: "int8", network: "perToken" })[0].field, "weights");
  });
});
