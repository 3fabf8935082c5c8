// Prints how far WebGPU's gradient of one random block of full size is from the CPU's.

import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { randomStream } from "../../src/common/random.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { openSubnetwork } from "../../src/runtime/network.ts";
import { TEST_CACHE } from "../support/folders.ts";
import { relativeError } from "../support/numbers.ts";

const checkpoint = await openCheckpoint("random:gpt2", { blocks: 1 }, { cacheFolder: TEST_CACHE, initSeed: 0 });
const point = (name: string) => randomStream(0, name).normal(5 * checkpoint.config.width, 0, 0.03, "float32");

async function gradientOn(device: "cpu" | "webgpu") {
  const network = await openSubnetwork({
    checkpoint,
    blocks: 1,
    output: "block",
    batch: 1,
    length: 5,
    type: "float32",
    measure: wholeOutput("l1"),
    device,
    memory: "low",
  });
  const { gradient } = await network.distanceAndGradient(point("e"), await network.forward(point("target")));
  const copy = gradient.slice();
  await network.release();
  return copy;
}

console.log(relativeError(await gradientOn("webgpu"), await gradientOn("cpu")));
process.exit(0);
