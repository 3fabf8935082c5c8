// The rows of the view Runs: one a run, whoever knows of it, said in the same words everywhere.

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSpec } from "../../src/experiments/spec.ts";
import type { RunInfo, RunPhase } from "../../src/session/panel-messages.ts";
import {
  dayName,
  midnight,
  progressAfter,
  resultMarkdown,
  rowDescription,
  rowIcon,
  rowTooltip,
  type RunRow,
  runRows,
  spokenRow,
} from "../../src/session/run-rows.ts";
import { verdictOf } from "../../src/describe/run-verdict.ts";
import type { RunListing } from "../../src/records/read-record.ts";
import { endEvent, exactRun, exactSpec, spec, startEvent, stepEvent } from "../support/run-events.ts";

const best = (right: number) => endEvent([stepEvent(10, right)]).best;

const listing = (id: string, minute: number, changes: Partial<RunListing> = {}): RunListing => ({
  id,
  folder: `/runs/${id}`,
  spec: spec(),
  createdAt: new Date(Date.UTC(2026, 10, 24, 2, minute)).toISOString(),
  status: "completed",
  elapsedMs: 1500,
  best: best(3),
  ...changes,
});

const run = (id: string, changes: Partial<RunInfo> = {}): RunInfo => ({
  id,
  spec: spec(),
  phase: { kind: "completed" },
  compared: [],
  ...changes,
});

const row = (changes: Partial<RunRow> = {}): RunRow => ({
  folder: "/runs/a",
  spec: spec(),
  state: "completed",
  createdAt: Date.UTC(2026, 10, 24, 2, 45),
  elapsedMs: 1500,
  best: best(3),
  ...changes,
});

describe("the rows of runs", () => {
  it("are one for each run of the session and each record, the newest first", () => {
    const askedAt = Date.UTC(2026, 10, 24, 3);
    const waiting: RunPhase = { kind: "waiting", behind: "1" };
    const session = [
      run("1", { folder: "/runs/b", askedAt: askedAt - 1 }),
      run("2", { askedAt, phase: waiting }),
      run("3", { askedAt, phase: waiting }),
    ];
    const rows = runRows([listing("b", 50), listing("a", 10), listing("c", 40)], session);
    assert.deepEqual(
      rows.map(({ id, folder, state }) => [id, folder, state].join("|")),
      ["3||waiting", "2||waiting", "1|/runs/b|completed", "|/runs/c|completed", "|/runs/a|completed"],
    );
    assert.equal(rows[2].best?.exact, true, "what the record knows");
  });

  it("leave out a run that was opened from elsewhere, as a sweep's", () => {
    assert.deepEqual(runRows([], [run("1", { folder: "/sweep/runs/x" })]), []);
  });

  it("of records that have not changed are the same objects", () => {
    const listings = [listing("a", 1), listing("b", 2)];
    const [first, second] = [runRows(listings, []), runRows(listings, [])];
    assert.ok(first.every((each, i) => each === second[i]));
  });

  it("of a run that another process writes say so", () => {
    const [elsewhere] = runRows([listing("a", 1, { status: "running", best: undefined, elapsedMs: undefined })], []);
    assert.equal(elsewhere.state, "external");
    assert.match(rowDescription(elsewhere), /^running elsewhere · /);
  });
});

describe("a row", () => {
  it("says first whether it is exact, then how close it came, then the condition", () => {
    assert.equal(rowDescription(row()), "✓ exact · 0.9091 · 1 block · random:gpt2 · Adam 0.01");
    const deep = spec({ blocks: 12, output: "head", optimizer: "gd", learningRate: "auto", checkpoint: "/a/my-gpt2" });
    assert.equal(
      rowDescription(row({ spec: deep, state: "cancelled", best: best(1) })),
      "stopped · 0.9091 · 12 blocks, head · my-gpt2 · descent auto",
    );
    assert.match(rowDescription(row({ state: "failed", best: undefined, trouble: "No." })), /^failed · 1 block/);
  });

  it("of a walk says how far it went, which is never exact", () => {
    const walk = parseSpec({ method: "clampedWalk", prompt: "The sky." });
    const walked = row({ spec: walk });
    assert.equal(rowDescription(walked), "r = 0.5 · 1 block · random:gpt2 · clamped walk");
    assert.notEqual(rowIcon(walked).icon, rowIcon(row()).icon);
    assert.equal(verdictOf(walk, best(3)).title, "r = 0.5: the input moved 0.5 times as far as the output");
  });

  it("of a run that goes on says how far it is, and the smallest distance so far", () => {
    let progress = progressAfter(undefined, [startEvent(), stepEvent(0, 0), stepEvent(5, 1)]);
    progress = progressAfter(progress, [stepEvent(6, 1, { outputDistance: 8 })]);
    const going = row({ state: "running", progress, best: undefined });
    assert.match(rowDescription(going), /^6\/10 · 1\.667 · 1 block/);
    assert.match(spokenRow(going), /^The sky\., running, iteration 6 of 10, output distance 1\.667, 1 block, /);
    assert.equal(progressAfter(undefined, [startEvent()]), undefined);
  });

  it("is read aloud in full", () => {
    assert.equal(spokenRow(row()), "The sky., done, exact, output distance 0.9091, 1 block, random:gpt2, Adam 0.01");
  });

  it("says of exact recovery how sure its tokens are, and how many are settled while it goes on", () => {
    const events = exactRun();
    const [end] = events.flatMap((event) => (event.type === "end" ? [event] : []));
    const proving = row({ spec: exactSpec(), best: end.best });
    assert.match(rowDescription(proving), /^1\/3 proved · /);
    assert.match(rowTooltip(proving, undefined, "en"), /1 proved, 1 most likely, 1 unknown · largest distance 0\\?\.5/);
    assert.match(spokenRow(proving), /1 proved, 1 most likely, 1 unknown/);
    const progress = progressAfter(undefined, events.slice(0, 3));
    const going = row({ spec: exactSpec(), state: "running", best: undefined, progress });
    assert.match(rowDescription(going), /^2\/3 settled · /);
    assert.match(spokenRow(going), /round 1, 2 of 3 tokens settled/);
  });

  it("has a tooltip with condition, figures, seeds, device, folder and what went wrong", () => {
    const text = rowTooltip(row({ trouble: "The disk is full." }), startEvent(), "en");
    for (const part of [
      '`"The sky."`',
      "The disk is full.",
      "**✓ Exact: all 3 tokens**",
      "iteration 10 · output distance 0.9091 · discrete distance 0 · input distance 5",
      "1 block · output block",
      "Adam, η 0.01",
      "Nov 24, 2026",
      "1.5 s",
      "seed 0 · init seed 0 · cpu, float32 · noise threshold 2",
      "/runs/a",
    ]) {
      assert.ok(text.replaceAll("\\", "").includes(part), `${part} in ${text}`);
    }
  });

  it("has a verdict by tokens", () => {
    assert.equal(verdictOf(spec(), best(3)).title, "Exact: all 3 tokens");
    assert.equal(verdictOf(spec(), best(1)).title, "1 of 3 tokens recovered");
  });

  it("has Markdown in which no text of a run acts", () => {
    const hostile = "[x](command:evil) **bold** <img src=x> `code`\n# head";
    const text = resultMarkdown(row({ best: { ...best(1), text: hostile }, spec: spec({ checkpoint: hostile }) })).join(
      "\n\n",
    );
    // Outside of code every bracket is escaped.
    const outside = text.replace(/(`+)[^`][\s\S]*?\1(?!`)/g, "");
    assert.doesNotMatch(outside, /(?<!\\)[[\]<>]/);
    assert.doesNotMatch(outside.replace(/^\*\*.*\*\*$/m, ""), /(?<!\\)[*`]/);
  });
});

describe("the days of runs", () => {
  it("are today, yesterday and dates, across any change of the clocks", () => {
    const noon = new Date(2026, 10, 24, 12).getTime();
    assert.equal(dayName(midnight(noon), noon, "en"), "Today");
    assert.equal(dayName(midnight(noon - 86_400_000), noon, "en"), "Yesterday");
    assert.equal(dayName(new Date(2026, 10, 20).getTime(), noon, "en"), "Fri, November 20");
    assert.equal(dayName(new Date(2025, 10, 20).getTime(), noon, "en"), "Thu, November 20, 2025");
    fc.assert(
      fc.property(fc.date({ min: new Date(2000, 0, 2), max: new Date(2100, 0, 1), noInvalidDate: true }), (date) => {
        const yesterday = new Date(date.getFullYear(), date.getMonth(), date.getDate() - 1);
        assert.equal(dayName(yesterday.getTime(), date.getTime(), "en"), "Yesterday");
      }),
    );
  });
});
