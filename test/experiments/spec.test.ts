// The experiment spec: what may be left out, and what is said about what is wrong.

import assert from "node:assert/strict";
import * as fc from "fast-check";
import { LabError } from "../../src/common/errors.ts";
import { fieldsOf, parseSpec, problemsOf } from "../../src/experiments/spec.ts";
import { methodNames } from "../../src/experiments/methods/table.ts";
import { SOURCE_PRESET } from "../../src/experiments/methods/inversion.ts";

const refusal = (request: unknown): string => {
  try {
    parseSpec(request);
  } catch (error) {
    assert.ok(error instanceof LabError && error.kind === "badInput");
    return error.message;
  }
  throw new Error(`accepted ${JSON.stringify(request)}`);
};

describe("experiment spec", () => {
  it("needs a prompt only", () => {
    const spec = parseSpec({ prompt: "The sky is blue." });
    assert.equal(spec.blocks, 1);
    assert.equal(spec.every, spec.iterations / 40);
  });

  it("parses its own result again to the same", () => {
    const spec = parseSpec({ prompt: "x", restarts: 4, start: "custom", startMean: 0, startStd: 1 });
    assert.deepEqual(parseSpec(JSON.parse(JSON.stringify(spec))), spec);
  });

  it("says in one sentence what is wrong", () => {
    assert.match(refusal({ prompt: " \n\t" }), /^The prompt is empty/);
    assert.match(refusal({ prompt: "x", depth: 3 }), /Unknown field.*depth/);
    assert.match(refusal({ prompt: "x", startMean: 1 }), /start custom/);
    assert.match(refusal({ prompt: "x", start: "custom" }), /startMean and startStd/);
    assert.match(
      refusal({ prompt: "x", weights: "int8", network: "perToken" }),
      /^weights int8 is for network gpt2 only/,
    );
    assert.equal(refusal("text"), 'The experiment is "text": it must be a JSON object.');
  });

  it("says of each kind of field what it is and what it must be", () => {
    const walk = { method: "orthogonalWalk", prompt: "x" };
    const sentences: [unknown, string][] = [
      [{}, "prompt is missing: it must be a text."],
      [{ prompt: 7 }, "prompt is 7: it must be a text."],
      [{ prompt: "x", checkpoint: "" }, 'checkpoint is "": it must be a text that is not empty.'],
      [{ prompt: "x", iterations: -1 }, "iterations is -1: it must be a whole number from 1 to 1000000."],
      [{ prompt: "x", iterations: 1.5 }, "iterations is 1.5: it must be a whole number from 1 to 1000000."],
      [{ prompt: "x", blocks: 1025 }, "blocks is 1025: it must be a whole number from 1 to 1024."],
      [{ prompt: "x", blocks: "two" }, 'blocks is "two": it must be a whole number from 1 to 1024.'],
      [{ prompt: "x", seed: -1 }, "seed is -1: it must be a whole number, 0 or more."],
      [{ prompt: "x", seed: 1e300 }, "seed is 1e+300: it must be a whole number, 0 or more."],
      [{ prompt: "x", learningRate: 0 }, "learningRate is 0: it must be a number above 0, at most 1000, or auto."],
      [{ prompt: "x", learningRate: "a" }, 'learningRate is "a": it must be a number above 0, at most 1000, or auto.'],
      [{ ...walk, learningRate: 2000 }, "learningRate is 2000: it must be a number above 0, at most 1000."],
      [{ prompt: "x", shiftStd: 0 }, "shiftStd is 0: it must be a number above 0."],
      [{ prompt: "x", noiseShare: "1" }, 'noiseShare is "1": it must be a number.'],
      [{ prompt: "x", dtype: "half" }, 'dtype is "half": it must be float32 or float64.'],
      [{ prompt: "x", decoder: 1 }, "decoder is 1: it must be pseudoinverse, nearest or cosine."],
      [{ ...walk, checkGradients: "yes" }, 'checkGradients is "yes": it must be true or false.'],
      [
        { method: "sipit", prompt: "x" },
        'method is "sipit": it must be inversion, exact, orthogonalWalk or clampedWalk.',
      ],
    ];
    for (const [request, expected] of sentences) assert.equal(refusal(request), expected);
  });

  it("has no word of the schema library's in any sentence, whatever is written into whatever field", () => {
    const anything = fc.oneof(
      fc.string(),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.integer()),
      fc.dictionary(fc.string(), fc.string()),
    );
    fc.assert(
      fc.property(fc.constantFrom(...methodNames()), fc.nat(), anything, (method, pick, value) => {
        const fields = fieldsOf(method);
        const field = fields[pick % fields.length];
        for (const { field: at, message } of problemsOf({ method, prompt: "x", [field]: value })) {
          assert.ok(fields.includes(at), at);
          assert.match(
            message,
            /^(This is .*: it must be (a|true|[a-z])|The prompt is empty|.* go together|.* holds no token)/s,
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it("has the source's own setting under a name", () => {
    const spec = parseSpec({ prompt: "x", ...SOURCE_PRESET });
    assert.deepEqual(
      [spec.output, spec.positions, spec.start, spec.optimizer, spec.metric],
      ["blockHead", "first", "source", "gd", "l1"],
    );
  });
});
