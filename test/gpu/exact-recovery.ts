// Exact recovery on WebGPU at every depth, through the runner: prints its first and its last event, a line each.

import { ExperimentRunner } from "../../src/engine/experiment-runner.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { TEST_CACHE } from "../support/folders.ts";

const spec = parseSpec({
  method: "exact",
  prompt: "at the a of is in to",
  checkpoint: "random:mini?n_embd=48&n_head=3&n_layer=2&vocab_size=512",
  blocks: 2,
  everyDepth: true,
  device: "webgpu",
});
const options = { signal: new AbortController().signal, onProgress: () => undefined, now: () => 0 };
for await (const event of new ExperimentRunner({ cacheFolder: TEST_CACHE }).run(spec, options)) {
  if (event.type === "start" || event.type === "end") console.log(JSON.stringify(event));
}
process.exit(0);
