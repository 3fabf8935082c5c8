// Passes behind cached keys and values give the states of the whole pass, whatever part of the text is cached and whatever
// else stands in the same pass.

import assert from "node:assert/strict";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import type { FloatArray, FloatType } from "../../src/common/floats.ts";
import { inARow, inTextsOf, oneOfEach, Prefix, sideBySide } from "../../src/experiments/exact/prefix.ts";
import { cacheOf } from "../../src/networks/cached-pass.ts";
import { network } from "../../src/networks/network.ts";
import type { Output } from "../../src/networks/outputs.ts";
import { compile } from "../../src/runtime/compile.ts";
import { CachedPasses } from "../../src/runtime/open-cached-pass.ts";
import { input } from "../../src/tensorgraph/tensor.ts";
import { embedTokens } from "../../src/text/embedding.ts";
import { MODELS, TEST_CACHE } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";

const IDS = [464, 6766, 318, 4171, 13, 632, 318, 257, 1110];
const ON_CPU = { device: "cpu", memory: "low" } as const;
/** Of the norm of all states: what another order of summation changes. */
const TOLERANCE = { float32: 2e-6, float64: 1e-14 } as const;

async function open(source: string, blocks: number) {
  const options = { cacheFolder: TEST_CACHE, modelsFolder: MODELS, initSeed: 3 };
  return openCheckpoint(source, { blocks }, options);
}

interface Case {
  readonly source: string;
  readonly blocks: number;
  readonly output: Extract<Output, "block" | "finalNorm">;
  readonly type: FloatType;
}

async function opened({ source, blocks, output, type }: Case) {
  const checkpoint = await open(source, blocks);
  const { config } = checkpoint;
  const D = config.width;
  const embed = (ids: readonly number[]) => embedTokens(checkpoint, ids, "sequential", type);
  const tap = { blocks, finalNorm: output === "finalNorm" };
  const passes = new CachedPasses({ ...ON_CPU, checkpoint, taps: [tap], type });
  const sizes = { type, width: D, blocks, ...cacheOf(config).shape(config) };
  /** States [T, D] by the graph that the other methods use. */
  const whole = async (ids: readonly number[]): Promise<FloatArray> => {
    const shape = { kind: "transformer", config, blocks, output } as const;
    const graph = await compile(
      { output: network(input("embedding", [1, ids.length, D], type), shape) },
      { ...ON_CPU, weights: checkpoint },
    );
    try {
      return (await graph.run({ embedding: embed(ids) }, ["output"])).output.slice();
    } finally {
      await graph.release();
    }
  };
  return { D, embed, passes, sizes, whole };
}

const CASES: readonly Case[] = [
  { source: "mini", blocks: 4, output: "block", type: "float32" },
  { source: "mini", blocks: 2, output: "finalNorm", type: "float64" },
  // Heads of 16 and of 20.
  { source: "random:mini?n_embd=48&n_head=3", blocks: 3, output: "block", type: "float64" },
  { source: "random:mini?n_embd=60&n_head=3", blocks: 2, output: "finalNorm", type: "float32" },
];

describe("passes behind cached keys and values", function () {
  this.timeout(60_000);

  for (const one of CASES) {
    describe(`${one.source}, ${one.blocks} blocks, ${one.output}, ${one.type}`, () => {
      let all: Awaited<ReturnType<typeof opened>>;
      let states: FloatArray;
      before(async () => {
        all = await opened(one);
        states = await all.whole(IDS);
      });
      after(() => all.passes.release());
      const close = (found: FloatArray, wanted: FloatArray) =>
        assert.ok(relativeError(found, wanted) < TOLERANCE[one.type], `${relativeError(found, wanted)}`);

      for (const cut of [0, 1, 4, 8]) {
        it(`give the states behind ${cut} cached tokens`, async () => {
          const { D, embed, passes, sizes } = all;
          const pass = await passes.open(16, 12);
          const prefix = new Prefix({ ...sizes, capacity: 12 });
          const e = embed(IDS);
          if (cut > 0) prefix.settle(await prefix.pass(pass, e.subarray(0, cut * D), inARow), 0, cut);
          const { states: rest } = await prefix.pass(pass, e.subarray(cut * D), inARow);
          close(rest[0], states.subarray(cut * D));
        });
      }

      it("give each candidate the state that it has in a text of its own", async () => {
        const { D, embed, passes, sizes, whole } = all;
        const candidates = [4171, 11, 50_000, 318];
        const pass = await passes.open(8, 8);
        const prefix = new Prefix({ ...sizes, capacity: 8 });
        const start = IDS.slice(0, 3);
        prefix.settle(await prefix.pass(pass, embed(start), inARow), 0, start.length);
        const rows = candidates.flatMap((id) => [...embed([...start, id]).subarray(start.length * D)]);
        const { states: found } = await prefix.pass(pass, Float64Array.from(rows), sideBySide);
        for (const [row, id] of candidates.entries()) {
          const own = await whole([...start, id]);
          close(found[0].subarray(row * D, (row + 1) * D), own.subarray(start.length * D));
        }
      });

      it("keep several texts apart, side by side and a token of each at a time", async () => {
        const { D, embed, passes, sizes, whole } = all;
        const texts = [IDS.slice(0, 3), IDS.slice(4, 7), [11, 11, 12]];
        const [own, rows] = [await Promise.all(texts.map(whole)), texts.map(embed)];
        const apart = await new Prefix({ ...sizes, capacity: 1 }).pass(
          await passes.open(16, 1),
          Float64Array.from(rows.flatMap((row) => [...row])),
          inTextsOf(3),
        );
        const prefix = new Prefix({ ...sizes, capacity: 9 });
        const pass = await passes.open(3, 9);
        for (let t = 0; t < 3; t++) {
          const next = rows.flatMap((row) => [...row.subarray(t * D, (t + 1) * D)]);
          const result = await prefix.pass(pass, Float64Array.from(next), oneOfEach(3));
          prefix.settle(result, 0, 3);
          for (const [text, wanted] of own.entries()) {
            const row = wanted.subarray(t * D, (t + 1) * D);
            close(result.states[0].subarray(text * D, (text + 1) * D), row);
            close(apart.states[0].subarray((text * 3 + t) * D, (text * 3 + t + 1) * D), row);
          }
        }
      });
    });
  }
});
