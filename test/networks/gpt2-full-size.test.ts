// random:gpt2 at its full size against PyTorch on the same weights, at 1 and 12 blocks, every output.
// The values are made by test/reference/gpt2_reference.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { readRows } from "../../src/checkpoints/rows.ts";
import { type FloatArray, floats } from "../../src/common/floats.ts";
import type { Output } from "../../src/networks/outputs.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { openSubnetwork } from "../../src/runtime/open-network.ts";
import { TEST_CACHE } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";

interface Reference {
  readonly checkpoint: string;
  readonly initSeed: number;
  readonly embedding: number[];
  readonly target: number[];
  readonly cases: {
    readonly blocks: number;
    readonly output: Output;
    readonly distance: number;
    /** A token each. */
    readonly gradientNorms: number[];
    /** First entries of each token. */
    readonly gradientEntries: number[][];
    readonly outputEntries: number[][];
    /** Of the embedding and of the target. */
    readonly nextTokens: number[];
  }[];
}

const FILE = path.join(import.meta.dirname, "../reference/random-gpt2-gradients.json");
const reference = JSON.parse(readFileSync(FILE, "utf8")) as Reference;

/** First entries of each of a matrix's rows. */
const firstEntries = (values: FloatArray, rows: number, count: number): number[] =>
  Array.from({ length: rows }, (_, row) => [...values.subarray((row * values.length) / rows).slice(0, count)]).flat();

const rowNorms = (values: FloatArray, rows: number): number[] =>
  Array.from({ length: rows }, (_, row) =>
    Math.hypot(...values.subarray((row * values.length) / rows, ((row + 1) * values.length) / rows)),
  );

describe("random:gpt2", () => {
  for (const { type, tolerance } of [
    { type: "float32", tolerance: 1e-5 },
    { type: "float64", tolerance: 1e-12 },
  ] as const) {
    for (const { blocks, output, ...expected } of reference.cases) {
      it(`${blocks} blocks, ${output}: PyTorch's gradient in ${type}, to ${tolerance}`, async () => {
        const checkpoint = await openCheckpoint(
          reference.checkpoint,
          { blocks },
          { cacheFolder: TEST_CACHE, initSeed: reference.initSeed },
        );
        const length = reference.embedding.length;
        const network = await openSubnetwork({
          checkpoint,
          blocks,
          output,
          batch: 1,
          length,
          type,
          measure: wholeOutput("l1"),
          device: "cpu",
          memory: "low",
        });
        const embed = async (ids: readonly number[]): Promise<FloatArray> => {
          const tokens = readRows(checkpoint, "wte.weight", ids);
          const positions = readRows(checkpoint, "wpe.weight", [...ids.keys()]);
          const embedding = floats(type, tokens.length);
          return embedding.map((_, i) => tokens[i] + positions[i]);
        };
        const [embedding, target] = [await embed(reference.embedding), await embed(reference.target)];
        const { distance, gradient } = await network.distanceAndGradient(embedding, await network.forward(target));

        const count = expected.gradientEntries[0].length;
        const errors = {
          distance: relativeError(distance, [expected.distance]),
          output: relativeError(
            firstEntries(await network.forward(embedding), length, count),
            expected.outputEntries.flat(),
          ),
          gradient: relativeError(firstEntries(gradient, length, count), expected.gradientEntries.flat()),
          norms: relativeError(rowNorms(gradient, length), expected.gradientNorms),
        };
        for (const [what, error] of Object.entries(errors)) assert.ok(error < tolerance, `${what}: ${error}`);
        assert.deepEqual(
          [...(await network.nextTokens(embedding))!, ...(await network.nextTokens(target))!],
          expected.nextTokens,
        );
        await network.release();
      });
    }
  }
});
