import assert from "node:assert/strict";
import { RunLog } from "../../src/session/run-log.ts";
import type { RunInfo, RunPhase } from "../../src/session/panel-messages.ts";
import { spec, startEvent, stepEvent } from "../support/run-events.ts";

describe("the log", () => {
  const run = (phase: RunPhase): RunInfo => ({ id: "3", spec: spec(), phase, compared: [] });

  it("tells how runs begin and end, and more to those who ask for it, each once", () => {
    const lines: string[] = [];
    const level = (name: string) => (line: string) => void lines.push(`${name}: ${line}`);
    const log = new RunLog({
      trace: level("trace"),
      debug: level("debug"),
      info: level("info"),
      error: level("error"),
    });
    log.tell(run({ kind: "preparing", progress: { stage: "Opening the network", done: 1, total: 2 } }), []);
    log.tell(run({ kind: "preparing", progress: { stage: "Opening the network", done: 2, total: 2 } }), []);
    log.tell(run({ kind: "running" }), [startEvent()]);
    log.tell(run({ kind: "running" }), [stepEvent(5, 1)]);
    log.tell(run({ kind: "paused", since: 0 }), []);
    log.tell({ ...run({ kind: "completed" }), elapsedMs: 12, folder: "/runs/3" }, []);
    log.tell(run({ kind: "failed", error: { kind: "memory", message: "Too large." } }), []);
    assert.deepEqual(
      lines.map((line) => line.replace(/\{.*\}/, "{…}")),
      [
        "debug: run 3: Opening the network",
        "debug: run 3 is on cpu: {…}",
        'info: run 3 runs: inversion of "The sky." through random:gpt2',
        'trace: run 3, restart 1, iteration 5: output distance 1.6666666666666667, "The wrong wrong"',
        "debug: run 3 is paused",
        "info: run 3 is completed after 12 ms; its record is /runs/3",
        "error: run 3 failed: Too large.",
      ],
    );
  });
});
