// Trained against untrained: how many of five tokens come back from mini and from random:mini, for every depth, start,
// optimiser and decoder, as a Markdown table. Each condition gets that learning rate of a grid which brings the outputs
// closest (median over the start points of the first prompt), so the tokens have no say in it.
//
//   node --import=tsx/esm models/recipe/inversions.ts [CHECKPOINT…]

import path from "node:path";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import type { FloatArray } from "../../src/common/floats.ts";
import { learningRateAt, OPTIMIZER_RULES } from "../../src/experiments/optimizers.ts";
import { median } from "../../src/common/statistics.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { startPoints } from "../../src/experiments/start-points.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { openSubnetwork } from "../../src/runtime/open-network.ts";
import { type Decoder, type DecoderName, openDecoder } from "../../src/text/decoders.ts";
import { embedTokens } from "../../src/text/embedding.ts";
import { embeddingMoments, embeddingStatistics } from "../../src/text/embedding-statistics.ts";
import { loadTokenizer } from "../../src/text/tokenizer.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");
const OPTIONS = {
  cacheFolder: path.join(ROOT, ".cache", "tests"),
  modelsFolder: path.join(ROOT, "models"),
  initSeed: 0,
};

/** Of five tokens each. */
const PROMPTS = ["The sky is blue.", "She opened the old door", "A large animal with horns", "We must not forget them"];
const LENGTH = 5;
const RESTARTS = 8;
const ITERATIONS = 400;
const DECODERS = ["pseudoinverse", "nearest", "cosine"] as const satisfies DecoderName[];
const METHODS = [
  { optimizer: "adam", rates: [0.003, 0.01, 0.03, 0.1] },
  { optimizer: "gd", rates: [0.0003, 0.001, 0.003, 0.01] },
] as const;

const asked = process.argv.slice(2);
const CHECKPOINTS = asked.length > 0 ? asked : ["mini", "random:mini"];
const tokenizer = await loadTokenizer();

async function openCondition(source: string, blocks: number) {
  const checkpoint = await openCheckpoint(source, { blocks }, OPTIONS);
  const statistics = await embeddingStatistics(checkpoint, OPTIONS);
  const network = await openSubnetwork({
    checkpoint,
    blocks,
    output: "block",
    batch: RESTARTS,
    length: LENGTH,
    type: "float32",
    measure: wholeOutput("l1"),
    device: "cpu",
    memory: "speed",
  });
  const positions = "sequential";
  const targetIds = new Array<number>(LENGTH).fill(0); // of their ranks nothing is wanted here
  const decoders = await Promise.all(
    DECODERS.map((decoder) =>
      openDecoder(checkpoint, statistics, { decoder, positions, batch: RESTARTS, targetIds, topK: 1 }),
    ),
  );
  const moments = embeddingMoments(checkpoint, statistics, positions, LENGTH);

  return {
    /** The last iterates of one descent for each start point: their output distances, and the tokens that are right. */
    async descend(prompt: string, optimizer: "adam" | "gd", start: "matched" | "source", learningRate: number) {
      const targetIds = tokenizer.encode(prompt);
      const one = embedTokens(checkpoint, targetIds, positions, "float32");
      const target = Float32Array.from({ length: RESTARTS * one.length }, (_, i) => one[i % one.length]);
      const targetOutput = await network.forward(target);
      const spec = parseSpec({ prompt, optimizer, start, learningRate, restarts: RESTARTS, iterations: ITERATIONS });
      const e = startPoints(spec, target, moments);
      const update = OPTIMIZER_RULES[optimizer](e.length, "float32");
      for (let n = 0; n < ITERATIONS; n++) {
        const { gradient } = await network.distanceAndGradient(e, targetOutput);
        update(e, gradient, learningRateAt(learningRate, n, ITERATIONS));
      }
      const { distance } = await network.distanceAndGradient(e, targetOutput);
      const right = await Promise.all(decoders.map((decoder) => rightTokens(decoder, e, targetIds)));
      return { distance: median(Array.from(distance)), right };
    },
    async release() {
      await network.release();
      for (const decoder of decoders) await decoder.release();
    },
  };
}

/** Tokens that are the prompt's, for each start point. */
async function rightTokens(decoder: Decoder, e: FloatArray, targetIds: number[]) {
  const decodings = await decoder.decode(e);
  return decodings.map(({ tokenIds }) => tokenIds.filter((id, position) => id === targetIds[position]).length);
}

/** A mean number of right tokens, and how many of the descents gave all of them. */
function cell(counts: number[]): string {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return `${mean.toFixed(2)} (${counts.filter((count) => count === LENGTH).length})`;
}

const row = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
const descents = PROMPTS.length * RESTARTS;
console.log(`Mean of ${LENGTH} tokens that are right, and in brackets how many of ${descents} descents are exact.\n`);
row(["blocks", "start", "optimiser", "checkpoint", "η", ...DECODERS]);
row(new Array<string>(5 + DECODERS.length).fill("---"));
for (const blocks of [1, 2, 3, 4]) {
  const conditions = await Promise.all(CHECKPOINTS.map((source) => openCondition(source, blocks)));
  for (const start of ["matched", "source"] as const) {
    for (const { optimizer, rates } of METHODS) {
      for (const [index, source] of CHECKPOINTS.entries()) {
        let best = { rate: 0, distance: Infinity };
        for (const rate of rates) {
          const { distance } = await conditions[index].descend(PROMPTS[0], optimizer, start, rate);
          if (distance < best.distance) best = { rate, distance };
        }
        const counts = DECODERS.map((): number[] => []);
        for (const prompt of PROMPTS) {
          const outcome = await conditions[index].descend(prompt, optimizer, start, best.rate);
          outcome.right.forEach((perStart, decoder) => counts[decoder].push(...perStart));
        }
        row([blocks, start, optimizer, source, best.rate, ...counts.map(cell)]);
      }
    }
  }
  for (const condition of conditions) await condition.release();
}
