// A process that opens 12 blocks, runs them, and tells its parent how much anonymous memory it holds then.

import { readFileSync } from "node:fs";
import { openCheckpoint } from "../src/checkpoints/open.ts";
import { wholeOutput } from "../src/networks/distance.ts";
import { openSubnetwork } from "../src/runtime/open-network.ts";

const [cacheFolder, memory] = process.argv.slice(2) as [string, "speed" | "low"];
const anonymous = (): number => {
  const [, kilobytes] = /^Anonymous:\s+(\d+) kB/m.exec(readFileSync("/proc/self/smaps_rollup", "utf8"))!;
  return Number(kilobytes) * 1024;
};

const checkpoint = await openCheckpoint("random:gpt2", { blocks: 12 }, { cacheFolder, initSeed: 0 });
const before = anonymous();
const network = await openSubnetwork({
  checkpoint,
  blocks: 12,
  output: "block",
  batch: 1,
  length: 5,
  type: "float32",
  measure: wholeOutput("l1"),
  device: "cpu",
  memory,
});
const embedding = new Float32Array(5 * 768).map((_, i) => Math.sin(i) / 50);
const target = await network.forward(embedding);
for (let n = 0; n < 5; n++) await network.distanceAndGradient(embedding, target);
process.send!(anonymous() - before);
