// The tree of runs: the same nodes for the same runs, and no more drawn again than has changed.

import assert from "node:assert/strict";
import { isDay, RunNodes } from "../../src/session/run-nodes.ts";
import type { RunRow } from "../../src/session/run-rows.ts";
import { spec } from "../support/run-events.ts";

const shared = spec();
const row = (name: string, day: number, changes: Partial<RunRow> = {}): RunRow => ({
  folder: `/runs/${name}`,
  spec: shared,
  state: "completed",
  createdAt: new Date(2026, 10, day, 12).getTime(),
  ...changes,
});

describe("the nodes of runs", () => {
  it("stand under their days", () => {
    const nodes = new RunNodes();
    assert.equal(nodes.update([row("c", 24), row("b", 24), row("a", 20)]), "all");
    assert.deepEqual(
      nodes.days.map(({ start, runs }) => [new Date(start).getDate(), runs.map(({ key }) => key)]),
      [
        [24, ["/runs/c", "/runs/b"]],
        [20, ["/runs/a"]],
      ],
    );
    assert.equal(nodes.dayOf(nodes.days[1].runs[0]), nodes.days[1]);
  });

  it("are drawn again where they have changed, and nowhere else", () => {
    const nodes = new RunNodes();
    nodes.update([row("b", 24), row("a", 20)]);
    const [today, before] = nodes.days;
    const [node] = today.runs;
    assert.deepEqual(nodes.update([row("b", 24), row("a", 20)]), []);
    assert.deepEqual(nodes.update([row("b", 24, { state: "failed" }), row("a", 20)]), [node]);
    assert.equal(node.row.state, "failed");
    assert.deepEqual(nodes.update([row("c", 24), row("b", 24, { state: "failed" }), row("a", 20)]), [today]);
    assert.deepEqual(nodes.days, [today, before]);
    assert.equal(nodes.update([row("c", 24), row("b", 24)]), "all", "a day has gone");
  });

  it("stay when a run of the session gets its record, and when a record becomes one of its runs", () => {
    const nodes = new RunNodes();
    nodes.update([row("x", 24, { id: "1", folder: undefined, state: "waiting" }), row("a", 24)]);
    const [asked, recorded] = nodes.days[0].runs;
    nodes.update([row("b", 24, { id: "1", state: "running" }), row("a", 24, { id: "2" })]);
    const [begun, opened] = nodes.days[0].runs;
    assert.equal(begun, asked);
    assert.equal(opened, recorded);
    nodes.update([row("b", 24, { id: "1" }), row("a", 24, { id: "2" })]);
    assert.deepEqual(nodes.days[0].runs, [begun, opened]);
    assert.equal(isDay(begun), false);
  });
});
