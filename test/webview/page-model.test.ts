import assert from "node:assert/strict";
import * as fc from "fast-check";
import { chosenRun, receive, rowAt, shownRestart, shownRow, shownStep, shownSteps } from "../../webview/page-model.ts";
import { done, info, pageWith, running } from "../support/pages.ts";
import { endEvent, spec, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";

describe("the page's model", () => {
  it("is the same whether a run's events come at once or in pieces", () => {
    const events = wholeRun();
    const whole = pageWith(info({ kind: "completed" }), events);
    fc.assert(
      fc.property(fc.array(fc.nat(events.length), { maxLength: 4 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), events.length];
        const page = pageWith(info({ kind: "completed" }), []);
        for (let i = 1; i < places.length; i++) {
          receive(page, { type: "events", id: "1", events: events.slice(places[i - 1], places[i]) });
        }
        assert.deepEqual(page, whole);
      }),
    );
  });

  it("shows the newest iteration until another one is picked", () => {
    const page = running([startEvent(), stepEvent(0, 0)]);
    assert.equal(shownStep(page)?.iteration, 0);
    receive(page, { type: "events", id: "1", events: [stepEvent(5, 1)] });
    assert.equal(shownStep(page)?.iteration, 5);
    page.row = 0;
    receive(page, { type: "events", id: "1", events: [stepEvent(10, 1)] });
    assert.equal(shownStep(page)?.iteration, 0);
  });

  it("takes no events of another run", () => {
    const page = running([startEvent()]);
    receive(page, { type: "events", id: "2", events: [stepEvent(0, 0)] });
    assert.equal(shownSteps(page).length, 0);
  });

  it("forgets what was picked when another run is shown, and keeps it when the same one is sent again", () => {
    const page = done();
    page.row = 1;
    page.restart = 0;
    receive(page, {
      type: "show",
      runs: [info({ kind: "completed" })],
      shown: { id: "1", events: wholeRun() },
      beside: [],
    });
    assert.equal(shownRow(page), 1);
    const other = info({ kind: "waiting", behind: "1" }, { id: "2" });
    receive(page, { type: "show", runs: [other], shown: { id: "2", events: [] }, beside: [] });
    assert.equal(page.row, undefined);
    assert.equal(page.restart, undefined);
  });

  it("is about the run that was picked at once, and shows it when it has come", () => {
    const page = running([startEvent()]);
    const other = info({ kind: "completed" }, { id: "2" });
    receive(page, { type: "run", run: other });
    assert.equal(chosenRun(page)?.id, "1");
    page.picked = "2";
    receive(page, { type: "events", id: "1", events: [stepEvent(0, 0)] });
    assert.equal(chosenRun(page)?.id, "2");
    assert.equal(page.run?.info.id, "1");
    receive(page, { type: "show", runs: page.runs, shown: { id: "2", events: wholeRun() }, beside: [] });
    assert.equal(page.run?.info.id, "2");
    assert.equal(page.picked, undefined);
  });

  it("adds new runs to the list and follows changes of the shown one", () => {
    const page = running([startEvent()]);
    receive(page, { type: "run", run: info({ kind: "waiting", behind: "1" }, { id: "2" }) });
    receive(page, { type: "run", run: info({ kind: "stopping" }) });
    assert.deepEqual(
      page.runs.map(({ id, phase }) => [id, phase.kind]),
      [
        ["1", "stopping"],
        ["2", "waiting"],
      ],
    );
    assert.equal(page.run?.info.phase.kind, "stopping");
  });

  it("picks the shown iteration that is closest to one of the plot's", () => {
    const page = running([startEvent(), ...[0, 3, 6].map((iteration) => stepEvent(iteration, 0))]);
    assert.deepEqual(
      [0, 1, 2, 4, 5, 9].map((iteration) => rowAt(page, iteration)),
      [0, 0, 1, 1, 2, 2],
    );
  });

  it("shows the first of several restarts while they go on, and the best one at the end", () => {
    const of = spec({ restarts: 2 });
    const steps = [stepEvent(10, 1), stepEvent(10, 3, { restart: 1 })];
    const page = running([startEvent(of), ...steps], { spec: of });
    assert.equal(shownRestart(page), 0);
    receive(page, { type: "events", id: "1", events: [endEvent(steps)] });
    assert.equal(shownRestart(page), 1);
    page.restart = 0;
    assert.equal(shownRestart(page), 0);
  });
});
