// Prints, for every network and for one random block of GPT-2 in its full size, how far WebGPU's gradient is from the
// CPU's: {"NAME": relative error}.

import { openFullyConnected } from "../../src/checkpoints/generated/fully-connected-weights.ts";
import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { randomStream } from "../../src/common/random.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { FULLY_CONNECTED_KINDS, METRICS } from "../../src/networks/options.ts";
import { OUTPUTS } from "../../src/networks/outputs.ts";
import { inputWidth } from "../../src/networks/network.ts";
import { type NetworkOptions, openNetwork } from "../../src/runtime/open-network.ts";
import { TEST_CACHE, TINY_GPT2 } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";

type Subject = Pick<NetworkOptions, "network" | "weights">;
const LENGTH = 5;

const subjects: Record<string, Subject> = {};
const tiny = await openCheckpoint(TINY_GPT2, { blocks: 2 }, { cacheFolder: TEST_CACHE, initSeed: 0 });
for (const output of OUTPUTS) {
  const network = { kind: "transformer", config: tiny.config, blocks: 2, output } as const;
  subjects[output] = { network, weights: async () => tiny };
}
for (const kind of FULLY_CONNECTED_KINDS) {
  const network = { kind, length: LENGTH, width: tiny.config.width };
  subjects[kind] = { network, weights: () => openFullyConnected(network, 0, TEST_CACHE, {}) };
}
const full = await openCheckpoint("random:gpt2", { blocks: 1 }, { cacheFolder: TEST_CACHE, initSeed: 0 });
subjects["full size"] = {
  network: { kind: "transformer", config: full.config, blocks: 1, output: "block" },
  weights: async () => full,
};

const errors: Record<string, number> = {};
for (const [name, subject] of Object.entries(subjects)) {
  const spread = name === "full size" ? 0.03 : 1;
  const batch = name === "full size" ? 1 : 2;
  const size = batch * LENGTH * inputWidth(subject.network);
  const point = (of: string) => randomStream(0, of).normal(size, 0, spread, "float32");
  // The metric ends every network alike, and a software adapter is slow.
  for (const metric of name === "block" ? METRICS : (["l1"] as const)) {
    const gradientOn = async (device: "cpu" | "webgpu") => {
      const place = { batch, length: LENGTH, type: "float32", device, memory: "low" } as const;
      const network = await openNetwork({ ...subject, ...place, measure: wholeOutput(metric) });
      const { gradient } = await network.distanceAndGradient(point("e"), await network.forward(point("target")));
      const copy = gradient.slice();
      await network.release();
      return copy;
    };
    errors[`${name} ${metric}`] = relativeError(await gradientOn("webgpu"), await gradientOn("cpu"));
  }
}
console.log(JSON.stringify(errors));
process.exit(0);
