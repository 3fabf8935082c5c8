import assert from "node:assert/strict";
import { type PrintedFigure, lineChart, stackedCharts } from "../../src/reports/line-chart.ts";

const figure = (changes: Partial<PrintedFigure>): PrintedFigure => ({
  title: "t",
  xLabel: "x",
  yLabel: "y",
  lines: [],
  ...changes,
});
const texts = (svg: string): string[] => [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);

describe("a line chart", () => {
  it("draws a dozen lines that no two are alike", () => {
    const lines = Array.from({ length: 12 }, (_, i) => ({ name: `${i}`, points: [[0, i] as const, [1, i] as const] }));
    const strokes = [
      ...lineChart(figure({ lines })).matchAll(/<polyline [^>]*(stroke="[^"]*") [^>]*(stroke-dasharray="[^"]*")/g),
    ];
    assert.equal(new Set(strokes.map(([, colour, dash]) => colour + dash)).size, 12);
  });

  it("shows the span that it is given and leaves out what lies outside", () => {
    const points = Array.from({ length: 101 }, (_, n) => [n, n] as const);
    const svg = lineChart(figure({ span: [40, 60], lines: [{ points }] }));
    assert.equal(/points="([^"]*)"/.exec(svg)![1].split(" ").length, 21);
    assert.ok(texts(svg).includes("40"));
    assert.ok(!texts(svg).includes("100"));
    assert.ok(texts(lineChart(figure({ lines: [{ points }] }))).includes("100"));
  });

  it("has a band around a line, names for places, and a dot at each point where they are asked for", () => {
    const points = [[0, 0.5] as const, [1, 0.75] as const];
    const band = [[0, 0.25, 0.6] as const, [1, 0.5, 1] as const];
    const svg = lineChart(figure({ places: ["none", "int8"], lines: [{ points, band, marked: true }] }));
    const corners = /<polygon points="([^"]*)"/
      .exec(svg)![1]
      .split(" ")
      .map((corner) => corner.split(",").map(Number));
    const line = /<polyline points="([^"]*)"/
      .exec(svg)![1]
      .split(" ")
      .map((corner) => corner.split(",").map(Number));
    assert.deepEqual(
      corners.map(([x]) => x),
      [line[0][0], line[1][0], line[1][0], line[0][0]],
    );
    const [, , , [, low]] = corners;
    assert.ok(corners[0][1] < line[0][1] && line[0][1] < low, "the band is above and below the line");
    assert.ok(texts(svg).includes("none") && texts(svg).includes("int8"));
    assert.equal(svg.match(/<circle /g)!.length, 2);
    const empty = lineChart(figure({ places: ["none", "int8"], lines: [{ points: [] }] }));
    assert.ok(texts(empty).includes("int8") && !empty.includes("NaN"), "places stand where they are without points");
    const plain = lineChart(figure({ lines: [{ points }] }));
    assert.ok(!plain.includes("<circle ") && !plain.includes("<polygon "));
  });

  it("draws points by themselves where they do not go over into each other", () => {
    const svg = lineChart(
      figure({
        lines: [
          {
            name: "i",
            dotted: true,
            points: [
              [0, 1],
              [1, 5],
            ],
          },
        ],
      }),
    );
    assert.equal(svg.match(/<circle /g)!.length, 3); // one of them in the legend
    assert.doesNotMatch(svg, /<polyline/);
  });

  it("has a line with its sign at each mark in sight, begins where it is told to, and a neutral line in the text's colour", () => {
    const points = [[0, 1] as const, [10, 5] as const];
    const marks = [
      { x: 5, label: "✓" },
      { x: 20, label: "σ" },
    ];
    const svg = lineChart(figure({ span: [0, 10], from: 1, marks, lines: [{ points, neutral: true }] }));
    assert.equal(svg.match(/stroke-dasharray="2 2"/g)!.length, 1);
    assert.ok(texts(svg).includes("✓") && !texts(svg).includes("σ"));
    assert.doesNotMatch(svg, /text-anchor="end">0</);
    assert.match(svg, /<polyline [^>]*stroke="currentColor"/);
  });

  it("is black on white in a file of its own, without points an empty frame", () => {
    const svg = stackedCharts([figure({})]);
    assert.match(
      svg,
      /^<svg [^>]*width="640" height="320"[^>]*color="#000"><rect width="100%" height="100%" fill="#fff"/,
    );
    assert.doesNotMatch(svg, /NaN|Infinity/);
  });
});
