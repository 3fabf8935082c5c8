// What a page says is looked at before it is done.

import assert from "node:assert/strict";
import { panelMessage, sweepsMessage } from "../../src/session/page-schemas.ts";
import type { FromPage } from "../../src/session/panel-messages.ts";
import type { FromSweepsPage } from "../../src/session/sweeps-messages.ts";

const figure = { title: "", xLabel: "iteration", yLabel: "r", lines: [{ points: [[0, 1] as const], style: 0 }] };

const FROM_PAGE: readonly FromPage[] = [
  { type: "ready" },
  { type: "select", id: "1" },
  { type: "compare", id: "1", beside: ["2"] },
  { type: "stop", id: "1" },
  { type: "pause", id: "1" },
  { type: "resume", id: "1" },
  { type: "runAgain", id: "1" },
  { type: "runAgain", id: "1", preset: "source" },
  { type: "duplicate", id: "1" },
  { type: "check", request: { prompt: 1 } },
  { type: "start", request: null },
  { type: "saveFigure", id: "1", figure: { ...figure, logarithmic: true, span: [0, 10] }, format: "png" },
  { type: "rasterised", request: 1, png: "AAAA" },
  { type: "rasterised", request: 1, problem: "no" },
  { type: "export", id: "1", comparison: true },
  { type: "showLog" },
];

const FROM_SWEEPS_PAGE: readonly FromSweepsPage[] = [
  { type: "ready" },
  { type: "select", id: "/a.sweep.json" },
  { type: "choose", choice: { across: "blocks", down: undefined, figure: "exact" } },
  ...(["start", "pause", "stop", "forget", "openFile", "showResults", "saveMap"] as const).map((type) => ({
    type,
    id: "/a.sweep.json",
  })),
  { type: "openPlace", id: "/a.sweep.json", column: "1", row: "" },
  { type: "openRun", id: "/a.sweep.json", name: "run" },
  { type: "new" },
  { type: "duplicate", id: "/a.sweep.json" },
  { type: "openSweep" },
  { type: "check", draft: { prompt: "a\nb" } },
  { type: "begin", name: "", draft: { blocks: "1, 2" }, charts: [{ y: "exact", along: "blocks" }] },
];

const FORGED = [
  undefined,
  null,
  0,
  -1,
  1.5,
  NaN,
  true,
  "",
  "__proto__",
  [],
  {},
  [1],
  { type: "ready" },
  "x".repeat(2e6),
];

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? "list" : value === null || Number.isNaN(value) ? String(value) : typeof value;
const isTooLong = (value: unknown): boolean => typeof value === "string" && value.length > 1e6;

describe("a message of a page", () => {
  for (const [name, messages, parse] of [
    ["the panel", FROM_PAGE, panelMessage],
    ["the sweeps", FROM_SWEEPS_PAGE, sweepsMessage],
  ] as const) {
    it(`of ${name} arrives as it was sent`, () => {
      for (const message of messages) assert.deepEqual(parse(message), message);
    });

    it(`of ${name} is none without its fields, with others, or with anything else in them`, () => {
      for (const value of [...FORGED, { type: "constructor" }, { type: "ready", id: "1" }, [{ type: "ready" }]]) {
        if (JSON.stringify(value) !== '{"type":"ready"}') assert.equal(parse(value), undefined);
      }
      for (const message of messages) {
        for (const [field, right] of Object.entries(message)) {
          if (field === "request" && message.type !== "rasterised") continue; // looked at by the check of requests
          for (const value of FORGED) {
            if (kindOf(value) === kindOf(right) && (field === "png" || !isTooLong(value))) continue;
            if (value === undefined && ["preset", "png", "problem"].includes(field)) continue;
            assert.equal(parse({ ...message, [field]: value }), undefined, `${field} of ${JSON.stringify(message)}`);
          }
        }
        assert.equal(parse({ ...message, more: 1 }), undefined);
      }
    });
  }

  it("has no drawing in it but lines of numbers", () => {
    const save = (changes: object) =>
      panelMessage({ type: "saveFigure", id: "1", format: "svg", figure: { ...figure, ...changes } });
    assert(save({}));
    for (const points of [[["<script>", 1]], [[0, null]], [[0, Infinity]], [[0]], "x"]) {
      assert.equal(save({ lines: [{ points }] }), undefined);
    }
    assert.equal(save({ lines: [{ points: [], style: '0"/><script>' }] }), undefined);
    assert.equal(save({ lines: [{ points: [], style: -1 }] }), undefined);
    assert.equal(save({ title: { toString: 1 } }), undefined);
    assert.equal(save({ span: [0] }), undefined);
  });
});
