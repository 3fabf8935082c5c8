// What is not finite ends a run with the sentence that helps: never a crash, never a lower learning rate where no rate
// helps, never a null in the place of a number.

import assert from "node:assert/strict";
import path from "node:path";
import { parityReport } from "../../src/engine/parity.ts";
import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
import { textStates } from "../../src/engine/text-states.ts";
import { notFiniteIn } from "../../src/experiments/finite.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { configJson, TINY, weightValues, writeCheckpoint } from "../support/checkpoint-folders.ts";
import { temporaryFolders } from "../support/temporary-folders.ts";

/** Its tokens are three of the first fifty. */
const PROMPT = "K7Q";

describe("numbers that are not finite", () => {
  const newFolder = temporaryFolders();
  let cacheFolder: string;
  before(async () => (cacheFolder = await newFolder()));

  /** The smallest network with some weights that are huge and finite. */
  async function huge(factor: number, weights: RegExp): Promise<string> {
    const tensors = weightValues(TINY).map((tensor) => ({
      ...tensor,
      values: Array.from(tensor.values, (value) => value * (weights.test(tensor.name) ? factor : 1)),
    }));
    return writeCheckpoint(path.join(await newFolder(), "huge"), configJson(TINY), tensors);
  }

  async function outcome(checkpoint: string, request: object): Promise<string> {
    const spec = parseSpec({ prompt: PROMPT, checkpoint, blocks: 2, iterations: 5, ...request });
    const runner = new ExperimentRunner({ cacheFolder });
    const options = { signal: new AbortController().signal, onProgress: () => undefined, now: () => performance.now() };
    try {
      for await (const event of runner.run(spec, options)) assert.equal(notFiniteIn(event), undefined, event.type);
      return "completed";
    } catch (error) {
      const { kind, message } = error as { kind?: string; message: string };
      return `${kind}: ${message}`;
    }
  }

  const METHODS: Record<string, object> = {
    "inversion": { learningRate: 0.01 },
    "inversion with rates that are tried": { learningRate: "auto" },
    "orthogonal walk": { method: "orthogonalWalk" },
    "walk along the Jacobian": { method: "orthogonalWalk", direction: "jacobian" },
    "clamped walk": { method: "clampedWalk" },
  };

  for (const [name, request] of Object.entries(METHODS)) {
    it(`of the states end the ${name}`, async () => {
      const states = await outcome(await huge(1e30, /mlp/), request);
      assert.equal(
        states,
        "badInput: The hidden states of this text are not finite numbers in float32: they overflow. Use dtype float64, or fewer blocks.",
      );
    });

    if (name !== "clamped walk")
      it(`of the gradient end the ${name}`, async () => {
        assert.match(
          await outcome(await huge(1e19, /attn/), request),
          /^badInput: At iteration 0 the gradient is not finite/,
        );
      });
  }

  it("of exact recovery end it", async () => {
    const exact = { method: "exact", iterations: 10 };
    assert.match(await outcome(await huge(1e30, /mlp/), exact), /^badInput: .*not finite numbers/);
    const large = await huge(1e18, /wte/);
    const rounded = await outcome(large, { ...exact, round: "float16" });
    assert.match(rounded, /^badInput: The states overflow when they are protected/);
  });

  it("of the shift test name its σ", async () => {
    const found = await outcome(await huge(1, /./), { shiftStd: 1e300 });
    assert.match(found, /^badInput: The shift test with σ 1e\+300 /);
  });

  it("of the start point do not blame the learning rate", async () => {
    const checkpoint = await huge(1, /./);
    assert.match(
      await outcome(checkpoint, { noiseShare: 1e308 }),
      /^badInput: At the start point .*whatever the learning/,
    );
  });

  it("of a checkpoint fail doctor's report, and write no states", async () => {
    const checkpoint = await huge(1e30, /mlp/);
    const options = { cacheFolder, initSeed: 0 };
    await assert.rejects(parityReport(checkpoint, undefined, options), {
      kind: "checkpoint",
      message: `${checkpoint} comes to numbers that are not finite for the fixed prompt, at block 1.`,
    });
    const spec = parseSpec({ prompt: PROMPT, checkpoint, blocks: 2 });
    await assert.rejects(textStates(spec, [2], { cacheFolder }), /not finite numbers in float32/);
  });

  it("are found wherever they stand in an event, but for the score of what may not be", () => {
    assert.equal(notFiniteIn({ a: [{ b: 1, c: NaN }] }), "a.0.c");
    assert.equal(notFiniteIn({ topK: [[{ score: -Infinity, id: 1 }]] }), undefined);
    assert.equal(notFiniteIn({ topK: [[{ score: Infinity }]] }), "topK.0.0.score");
    assert.equal(notFiniteIn({ a: null, b: "NaN", c: undefined }), undefined);
  });
});
