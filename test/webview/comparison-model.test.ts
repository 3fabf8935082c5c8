import assert from "node:assert/strict";
import { comparisonOf, decodedSideBySide } from "../../webview/comparison-model.ts";
import { emptyPage, receive } from "../../webview/page-model.ts";
import { info } from "../support/pages.ts";
import { spec, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";

describe("runs side by side", () => {
  const three = () => {
    const page = emptyPage();
    const compared = ["3", "1", "2"];
    const runs = [
      info({ kind: "completed" }, { compared }),
      info({ kind: "running" }, { id: "2", spec: spec({ blocks: 3, checkpoint: "mini" }), compared }),
      info({ kind: "waiting", behind: "2" }, { id: "3", spec: spec({ seed: 7 }), compared }),
    ];
    const beside = [
      { id: "3", events: [] },
      { id: "2", events: [startEvent(), stepEvent(0, 1)] },
    ];
    receive(page, { type: "show", runs, shown: { id: "1", events: wholeRun() }, beside });
    return page;
  };

  it("tell what they differ in first, and what each has come to, in the order of the comparison", () => {
    const comparison = comparisonOf(three());
    assert.deepEqual(
      comparison?.runs.map(({ id, shown }) => [id, shown]),
      [
        ["3", false],
        ["1", true],
        ["2", false],
      ],
    );
    assert.deepEqual(comparison.differences, [
      { field: "checkpoint", values: ["random:gpt2", "random:gpt2", "mini"] },
      { field: "blocks", values: ["1", "1", "3"] },
      { field: "seed", values: ["7", "0", "0"] },
    ]);
    const values = Object.fromEntries(comparison.rows.map(({ label, values }) => [label, values]));
    assert.deepEqual(values["Correct tokens"], ["–", "3 of 3", "1 of 3"]);
    const when = ["–", "exact by iteration 10 and since (shown every 5)", "–"];
    assert.deepEqual(values["First exact iteration"], when);
    assert.deepEqual(values["Discrete distance"], ["–", "0", "–"]);
    assert.deepEqual(values["Token error rate, top 1 / top 5"], ["–", "0 % / 0 %", "–"]);
  });

  it("read as they did at the shown iterations closest to the one under study, with the tokens that are right", () => {
    const page = three();
    const read = () =>
      decodedSideBySide(page).map(
        (one) => one && [one.id, one.place, one.right, one.chips.map(({ mark }) => mark === "matches")],
      );
    const first = [true, false, false];
    assert.deepEqual(read(), [undefined, ["1", "iteration 10", 3, [true, true, true]], ["2", "iteration 0", 1, first]]);
    receive(page, { type: "events", id: "2", events: [stepEvent(8, 2)] });
    page.row = 0;
    assert.deepEqual(read().slice(1), [
      ["1", "iteration 0", 0, [false, false, false]],
      ["2", "iteration 0", 1, first],
    ]);
    page.pointed = 6;
    assert.deepEqual(read().slice(1), [
      ["1", "iteration 5", 2, [true, true, false]],
      ["2", "iteration 8", 2, [true, true, false]],
    ]);
  });

  it("all go on as their events come", () => {
    const page = three();
    receive(page, { type: "events", id: "2", events: [stepEvent(5, 3)] });
    receive(page, { type: "events", id: "3", events: [startEvent(), stepEvent(0, 2)] });
    const right = comparisonOf(page)?.rows.find(({ label }) => label === "Correct tokens");
    assert.deepEqual(right?.values, ["2 of 3", "3 of 3", "3 of 3"]);
    receive(page, { type: "run", run: { ...page.beside[1].info, phase: { kind: "completed" } } });
    assert.equal(comparisonOf(page)?.rows[0].values[2], "Done");
  });

  it("are one again when the comparison ends", () => {
    const page = three();
    receive(page, { type: "show", runs: page.runs, shown: { id: "1", events: wholeRun() }, beside: [] });
    assert.equal(comparisonOf(page), undefined);
  });
});
