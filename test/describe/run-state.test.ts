import assert from "node:assert/strict";
import { canStop, isActive, isOver, type RunStateName } from "../../src/describe/run-state.ts";

describe("the states of a run", () => {
  it("say whether it can be stopped, whether it is still to end, and whether it is over", () => {
    const of = (kind: RunStateName) =>
      [canStop, isActive, isOver].map((is) => (is({ phase: { kind } }) ? "yes" : "no")).join(" ");
    for (const kind of ["waiting", "preparing", "running", "pausing", "paused"] as const)
      assert.equal(of(kind), "yes yes no", kind);
    assert.equal(of("stopping"), "no yes no");
    // Another process carries it out.
    assert.equal(of("external"), "no no no");
    for (const kind of ["completed", "cancelled", "interrupted", "failed"] as const)
      assert.equal(of(kind), "no no yes", kind);
  });
});
