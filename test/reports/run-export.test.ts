// Exports: what other programs and papers get of a record is what the record holds.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { csv } from "../../src/reports/csv.ts";
import type { RunEvent, StepEvent } from "../../src/experiments/events.ts";
import { type ExperimentSpec, parseSpec } from "../../src/experiments/spec.ts";
import { exportRuns } from "../../src/reports/run-export.ts";
import { mathtt } from "../../src/reports/latex.ts";
import { type RecordedRun, readRun } from "../../src/records/read-record.ts";
import { RunRecord } from "../../src/records/record.ts";
import { endEvent, exactRun, exactSpec, PROMPT, spec, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";

/** Rows of comma-separated values, read back by the rules of RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/gy;
  for (let match; (match = cell.exec(text));) {
    rows.at(-1)!.push(match[1]?.replaceAll('""', '"') ?? match[2]);
    if (match[3] === "\n") rows.push([]);
    if (cell.lastIndex === text.length) break;
  }
  return rows.slice(0, -1);
}

const records = (text: string): Record<string, string>[] => {
  const [head, ...rows] = parseCsv(text);
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])));
};

const run = (id: string, events: readonly RunEvent[], of: ExperimentSpec = spec()): RecordedRun => ({
  id,
  folder: `/runs/${id}`,
  spec: of,
  createdAt: "2026-11-24T02:45:31.500Z",
  status: "completed",
  elapsedMs: 1500,
  best: events.flatMap((event) => (event.type === "end" ? [event.best] : []))[0],
  events,
});

describe("CSV", () => {
  it("is read back as it was written, whatever the texts hold", () => {
    const any = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "é", ";") });
    fc.assert(
      fc.property(fc.array(fc.tuple(any, any), { minLength: 1 }), (rows) => {
        assert.deepEqual(parseCsv(csv(["x", "y"], rows)), [["x", "y"], ...rows]);
      }),
    );
  });

  it("has a row a shown step and restart, with full figures", () => {
    const steps = [stepEvent(0, 0), stepEvent(0, 1, { restart: 1 }), stepEvent(5, 3, { outputDistance: 1 / 3 })];
    const rows = records(exportRuns([run("a", [startEvent(), ...steps, endEvent([steps[2]])])], "csv"));
    assert.deepEqual(
      rows.map(({ restart, iteration, tokensRight, exact }) => [restart, iteration, tokensRight, exact].join("/")),
      ["0/0/0/false", "1/0/1/false", "0/5/3/true"],
    );
    assert.equal(Number(rows[2].outputDistance), 1 / 3);
    assert.equal(rows[2].text, "The sky.");
    assert.equal(rows[2].tokenIds, PROMPT.ids.join(" "));
    assert.equal(rows[0].targetRanks, "42 42 42");
    assert.deepEqual(
      rows.map(({ firstExactIteration }) => firstExactIteration),
      ["5", "", "5"],
    );
  });

  it("says of exact recovery how sure each token is, and what each round had cost", () => {
    const exact = run("a", exactRun(), exactSpec());
    const rows = records(exportRuns([exact], "csv"));
    assert.deepEqual(
      rows.map(({ certainty, position, tokenForwards }) => [certainty, position, tokenForwards]),
      [
        ["proved unknown unknown", "1", "10"],
        ["proved likely unknown", "2", "20"],
        ["proved likely unknown", "3", "30"],
      ],
    );
    assert.match(exportRuns([exact], "md"), /\| no \| 1 proved, 1 most likely, 1 unknown \|/);
  });

  it("has every step of a walk once", () => {
    const of = parseSpec({ method: "clampedWalk", prompt: "The sky.", iterations: 4, every: 2 });
    const point = (iteration: number) => ({
      iteration,
      outputDistance: iteration,
      inputDistance: 2 * iteration,
      ratio: iteration === 0 ? null : 2,
      clampedFrom: 5,
    });
    const step = (iteration: number, walked: number[]): StepEvent =>
      stepEvent(iteration, 3, { ...point(iteration), walked: walked.map(point) });
    const events = [startEvent(of), step(0, [0]), step(2, [1, 2]), step(4, [3, 4])];
    const rows = records(exportRuns([run("w", events, of)], "csv"));
    assert.deepEqual(
      rows.map(({ kind, iteration, clampedFrom }) => [kind, iteration, clampedFrom].join("/")),
      ["step/0/5", "walk/1/5", "step/2/5", "walk/3/5", "step/4/5"],
    );
    assert.equal(rows[0].ratio, "");
    assert.equal(rows[1].text, "");
  });

  it("of several runs begins with what differs", () => {
    const specs = [spec({ blocks: 2 }), spec({ blocks: 3, startMean: 1, startStd: 2, start: "custom" })];
    const text = exportRuns(
      specs.map((each, i) => run(String(i), wholeRun(each), each)),
      "csv",
    );
    assert.match(text, /^spec\.blocks,spec\.start,spec\.startMean,spec\.startStd,run,kind,/);
    assert.match(text, /\n2,matched,,,0,step,/);
    assert.match(text, /\n3,custom,1,2,1,step,/);
  });
});

describe("LaTeX", () => {
  it("has the source's form: spaces as \\; and nothing that means something else", () => {
    assert.equal(mathtt("The sky is"), "\\mathtt{The \\; sky \\; is}");
    assert.equal(
      mathtt("50% & $x_1^2$ {a}\\b~#'"),
      ["\\mathtt{50\\% \\; \\& \\; \\$x\\_1\\hat{}2\\$ \\; \\{a\\}\\backslash b\\sim \\#\\text{'}}"].join(),
    );
    assert.equal(mathtt("a\nb"), "\\mathtt{a␊b}");
  });

  it("shows an iteration where the text has changed, and the last one", () => {
    const steps = [stepEvent(0, 0), stepEvent(2, 0), stepEvent(4, 3), stepEvent(6, 3), stepEvent(8, 3)];
    const text = exportRuns([run("a", [startEvent(), ...steps, endEvent([steps[4]])])], "latex");
    assert.match(text, /^\\\[\\mathtt\{The \\; sky\.\}\\\]$/m);
    assert.deepEqual(
      [...text.matchAll(/a_\{(\d+)\}/g)].map(([, n]) => n),
      ["0", "4", "8"],
    );
    assert.match(text, /^a_\{4\} &= \\mathtt\{The \\; sky\.\} \\\\$/m);
  });
});

describe("other formats", () => {
  const hostile = stepEvent(5, 2, { text: "a|b `c` <script>alert(1)</script>\u001b[31m" });
  const events = [startEvent(), stepEvent(0, 0), hostile, endEvent([hostile])];

  it("JSON is the runs themselves", () => {
    const runs = [run("a", wholeRun()), run("b", events)];
    assert.deepEqual(JSON.parse(exportRuns(runs, "json")), { runs: JSON.parse(JSON.stringify(runs)) as unknown });
    assert.deepEqual(JSON.parse(exportRuns([runs[0]], "json")), JSON.parse(JSON.stringify(runs[0])));
  });

  it("Markdown has tables that a text cannot break, what differs first", () => {
    const runs = [run("a", wholeRun()), run("b", events, spec({ blocks: 7 }))];
    const text = exportRuns(runs, "md");
    const tables = text.split("\n").filter((line) => line.startsWith("|"));
    assert.equal(
      tables[0],
      "| run | blocks | status | exact | first exact iteration | best output distance | best text |",
    );
    assert.equal(tables[2].startsWith("| a | 1 | completed | 1 of 1 | 10 |"), true);
    assert.match(text, /a\\\|b `c`/);
    assert.ok(!text.includes("\u001b"));
  });

  it("HTML is one page without script, and holds texts as texts", () => {
    const page = exportRuns([run("a", wholeRun()), run("b", events, spec({ blocks: 7 }))], "html");
    assert.ok(page.startsWith("<!doctype html>"));
    assert.doesNotMatch(page, /<script|https?:\/\/(?!www\.w3\.org)/);
    assert.ok(!page.includes("\u001b"));
    assert.equal(page.match(/<figure>/g)?.length, 3);
    assert.match(page, /<mark>The<\/mark><mark> sky<\/mark><span> wrong<\/span>/);
  });

  it("SVG has a line a restart, the best one named, on log axes", () => {
    const steps = [
      stepEvent(0, 0),
      stepEvent(0, 0, { restart: 1 }),
      stepEvent(10, 3),
      stepEvent(10, 1, { restart: 1 }),
    ];
    const svg = exportRuns([run("a", [startEvent(), ...steps, endEvent([steps[2], steps[3]])])], "svg");
    assert.equal(svg.match(/<polyline/g)?.length, 2 + 1 + 2 + 2, "three charts of two restarts, one shift line");
    assert.equal(svg.match(/&#34;The sky\.&#34;/g)?.length, 3);
  });

  it("take a run that has told nothing yet", () => {
    for (const format of ["csv", "json", "md", "latex", "html", "svg"] as const) {
      assert.ok(exportRuns([{ ...run("a", []), status: "interrupted" }], format).length > 10, format);
    }
  });
});

describe("events.jsonl", () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(path.join(os.tmpdir(), "inversion-lab-export-"))));
  after(() => rm(folder, { recursive: true, force: true }));

  const recorded = async (name: string): Promise<RunRecord> => {
    const record = await RunRecord.createIn(path.join(folder, name), spec());
    const last = stepEvent(5, 3);
    for (const event of [startEvent(), stepEvent(0, 0, { text: "\u2028\n\u0085é" }), last, endEvent([last])]) {
      await record.append(event);
    }
    await record.end();
    return record;
  };

  it("has one object a line, whichever way lines are split", async () => {
    const record = await recorded("lines");
    const file = path.join(record.folder, "events.jsonl");
    const lines = (await readFile(file, "utf8")).split(/\r\n|[\n\r\u2028\u2029\u0085\v\f]/);
    assert.equal(lines.pop(), "");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      (await readRun(record.folder)).events,
    );
  });
});
