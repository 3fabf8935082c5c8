import assert from "node:assert/strict";
import { receive } from "../../webview/page-model.ts";
import { exactRestarts } from "../../webview/run-model.ts";
import { running, walking } from "../support/pages.ts";
import { endEvent, spec, startEvent, stepEvent } from "../support/run-events.ts";

describe("a run on the page", () => {
  it("of a walk is drawn with every step that was measured, and its ratio", () => {
    const { run } = walking();
    assert.deepEqual(run?.series[0].iterations, [0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(run?.series[0].ratio, [null, 2, 2, 2, 2, 2, 2]);
    assert.deepEqual(run?.series[0].outputDistance, [0, 1, 2, 3, 4, 5, 6]);
  });

  it("counts the restarts that found the whole prompt, before and after the end", () => {
    const of = spec({ restarts: 2 });
    const steps = [stepEvent(10, 1), stepEvent(10, 3, { restart: 1 })];
    const page = running([startEvent(of), ...steps], { spec: of });
    assert.equal(exactRestarts(page.run!), 1);
    receive(page, { type: "events", id: "1", events: [endEvent(steps)] });
    assert.equal(exactRestarts(page.run!), 1);
  });
});
