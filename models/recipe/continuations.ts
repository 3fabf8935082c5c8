// What mini makes of the beginning of a text, through the lab's own runtime: the most likely continuation, and one drawn
// at temperature 0.8 from the 40 most likely tokens at each place (seeded).
//
//   node --import=tsx/esm models/recipe/continuations.ts [TEXT…]

import path from "node:path";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { threefry2x32 } from "../../src/common/random.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { openSubnetwork } from "../../src/runtime/open-network.ts";
import { topScores } from "../../src/common/top-scores.ts";
import { embedTokens } from "../../src/text/embedding.ts";
import { loadTokenizer } from "../../src/text/tokenizer.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");
const LENGTH = 40;
const TOP = 40;
const TEMPERATURE = 0.8;
const TEXTS = [
  "The sky is",
  "Once upon a time there was",
  "She looked at him and",
  "The people of the United States",
  "And the Lord said unto",
  "horse: a large",
  "Background: The country became independent",
];

const tokenizer = await loadTokenizer();
const options = {
  cacheFolder: path.join(ROOT, ".cache", "tests"),
  modelsFolder: path.join(ROOT, "models"),
  initSeed: 0,
};
const checkpoint = await openCheckpoint("mini", { blocks: 4 }, options);
const network = await openSubnetwork({
  checkpoint,
  blocks: 4,
  output: "head",
  batch: 1,
  length: LENGTH,
  type: "float32",
  measure: wholeOutput("l1"),
  device: "cpu",
  memory: "speed",
});

async function proceed(text: string, next: (logits: Float32Array) => number): Promise<string> {
  const ids = tokenizer.encode(text);
  while (ids.length < LENGTH) {
    // What stands after the last token does not reach it: attention looks back only.
    const padded = [...ids, ...new Array<number>(LENGTH - ids.length).fill(0)];
    const logits = await network.forward(embedTokens(checkpoint, padded, "sequential", "float32"));
    const V = checkpoint.config.vocabulary;
    ids.push(next(logits.subarray((ids.length - 1) * V, ids.length * V) as Float32Array));
  }
  return tokenizer.decode(ids);
}

for (const [index, text] of (process.argv.length > 2 ? process.argv.slice(2) : TEXTS).entries()) {
  let drawn = 0;
  const uniform = () => threefry2x32([index, 0], [drawn++, 0])[0] / 2 ** 32;
  const sample = (logits: Float32Array): number => {
    const top = topScores(logits, TOP);
    const weights = top.map(({ score }) => Math.exp((score - top[0].score) / TEMPERATURE));
    let rest = uniform() * weights.reduce((sum, weight) => sum + weight, 0);
    return (top[weights.findIndex((weight) => (rest -= weight) < 0)] ?? top[0]).id;
  };
  console.log(`most likely: ${await proceed(text, (logits) => topScores(logits, 1)[0].id)}`);
  console.log(`drawn:       ${await proceed(text, sample)}\n`);
}
await network.release();
