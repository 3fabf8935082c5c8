// Charts of a sweep: each figure stands where its runs lie, with Wilson's interval of what it is a share of.

import assert from "node:assert/strict";
import { mkdtemp, readFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { wilson } from "../../src/common/statistics.ts";
import type { RestartResult } from "../../src/experiments/events.ts";
import type { Outcome } from "../../src/sweeps/perform-sweep.ts";
import { chartFile, sweepChart } from "../../src/sweeps/sweep-chart.ts";
import { type Cell, cellsOf, parseExperimentFile } from "../../src/sweeps/sweep-files.ts";
import { resultsCsv, resultsMarkdown, writeResults } from "../../src/sweeps/sweep-results.ts";
import { endEvent, stepEvent } from "../support/run-events.ts";

const [RESULT] = endEvent([stepEvent(10, 3)]).restarts;
const cells = cellsOf(
  parseExperimentFile(
    JSON.stringify({
      base: { method: "exact", checkpoint: "mini" },
      axes: { blocks: [1, 2], noise: [0.1, 0.5, 2], prompt: ["One.", "Two."] },
    }),
    "a",
    "/",
  ),
  "a",
);

/** Ten tokens, so many of them right, and the next one kept at so many places. */
const result = (right: number, kept: number): RestartResult => ({
  ...RESULT,
  tokenIds: Array.from({ length: 10 }, (_, i) => i),
  exact: right === 10,
  hamming: { top1: 1 - right / 10, top5: 0 },
  utility: { agreement: kept / 10, kl: 1 - kept / 10, agreements: [], kls: [] },
});

/** Of depth b and noise level i, 10 − 3 b i right and 10 − 4 i kept. */
const outcomeOf = (cell: Cell, changes: Partial<Outcome> = {}): Outcome => {
  const { blocks, noise } = cell.axes as { blocks: number; noise: number };
  const level = [0.1, 0.5, 2].indexOf(noise);
  return {
    cell,
    folder: "",
    status: "completed",
    elapsedMs: 1,
    restarts: [result(10 - 2 * blocks * level, 10 - 4 * level)],
    ...changes,
  };
};

const near = (found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void => {
  assert.deepEqual(
    found.map((row) => row.map((value) => value.toFixed(9))),
    wanted.map((row) => row.map((value) => value.toFixed(9))),
  );
};

describe("a chart of a sweep", () => {
  const outcomes = cells.map((cell) => outcomeOf(cell));

  it("has a figure along an axis, a line for each value of another", () => {
    const chart = sweepChart({ y: "tokensRight", along: "noise", lines: "blocks" }, outcomes);
    assert.deepEqual(chart.places, ["0.1", "0.5", "2"]);
    assert.deepEqual(
      chart.lines.map(({ name }) => name),
      ["blocks 1", "blocks 2"],
    );
    near(chart.lines[0].points, [
      [0, 1],
      [1, 0.8],
      [2, 0.6],
    ]);
    near(chart.lines[1].points, [
      [0, 1],
      [1, 0.6],
      [2, 0.2],
    ]);
  });

  it("has Wilson's 95 % interval of a share, of tokens by the tokens and of restarts by the restarts", () => {
    const tokens = sweepChart({ y: "tokensRight", along: "noise", lines: "blocks" }, outcomes);
    // 16 of 20, by hand: (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
    near([tokens.lines[0].band![1]], [[1, wilson(16, 20).low, wilson(16, 20).high]]);
    assert.ok(Math.abs(tokens.lines[0].band![1][1] - 0.58398) < 1e-5);
    assert.ok(Math.abs(tokens.lines[0].band![1][2] - 0.91934) < 1e-5);
    const exact = sweepChart({ y: "exact", along: "noise", lines: "blocks" }, outcomes);
    near(exact.lines[0].band!, [
      [0, wilson(2, 2).low, 1],
      [1, 0, wilson(0, 2).high],
      [2, 0, wilson(0, 2).high],
    ]);
    assert.deepEqual(sweepChart({ y: "kl", along: "noise" }, outcomes).lines[0].band, []);
  });

  it("has one figure over another, the points in the order of the axis", () => {
    const chart = sweepChart({ y: "tokensRight", x: "agreement", along: "noise", lines: "blocks" }, outcomes);
    assert.equal(chart.places, undefined);
    near(chart.lines[1].points, [
      [1, 1],
      [0.6, 0.6],
      [0.2, 0.2],
    ]);
    near([chart.lines[1].band![1]], [[0.6, wilson(12, 20).low, wilson(12, 20).high]]);
  });

  it("leaves out what failed and what has no such figure", () => {
    const some = cells.map((cell) =>
      outcomeOf(cell, cell.axes["noise"] === 0.5 ? { status: "failed", restarts: [] } : {}),
    );
    const [line] = sweepChart({ y: "tokensRight", along: "noise" }, some).lines;
    assert.deepEqual(
      line.points.map(([x]) => x),
      [0, 1],
    );
    const bare = outcomes.map((outcome) => ({ ...outcome, restarts: [RESULT] }));
    assert.deepEqual(sweepChart({ y: "agreement", along: "noise" }, bare).lines[0].points, []);
  });

  it("is written beside the tables, which have the method's own figures and show it", async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "sweep-chart-"));
    const chart = { y: "tokensRight", x: "agreement", along: "noise", lines: "blocks" };
    await writeResults(folder, outcomes, [chart]);
    assert.equal(chartFile(chart), "tokensRight-by-agreement-along-noise-and-blocks.svg");
    assert.equal(chartFile({ y: "exact", along: "blocks" }), "exact-by-blocks.svg");
    const svg = await readFile(path.join(folder, chartFile(chart)), "utf8");
    assert.equal(svg.match(/<polygon /g)!.length, 2);
    const markdown = await readFile(path.join(folder, "results.md"), "utf8");
    assert.ok(markdown.includes(`](${chartFile(chart)})`));
    assert.match(resultsMarkdown(outcomes), /\| next-token agreement \| median KL divergence \|/);
    assert.match(resultsMarkdown(outcomes).split("\n")[3], /\| 100 % \| 0 \|/);
    const [head, first] = resultsCsv(outcomes).split(/\r?\n/);
    const column = head.split(",").indexOf("agreement");
    assert.ok(column > 0);
    assert.equal(first.split(",")[column], "1");
    assert.ok(!resultsCsv(outcomes.map((each) => ({ ...each, restarts: [RESULT] }))).includes("agreement"));
  });
});
