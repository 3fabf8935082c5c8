// A heat map as a drawing: everything in it can be read, whatever the names are.

import assert from "node:assert/strict";
import { heatChart } from "../../src/reports/heat-chart.ts";

const figure = {
  title: "Depth & seed",
  xLabel: "blocks",
  yLabel: "initSeed",
  columns: ["1", "2", "<3>"],
  rows: ["0", "a name that is longer than anybody wants to read"],
  places: [
    [{ text: "0", strength: 0 }, { text: "100", strength: 1 }, null],
    [
      { text: "50", strength: 0.5 },
      { text: "", strength: 0 },
      { text: "&", strength: 0.9 },
    ],
  ],
  legend: "Exact (%)",
  ends: ["0", "100"] as const,
};

/** Relative luminance of a colour (WCAG 2.2). */
function luminance(colour: string): number {
  const parts = colour.startsWith("#")
    ? [...colour.slice(1)].map((digit) => parseInt(digit, 16) / 15)
    : (colour.match(/\d+/g) ?? []).map((part) => Number(part) / 255);
  const [r, g, b] = parts.map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

describe("a heat map", () => {
  const svg = heatChart(figure);

  it("has a place for every value, and none where there is none", () => {
    assert.equal(svg.match(/stroke="#999"/g)?.length, 5);
    for (const text of ["blocks", "initSeed", "Exact (%)", "&#60;3&#62;", "Depth &#38; seed"])
      assert.ok(svg.includes(text), text);
    assert.ok(!/wants to read/.test(svg));
    // Well formed: every tag is closed, in order.
    const open: string[] = [];
    for (const [, close, name, self] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
      if (close) assert.equal(open.pop(), name);
      else if (!self) open.push(name);
    }
    assert.deepEqual(open, []);
  });

  it("can be read on every colour: contrast 4.5 at least", () => {
    for (let strength = 0; strength <= 1; strength += 0.01) {
      const drawn = heatChart({ ...figure, columns: ["1"], rows: ["1"], places: [[{ text: "x", strength }]] });
      const [, paper, ink] = /fill="(rgb[^"]+)" stroke="#999".*?fill="(#\w+)">x</.exec(drawn)!;
      const [light, dark] = [luminance(paper), luminance(ink)].toSorted((a, b) => b - a);
      assert.ok((light + 0.05) / (dark + 0.05) >= 4.5, `${strength.toFixed(2)}: ${paper} ${ink}`);
    }
  });

  it("without places is an empty frame", () => {
    assert.match(heatChart({ ...figure, columns: [], rows: [], places: [], ends: undefined }), /^<svg .*<\/svg>$/s);
  });
});
