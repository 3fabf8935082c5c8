import assert from "node:assert/strict";
import {
  conditionLines,
  conditionOf,
  hasInitSeed,
  metricName,
  modelName,
  shiftName,
  shortCondition,
} from "../../src/describe/run-condition.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { spec } from "../support/run-events.ts";

describe("the condition of a run", () => {
  it("names, part by part, what distinguishes it", () => {
    assert.equal(
      conditionOf(spec({ blocks: 12, output: "head", restarts: 8 }), { device: "cpu" }).join(" | "),
      "random:gpt2, init seed 0 | 12 blocks | output head | start matched | Adam, η 0.01 | L1 | seed 0 | 8 restarts | cpu",
    );
    assert.ok(conditionOf(spec({ positions: "first" })).includes("all tokens at position 0"));
    assert.ok(
      conditionOf(spec({ targetShare: 0.999, noiseShare: 0.001 })).includes("start matched, 0.001·noise + 0.999·e*"),
    );
    const quantisation = { weightError: 0.008, outputError: 0.0304, outputDistance: 20 };
    assert.ok(conditionOf(spec({ weights: "int8" })).includes("8-bit weights"));
    assert.ok(conditionOf(spec({ weights: "float16" })).includes("16-bit weights"));
    assert.ok(conditionOf(spec({ weights: "int8" }), { quantisation }).includes("8-bit weights, output 3 % off"));
    const checkpoint = { source: "x", fingerprint: "f", ownHead: true } as const;
    assert.ok(conditionOf(spec({}), { checkpoint }).includes("a head that is not the embedding"));
  });

  it("is three lines in the terminal", () => {
    const walk = parseSpec({ method: "clampedWalk", prompt: "The sky", checkpoint: "mini", blocks: 2, channels: 8 });
    assert.deepEqual(conditionLines(spec({ restarts: 2, learningRate: "auto" })), [
      "Inverting “The sky.”",
      "random:gpt2, init seed 0 · 1 block · output block",
      "start matched · Adam, η found by trying · L1 · seed 0 · 2 restarts",
    ]);
    assert.deepEqual(conditionLines(walk), [
      "Walking from “The sky”",
      "mini · 2 blocks · output block",
      "clamped walk · noise 0.01 · 10 gradient steps of 0.001 · L1 · first 8 channels · seed 0",
    ]);
  });

  it("is short in a row among others", () => {
    assert.equal(shortCondition(spec({ blocks: 2, output: "head" })), "2 blocks, head · random:gpt2 · Adam 0.01");
    assert.match(shortCondition(spec({ network: "perToken" })), /^perToken · /);
  });

  it("has a folder by its own name", () => {
    for (const [checkpoint, name] of [
      ["openai-community/gpt2", "openai-community/gpt2"],
      ["/home/me/models/mine/", "mine"],
      ["C:\\models\\mine", "mine"],
      ["random:./small/config.json", "random:./small/config.json"],
      ["mini", "mini"],
    ])
      assert.equal(modelName(checkpoint), name);
  });

  it("has an init seed where weights are drawn", () => {
    assert.ok(hasInitSeed(spec()) && hasInitSeed(spec({ checkpoint: "mini", network: "perToken" })));
    assert.ok(!hasInitSeed(spec({ checkpoint: "mini" })));
  });

  it("has names for the metric and the shift", () => {
    assert.deepEqual((["l1", "l2", "cosine"] as const).map(metricName), ["L1", "L2", "cosine"]);
    assert.equal(shiftName(spec({ shiftStd: 0.5, shiftUnit: "embedding" })), "N(0, 0.5 σₑ)");
  });
});
