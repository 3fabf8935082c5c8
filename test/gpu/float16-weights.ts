// Opens a network with weights in 16 bits on WebGPU, and prints what comes of it.

import { openCheckpoint } from "../../src/checkpoints/open.ts";
import { quantise } from "../../src/checkpoints/generated/reduced-precision.ts";
import { LabError } from "../../src/common/errors.ts";
import { wholeOutput } from "../../src/networks/distance.ts";
import { openSubnetwork } from "../../src/runtime/open-network.ts";
import { TEST_CACHE, TINY_GPT2 } from "../support/folders.ts";

const options = { cacheFolder: TEST_CACHE, initSeed: 0 };
const stored = await openCheckpoint(TINY_GPT2, { blocks: 2 }, options);
const { checkpoint } = await quantise(stored, 2, "float16", options);
const shape = { blocks: 2, output: "block", batch: 1, length: 5, type: "float32", measure: wholeOutput("l1") } as const;
try {
  await openSubnetwork({ ...shape, checkpoint, weightFormat: "float16", device: "webgpu", memory: "speed" });
  console.log("opened");
} catch (error) {
  console.log(error instanceof LabError ? `${error.kind}: ${error.message}` : error);
}
process.exit(0);
