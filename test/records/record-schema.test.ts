import assert from "node:assert/strict";
import { parseEvent } from "../../src/records/record-schema.ts";
import { endEvent, stepEvent } from "../support/run-events.ts";

describe("an end event of a record", () => {
  const end = endEvent([stepEvent(10, 3)]);
  const parsed = (changes: object) =>
    parseEvent(JSON.stringify({ ...end, best: { ...end.best, ...changes } }), "line 3");

  it("says when the run was exact, or is of an earlier version and does not", () => {
    const when = { firstExactIteration: 5, exactSince: null, firstCorrectIterations: [0, null, 5] };
    assert.deepEqual(parsed(when), { ...end, best: { ...end.best, ...when } });
    assert.deepEqual(parsed({}), end);
  });

  for (const wrong of [{ firstExactIteration: -1 }, { exactSince: "5" }, { firstCorrectIterations: [0.5] }]) {
    it(`is damaged where it says ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => parsed(wrong), { kind: "storage", message: /^line 3 is damaged at best\./ });
    });
  }
});
