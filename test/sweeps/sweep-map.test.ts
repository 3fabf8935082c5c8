// The map of a sweep: each figure stands where its runs lie.

import assert from "node:assert/strict";
import { type Cell, cellsOf, parseExperimentFile } from "../../src/sweeps/sweep-files.ts";
import { defaultChoice, heatAxes, heatLayout, heatMap, heatMapDrawing } from "../../src/sweeps/sweep-map.ts";
import { heatFigures } from "../../src/sweeps/sweep-figures.ts";
import type { Outcome } from "../../src/sweeps/perform-sweep.ts";
import type { HeatChoice } from "../../src/sweeps/view-data.ts";
import { endEvent, stepEvent } from "../support/run-events.ts";

const cellsFor = (axes: object): Cell[] =>
  cellsOf(parseExperimentFile(JSON.stringify({ base: { prompt: "The sky." }, axes }), "a", "/"), "a");

const [RESULT] = endEvent([stepEvent(10, 1)]).restarts;

/** A run that has come to this many exact restarts of four, with output distances 1…4 times its depth. */
const outcome = (cell: Cell, exact: number, changes: Partial<Outcome> = {}): Outcome => ({
  cell,
  folder: "",
  status: "completed",
  elapsedMs: 1000,
  restarts: [1, 2, 3, 4].map((place) => ({
    ...RESULT,
    exact: place <= exact,
    outputDistance: place * cell.spec.blocks,
    beatsShiftAt: place <= exact ? place : null,
    firstExactIteration: place <= exact ? 10 * place : null,
  })),
  ...changes,
});
const named = (outcomes: readonly Outcome[]) => new Map(outcomes.map((each) => [each.cell.name, each]));

const mapOf = (cells: readonly Cell[], outcomes: ReadonlyMap<string, Outcome>, { figure, ...axes }: HeatChoice) =>
  heatMap(heatLayout(cells, axes), outcomes, figure);

describe("the map of a sweep", () => {
  const cells = cellsFor({ blocks: [1, 2, 3], initSeed: [0, 1], output: ["block", "head"] });

  it("has the axes with more than one value, seeds chosen last", () => {
    const axes = heatAxes(cellsFor({ initSeed: { from: 0, to: 20 }, blocks: [1, 2], output: ["block"] }));
    assert.deepEqual(
      axes.map(({ field, values }) => [field, values.length]),
      [
        ["initSeed", 21],
        ["blocks", 2],
      ],
    );
    assert.deepEqual(defaultChoice(axes), { across: "blocks", down: "initSeed", figure: "exact" });
    assert.deepEqual(defaultChoice([]), { across: undefined, down: undefined, figure: "exact" });
  });

  it("takes what lies on the other axes together", () => {
    const outcomes = named(
      cells.map((cell) => outcome(cell, cell.spec.output === "head" ? 1 : cell.spec.initSeed + 3)),
    );
    const exact = mapOf(cells, outcomes, { across: "blocks", down: "output", figure: "exact" });
    assert.deepEqual(exact.columns, ["1", "2", "3"]);
    assert.deepEqual(exact.rows, ["block", "head"]);
    assert.deepEqual(
      exact.cells.map((row) => row.map((cell) => [cell?.runs, cell?.finished, cell?.value])),
      [Array(3).fill([2, 2, 7 / 8]), Array(3).fill([2, 2, 1 / 4])],
    );
    const distance = mapOf(cells, outcomes, { across: "blocks", down: undefined, figure: "outputDistance" });
    assert.deepEqual(
      distance.cells[0].map((cell) => cell?.value),
      [2.5, 5, 7.5],
    );
    const steps = mapOf(cells, outcomes, { across: "output", down: "initSeed", figure: "beatsShiftAt" });
    assert.deepEqual(
      steps.cells.map((row) => row.map((cell) => cell?.value)),
      [
        [2, 1],
        [2.5, 1],
      ],
    );
  });

  it("shows the median first exact iteration of those that were exact, and nothing of older results", () => {
    const choice = { across: "output", down: "initSeed", figure: "firstExactIteration" };
    const whole = cells.map((cell) => outcome(cell, 3));
    assert.equal(mapOf(cells, named(whole), choice).cells[0][0]!.value, 20);
    const old = whole.map((each) => ({ ...each, restarts: [RESULT] }));
    assert.equal(mapOf(cells, named(old), choice).cells[0][0]!.value, null);
  });

  it("has a scale from 0 to 1 for shares, and of figures as far as they reach", () => {
    const shares = mapOf(cells, named([outcome(cells[0], 2)]), { across: "blocks", down: "output", figure: "exact" });
    assert.deepEqual(shares.scale, { low: 0, high: 1, logarithmic: false });
    assert.equal(shares.cells[0][0]?.strength, 0.5);
    const wide = cellsFor({ blocks: [1, 2, 3] });
    const found = named(
      wide.map((cell, i) => outcome(cell, 0, { restarts: [{ ...RESULT, outputDistance: 10 ** i }] })),
    );
    const map = mapOf(wide, found, { across: "blocks", down: undefined, figure: "outputDistance" });
    assert.deepEqual(map.scale, { low: 1, high: 100, logarithmic: true });
    assert.deepEqual(
      map.cells[0].map((cell) => cell?.strength),
      [0, 0.5, 1],
    );
    assert.match(heatMapDrawing(map, "Depths"), /Output distance, logarithmic/);
  });

  it("fills as runs finish, counts those that failed, and has no figure where none is known", () => {
    const [first, second] = cells;
    const map = mapOf(cells, named([outcome(first, 4), outcome(second, 0, { status: "failed", restarts: [] })]), {
      across: "blocks",
      down: "output",
      figure: "exact",
    });
    assert.deepEqual(
      map.cells.map(([cell]) => [cell?.finished, cell?.failed, cell?.value]),
      [
        [1, 0, 1],
        [1, 1, null],
      ],
    );
    for (const figure of Object.keys(heatFigures())) {
      const empty = mapOf(cells, new Map(), { across: "blocks", down: "output", figure });
      assert.ok(
        empty.cells.flat().every((cell) => cell?.value === null && cell.runs === 2),
        figure,
      );
    }
  });

  it("leaves open where values do not meet, as fields of one method with another method", () => {
    const both = cellsFor({ method: ["inversion", "clampedWalk"], optimizer: ["gd", "adam"] });
    const map = mapOf(both, new Map(), { across: "optimizer", down: "method", figure: "exact" });
    assert.deepEqual(map.columns, ["gd", "adam", "–"]);
    assert.deepEqual(
      map.cells.map((row) => row.map((cell) => cell?.runs ?? 0)),
      [
        [1, 1, 0],
        [0, 0, 1],
      ],
    );
  });
});
