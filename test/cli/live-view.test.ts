// The picture of a run in a terminal.

import assert from "node:assert/strict";
import { PLAIN } from "../../src/cli/io.ts";
import { follow, type LiveState, picture } from "../../src/cli/live-view.ts";
import type { RunEvent } from "../../src/experiments/events.ts";
import { type ExperimentRequest, parseSpec } from "../../src/experiments/spec.ts";
import { ExperimentRunner } from "../engine/fixtures/fake-experiment-runner.ts";

/** The state after all events but the last `left`, one of them each 10 ms. */
async function stateOf(request: ExperimentRequest, left = 1): Promise<LiveState> {
  const spec = parseSpec(request);
  const state: LiveState = { spec, steps: [], firsts: [] };
  const { signal } = new AbortController();
  const events: RunEvent[] = [];
  const options = { signal, onProgress: () => undefined, now: () => 0 };
  for await (const event of new ExperimentRunner({ cacheFolder: "" }).run(spec, options)) events.push(event);
  events.slice(0, -left).forEach((event, index) => follow(state, event, index * 10));
  return state;
}

const styles = { ...PLAIN, match: (text: string) => `[${text}]` };
const screen = { columns: 80, rows: 24, styles };

describe("live view", () => {
  it("shows the condition, the newest decodings with right tokens marked, and how far and how close the run is", async () => {
    const state = await stateOf({ prompt: "The sky", iterations: 20, every: 5 }, 2);
    assert.deepEqual(picture(state, screen), [
      "Inverting “The sky”",
      "random:gpt2, init seed 0 · 1 block · output block",
      "start matched · Adam, η 0.01 · L1 · seed 0",
      "",
      "iteration   distance  correct  decoded",
      "        0       1000      0/7  xxxxxxx",
      "        5      166.7      1/7  [T]xxxxxx",
      "       10      90.91      3/7  [The]xxxx",
      "       15       62.5      5/7  [The s]xx",
      "",
      "███████████████████████░░░░░░░  iteration 15/20 · 500/s · 0.0 s left",
      "output distance 62.5 · noise threshold 50, not yet below · input distance 31.25",
    ]);
  });

  it("says when it is stopping", async () => {
    const state = await stateOf({ prompt: "The sky", iterations: 20, every: 5 }, 2);
    state.stopping = true;
    assert.match(picture(state, screen).at(-2)!, /iteration 15\/20 · 500\/s · stopping…$/);
  });

  it("has a line for each restart", async () => {
    const lines = picture(await stateOf({ prompt: "The sky", iterations: 20, every: 20, restarts: 3 }), screen);
    assert.deepEqual(lines.slice(4, 9), [
      "  restart   distance  correct  decoded",
      "        1      47.62      7/7  [The sky]",
      "        2      47.62      6/7  [The sk]x",
      "        3      47.62      5/7  [The s]xx",
      "",
    ]);
    assert.equal(lines.at(-1), "restart 1 exact by iteration 20 and since (shown every 20)");
  });

  it("stays within a small screen, with the closest of many restarts", async () => {
    const state = await stateOf({ prompt: "The sky is blue. ".repeat(20), iterations: 20, restarts: 64 });
    for (const rows of [10, 15, 40]) {
      const lines = picture(state, { columns: 40, rows, styles: PLAIN });
      assert.ok(lines.length < rows, `${lines.length} lines on ${rows}`);
      for (const line of lines) assert.ok(line.length <= 40, line);
    }
  });

  it("shows a stage before there is anything else", () => {
    const state: LiveState = { spec: parseSpec({ prompt: "x" }), steps: [], firsts: [] };
    assert.equal(picture(state, screen).at(-1), "Starting the engine…");
    state.progress = { stage: "Writing random weights", done: 1, total: 2 };
    assert.equal(picture(state, screen).at(-1), `Writing random weights  ${"█".repeat(15)}${"░".repeat(15)}`);
  });
});
