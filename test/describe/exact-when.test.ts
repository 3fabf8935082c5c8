import assert from "node:assert/strict";
import { exactWhen, firstExactRestart, firstIterations } from "../../src/describe/exact-when.ts";
import { exactRun, exactSpec, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";
import { endOf, startOf, stepsByRestart } from "../../src/describe/run-events.ts";
import type { RunEvent } from "../../src/experiments/events.ts";

const firsts = (firstExactIteration: number | null, exactSince: number | null) => ({
  firstExactIteration,
  exactSince,
  firstCorrectIterations: [],
});
const of = (events: readonly RunEvent[]) => firstIterations(startOf(events)!, stepsByRestart(events), endOf(events));

describe("when a run was exact", () => {
  it("is said to be no more than was seen", () => {
    const told = (every: number, first: number | null, since: number | null) =>
      exactWhen({ every }, firsts(first, since));
    assert.equal(told(5, null, null), undefined);
    assert.equal(told(1, 40, 40), "exact since iteration 40");
    assert.equal(told(5, 0, 0), "exact since iteration 0");
    assert.equal(told(5, 40, 40), "exact by iteration 40 and since (shown every 5)");
    assert.equal(told(5, 40, 60), "exact by iteration 40 (shown every 5), always since 60");
    assert.equal(told(1, 40, null), "exact at iteration 40, not at the last one");
  });

  it("is read off the shown iterations where a record of an earlier version does not say it", () => {
    assert.deepEqual(of(wholeRun()), [{ firstExactIteration: 10, exactSince: 10, firstCorrectIterations: [5, 5, 10] }]);
    const events = wholeRun().map((event) =>
      event.type === "end"
        ? { ...event, restarts: event.restarts.map((restart) => ({ ...restart, ...firsts(7, 10) })) }
        : event,
    );
    assert.equal(of(events)[0].firstExactIteration, 7);
  });

  it("is not asked of exact recovery, which proves its tokens", () => {
    assert.deepEqual(of(exactRun(exactSpec())), []);
  });

  it("names the restart that was first", () => {
    const steps = [
      stepEvent(5, 2),
      stepEvent(5, 3, { restart: 1 }),
      stepEvent(10, 3),
      stepEvent(10, 3, { restart: 1 }),
    ];
    assert.equal(firstExactRestart(of([startEvent(), ...steps])), 1);
    assert.equal(firstExactRestart([firsts(null, null)]), undefined);
    assert.equal(firstExactRestart([]), undefined);
  });
});
