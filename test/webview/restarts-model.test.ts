import assert from "node:assert/strict";
import { receive } from "../../webview/page-model.ts";
import { type RestartColumn, restartTable } from "../../webview/restarts-model.ts";
import { done, running } from "../support/pages.ts";
import { endEvent, spec, startEvent, stepEvent } from "../support/run-events.ts";

describe("the table of restarts", () => {
  const of = spec({ restarts: 3 });
  const steps = [
    stepEvent(5, 1, { outputDistance: 3 }),
    stepEvent(5, 3, { restart: 1, outputDistance: 2 }),
    stepEvent(5, 2, { restart: 2, outputDistance: 9 }),
  ];
  const going = () => running([startEvent(of), ...steps], { spec: of });
  const order = (column: RestartColumn, descending = false) =>
    restartTable(going(), { column, descending })!.rows.map(({ restart }) => restart);

  it("has a row a restart, counted from 1, with what it has come to", () => {
    const page = going();
    const { columns, rows } = restartTable(page, { column: "restart", descending: false })!;
    assert.deepEqual(
      columns.map(({ name }) => name),
      ["restart", "exact", "first", "correct", "output", "discrete", "text"],
    );
    assert.deepEqual(
      rows.map(({ cells }) => cells),
      [
        ["1", "no", "–", "1/3", "3", "–", "The wrong wrong"],
        ["2", "✓ yes", "5", "3/3", "2", "–", "The sky."],
        ["3", "no", "–", "2/3", "9", "–", "The sky wrong"],
      ],
    );
    receive(page, { type: "events", id: "1", events: [endEvent(steps)] });
    const ended = restartTable(page, { column: "restart", descending: false })!.rows;
    assert.deepEqual(
      ended.map(({ cells, best, shown }) => [cells[5], best, shown]),
      [
        ["3", false, false],
        ["0", true, true],
        ["3", false, false],
      ],
    );
  });

  it("is sorted by any column, what is not known last", () => {
    assert.deepEqual(order("restart", true), [2, 1, 0]);
    assert.deepEqual(order("output"), [1, 0, 2]);
    assert.deepEqual(order("correct", true), [1, 2, 0]);
    assert.deepEqual(order("first"), [1, 0, 2]);
    assert.deepEqual(order("first", true), [1, 0, 2]);
    assert.deepEqual(order("discrete"), [0, 1, 2]);
    assert.deepEqual(order("text", true), [0, 1, 2]);
  });

  it("marks the restart that is shown", () => {
    const page = going();
    page.restart = 2;
    const { rows } = restartTable(page, { column: "restart", descending: false })!;
    assert.deepEqual(
      rows.map(({ shown }) => shown),
      [false, false, true],
    );
  });

  it("is not there for one restart, or before the first iteration", () => {
    assert.equal(restartTable(done(), { column: "restart", descending: false }), undefined);
    assert.equal(
      restartTable(running([startEvent(of)], { spec: of }), { column: "restart", descending: false }),
      undefined,
    );
  });
});
