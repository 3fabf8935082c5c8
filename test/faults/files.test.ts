// Files that come broken: every one is taken as it is or refused in one sentence, and nothing beyond it changes.

import assert from "node:assert/strict";
import { parseConfig, sizedConfig } from "../../src/checkpoints/config.ts";
import { layOutSafetensors, parseSafetensorsHeader } from "../../src/checkpoints/safetensors.ts";
import { LabError, type LabErrorKind } from "../../src/common/errors.ts";
import { parameterCount, weightsOf } from "../../src/networks/architectures/architectures.ts";
import { eachCell, parseExperimentFile } from "../../src/sweeps/sweep-files.ts";
import { type Choices, choices, count, mutated, torn } from "../support/faults.ts";

/** Breaks so many, and counts those that are refused; both are to happen. */
function each(kind: string, total: number, errorKind: LabErrorKind, use: (its: Choices) => void): void {
  let refused = 0;
  for (let number = 0; number < total; number++) {
    const its = choices(kind, number);
    try {
      use(its);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assert(error instanceof LabError && error.kind === errorKind, `${its.what}: ${String(error)}`);
      assert.match(error.message, /^[^\n]+$/, its.what);
      assert(error.message.length < 2000, `${its.what}: ${error.message}`);
      refused++;
    }
    assert.deepEqual(Object.keys(Object.prototype), [], its.what);
    assert.deepEqual(Object.keys(Array.prototype), [], its.what);
  }
  assert(refused > total / 10 && refused < total, `${refused} of ${total} refused`);
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("broken files", function () {
  this.timeout(600_000);

  const headers = count("headers", 20_000, 1000);
  it(`are refused in a sentence or read: ${headers} safetensors headers`, () => {
    const tensors = [
      { name: "a", type: "F32", shape: [2, 3] },
      { name: "b", type: "U8", shape: [] },
      { name: "c.weight", type: "BF16", shape: [4, 0, 2] },
    ] as const;
    const { header, fileBytes } = layOutSafetensors(tensors, { format: "pt" });
    const json = header.subarray(8);
    each("header", headers, "checkpoint", (its) => {
      const changed =
        its.share() < 0.5
          ? torn(json, its)
          : bytesOf(JSON.stringify(mutated(JSON.parse(new TextDecoder().decode(json)), its)));
      const found = parseSafetensorsHeader(changed, fileBytes - json.length + changed.length, "x.safetensors");
      let end = 8 + changed.length;
      for (const { byteOffset, byteLength } of found.tensors.values()) {
        assert.equal(byteOffset, end, its.what);
        end += byteLength;
      }
    });
  });

  const configs = count("configs", 10_000, 500);
  it(`are refused in a sentence or read: ${configs} config.json`, () => {
    const whole = { ...sizedConfig("gpt2"), n_inner: 3072 };
    each("config", configs, "checkpoint", (its) => {
      const text = its.share() < 0.3 ? torn(bytesOf(JSON.stringify(whole)), its) : undefined;
      const json = text ? new TextDecoder().decode(text) : JSON.stringify(mutated(whole, its));
      const { config } = parseConfig(json, "config.json");
      assert(config.blocks <= 1024, its.what);
      assert(Number.isSafeInteger(8 * parameterCount(weightsOf(config))), its.what);
    });
  });

  const experiments = count("experiments", 4000, 300);
  it(`are refused in a sentence or read: ${experiments} experiment and sweep files`, () => {
    const files = [
      { prompt: "The sky", blocks: 2, iterations: 10, learningRate: 0.01, seed: 3, checkpoint: "mini" },
      {
        base: { prompt: "The sky", every: 5 },
        axes: { blocks: { from: 1, to: 4 }, seed: [0, 1], metric: ["l1", "l2"] },
      },
      { base: { prompt: "a", method: "clampedWalk" }, axes: { randEta: { from: 0.1, to: 0.4, step: 0.1 } } },
    ];
    each("experiment", experiments, "badInput", (its) => {
      const file = its.pick(files);
      const text = its.share() < 0.3 ? torn(bytesOf(JSON.stringify(file)), its) : undefined;
      const json = text ? new TextDecoder().decode(text) : JSON.stringify(mutated(file, its));
      let cells = 0;
      for (const { spec } of eachCell(parseExperimentFile(json, "a.sweep.json", "/"), "a.sweep.json")) {
        assert.equal(typeof spec.prompt, "string", its.what);
        if (++cells === 50) break;
      }
    });
  });
});
