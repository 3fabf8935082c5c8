// One whole inversion on WebGPU, through the laboratory: prints its first and its last event, a line each.

import { Laboratory } from "../../src/engine/laboratory.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { TEST_CACHE } from "../support/folders.ts";

const spec = parseSpec({
  prompt: "The sky is blue.",
  checkpoint: "random:mini",
  iterations: 30,
  every: 30,
  shiftDraws: 1,
  device: "webgpu",
});
const options = { signal: new AbortController().signal, onProgress: () => undefined, now: () => 0 };
for await (const event of new Laboratory({ cacheFolder: TEST_CACHE }).run(spec, options)) {
  if (event.type === "start" || event.type === "end") console.log(JSON.stringify(event));
}
process.exit(0);
