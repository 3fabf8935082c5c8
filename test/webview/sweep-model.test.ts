// What the Sweeps view says of a sweep, and what it lets people do with it.

import assert from "node:assert/strict";
import type { SweepInfo, SweepPhase } from "../../src/session/sweeps-messages.ts";
import { actionsOf, spokenValue, stateText, valueText } from "../../webview/sweep-model.ts";

const sweep = (kind: SweepPhase["kind"], finished = 3, failed = 0): SweepInfo => ({
  id: "a",
  name: "a",
  folder: "",
  phase: kind === "failed" ? { kind, message: "The disk is full." } : { kind },
  runs: 12,
  finished,
  failed,
});

describe("a sweep in its view", () => {
  it("says how far it is and how long it takes", () => {
    assert.equal(stateText({ ...sweep("running"), remainingMs: 200_000 }), "Running · 3 of 12 runs · about 3 min left");
    assert.equal(stateText(sweep("completed", 12, 2)), "Done · 12 of 12 runs · 2 failed");
    assert.equal(stateText(sweep("idle", 0)), "Stopped · 0 of 12 runs");
    assert.equal(stateText({ ...sweep("completed", 12), remainingMs: 5 }), "Done · 12 of 12 runs");
  });

  it("can be started, paused, gone on with and stopped, whichever makes sense", () => {
    const of = (kind: SweepPhase["kind"], finished?: number, failed?: number) => {
      const { start, pause, stop, forget } = actionsOf(sweep(kind, finished, failed));
      return [start, pause, stop, forget];
    };
    assert.deepEqual(of("idle", 0), ["start", false, false, true]);
    assert.deepEqual(of("idle"), ["resume", false, false, true]);
    assert.deepEqual(of("waiting"), [undefined, true, true, false]);
    assert.deepEqual(of("running"), [undefined, true, true, false]);
    assert.deepEqual(of("pausing"), ["resume", false, true, false]);
    assert.deepEqual(of("paused"), ["resume", false, true, true]);
    assert.deepEqual(of("stopping"), [undefined, false, false, false]);
    assert.deepEqual(of("completed", 12), [undefined, false, false, true]);
    assert.deepEqual(of("completed", 12, 1), ["again", false, false, true]);
    assert.deepEqual(of("failed"), ["resume", false, false, true]);
  });

  it("has figures with their units", () => {
    assert.equal(valueText(0.666, "share"), "67");
    assert.equal(spokenValue(0.666, "share"), "67 %");
    assert.equal(valueText(1500, "milliseconds"), "1.5 s");
    assert.equal(valueText(12.3456, undefined), "12.3");
  });
});
