// One whole inversion on WebGPU, through the runner: prints its first and its last event, a line each.

import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
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
for await (const event of new ExperimentRunner({ cacheFolder: TEST_CACHE }).run(spec, options)) {
  if (event.type === "start" || event.type === "end") console.log(JSON.stringify(event));
}
process.exit(0);
