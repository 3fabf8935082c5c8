import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { RunEvent } from "../../src/experiments/events.ts";
import type { RunInfo, RunPhase } from "../../src/session/panel-messages.ts";
import {
  announcementOf,
  chipsOf,
  chosenRun,
  comparisonOf,
  decodedSideBySide,
  emptyPage,
  exactRestarts,
  logTicks,
  type PageModel,
  placeholderOf,
  receive,
  resultOf,
  rowAt,
  runLabel,
  shownRestart,
  shownRow,
  shownStep,
  shownSteps,
  stateOf,
  troubleOf,
} from "../../webview/model.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { endEvent, PROMPT, spec, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";

const info = (phase: RunPhase, changes: Partial<RunInfo> = {}): RunInfo => ({
  id: "1",
  spec: spec(),
  phase,
  compared: [],
  ...changes,
});

function pageWith(run: RunInfo, events: readonly RunEvent[]): PageModel {
  const page = emptyPage();
  receive(page, { type: "show", runs: [run], shown: { id: run.id, events }, beside: [] });
  return page;
}

const done = () => pageWith(info({ kind: "completed" }, { elapsedMs: 1500 }), wholeRun());
const running = (events: readonly RunEvent[], changes: Partial<RunInfo> = {}) =>
  pageWith(info({ kind: "running" }, { startedAt: 1000, ...changes }), events);

describe("the page's model", () => {
  it("is the same whether a run's events come at once or in pieces", () => {
    const events = wholeRun();
    const whole = pageWith(info({ kind: "completed" }), events);
    fc.assert(
      fc.property(fc.array(fc.nat(events.length), { maxLength: 4 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), events.length];
        const page = pageWith(info({ kind: "completed" }), []);
        for (let i = 1; i < places.length; i++) {
          receive(page, { type: "events", id: "1", events: events.slice(places[i - 1], places[i]) });
        }
        assert.deepEqual(page, whole);
      }),
    );
  });

  it("shows the newest iteration until another one is picked", () => {
    const page = running([startEvent(), stepEvent(0, 0)]);
    assert.equal(shownStep(page)?.iteration, 0);
    receive(page, { type: "events", id: "1", events: [stepEvent(5, 1)] });
    assert.equal(shownStep(page)?.iteration, 5);
    page.row = 0;
    receive(page, { type: "events", id: "1", events: [stepEvent(10, 1)] });
    assert.equal(shownStep(page)?.iteration, 0);
  });

  it("takes no events of another run", () => {
    const page = running([startEvent()]);
    receive(page, { type: "events", id: "2", events: [stepEvent(0, 0)] });
    assert.equal(shownSteps(page).length, 0);
  });

  it("forgets what was picked when another run is shown, and keeps it when the same one is sent again", () => {
    const page = done();
    page.row = 1;
    page.restart = 0;
    receive(page, {
      type: "show",
      runs: [info({ kind: "completed" })],
      shown: { id: "1", events: wholeRun() },
      beside: [],
    });
    assert.equal(shownRow(page), 1);
    const other = info({ kind: "waiting" }, { id: "2" });
    receive(page, { type: "show", runs: [other], shown: { id: "2", events: [] }, beside: [] });
    assert.equal(page.row, undefined);
    assert.equal(page.restart, undefined);
  });

  it("is about the run that was picked at once, and shows it when it has come", () => {
    const page = running([startEvent()]);
    const other = info({ kind: "completed" }, { id: "2" });
    receive(page, { type: "run", run: other });
    assert.equal(chosenRun(page)?.id, "1");
    page.picked = "2";
    receive(page, { type: "events", id: "1", events: [stepEvent(0, 0)] });
    assert.equal(chosenRun(page)?.id, "2");
    assert.equal(page.run?.info.id, "1");
    receive(page, { type: "show", runs: page.runs, shown: { id: "2", events: wholeRun() }, beside: [] });
    assert.equal(page.run?.info.id, "2");
    assert.equal(page.picked, undefined);
  });

  it("adds new runs to the list and follows changes of the shown one", () => {
    const page = running([startEvent()]);
    receive(page, { type: "run", run: info({ kind: "waiting" }, { id: "2" }) });
    receive(page, { type: "run", run: info({ kind: "stopping" }) });
    assert.deepEqual(
      page.runs.map(({ id, phase }) => [id, phase.kind]),
      [
        ["1", "stopping"],
        ["2", "waiting"],
      ],
    );
    assert.equal(page.run?.info.phase.kind, "stopping");
  });
});

describe("decoded tokens", () => {
  it("match where they are the prompt's", () => {
    assert.deepEqual(
      chipsOf(stepEvent(0, 2), PROMPT.ids).map(({ text, matches }) => [text, matches]),
      [
        ["The", true],
        [" sky", true],
        [" wrong", false],
      ],
    );
  });
});

describe("a walk", () => {
  const walk = parseSpec({ method: "clampedWalk", prompt: PROMPT.tokens.join(""), iterations: 6, every: 3 });
  const point = (iteration: number) => ({
    iteration,
    outputDistance: iteration,
    inputDistance: 2 * iteration,
    ratio: iteration ? 2 : null,
  });
  const steps = [0, 3, 6].map((iteration) =>
    stepEvent(iteration, 3 - iteration / 3, {
      ...point(iteration),
      walked: iteration === 0 ? [point(0)] : [iteration - 2, iteration - 1, iteration].map(point),
    }),
  );
  const page = () => pageWith(info({ kind: "running" }, { spec: walk }), [startEvent(walk), ...steps]);

  it("is drawn with every step that was measured, and its ratio", () => {
    const { run } = page();
    assert.deepEqual(run?.series[0].iterations, [0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(run?.series[0].ratio, [null, 2, 2, 2, 2, 2, 2]);
    assert.deepEqual(run?.series[0].outputDistance, [0, 1, 2, 3, 4, 5, 6]);
  });

  it("picks the shown iteration that is closest to one of the plot's", () => {
    assert.deepEqual(
      [0, 1, 2, 4, 5, 9].map((iteration) => rowAt(page(), iteration)),
      [0, 0, 1, 1, 2, 2],
    );
  });

  it("marks the tokens that are no longer the prompt's", () => {
    assert.deepEqual(
      chipsOf(steps[1], PROMPT.ids).map(({ matches, marked }) => [matches, marked]),
      [
        [true, "changes"],
        [true, "changes"],
        [false, "changes"],
      ],
    );
    assert.equal(chipsOf(stepEvent(0, 2), PROMPT.ids)[0].marked, "matches");
  });

  it("has the ratio and the tokens that changed as its result", () => {
    const result = resultOf(page());
    assert.equal(result?.title, "r = 2: the input moved 2 times as far as the output");
    assert.match(result?.text ?? "", /2 of 3 tokens changed/);
    assert.equal(result?.exact, false);
  });
});

describe("runs side by side", () => {
  const three = () => {
    const page = emptyPage();
    const compared = ["3", "1", "2"];
    const runs = [
      info({ kind: "completed" }, { compared }),
      info({ kind: "running" }, { id: "2", spec: spec({ blocks: 3, checkpoint: "mini" }), compared }),
      info({ kind: "waiting" }, { id: "3", spec: spec({ seed: 7 }), compared }),
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
    assert.deepEqual(values["Tokens right"], ["–", "3 of 3", "1 of 3"]);
    assert.deepEqual(values["Discrete distance"], ["–", "0", "–"]);
    assert.deepEqual(values["Wrong tokens, top 1 / top 5"], ["–", "0 % / 0 %", "–"]);
  });

  it("read as they did at the shown iterations closest to the one under study, with the tokens that are right", () => {
    const page = three();
    const read = () =>
      decodedSideBySide(page).map(
        (one) => one && [one.id, one.iteration, one.right, one.chips.map(({ matches }) => matches)],
      );
    const first = [true, false, false];
    assert.deepEqual(read(), [undefined, ["1", 10, 3, [true, true, true]], ["2", 0, 1, first]]);
    receive(page, { type: "events", id: "2", events: [stepEvent(8, 2)] });
    page.row = 0;
    assert.deepEqual(read().slice(1), [
      ["1", 0, 0, [false, false, false]],
      ["2", 0, 1, first],
    ]);
    page.pointed = 6;
    assert.deepEqual(read().slice(1), [
      ["1", 5, 2, [true, true, false]],
      ["2", 8, 2, [true, true, false]],
    ]);
  });

  it("all go on as their events come", () => {
    const page = three();
    receive(page, { type: "events", id: "2", events: [stepEvent(5, 3)] });
    receive(page, { type: "events", id: "3", events: [startEvent(), stepEvent(0, 2)] });
    const right = comparisonOf(page)?.rows.find(({ label }) => label === "Tokens right");
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

describe("several restarts", () => {
  const of = spec({ restarts: 2 });
  const second = stepEvent(10, 3, { restart: 1 });
  const steps = [stepEvent(10, 1), second];

  it("show the first one while they go on, and the best one at the end", () => {
    const page = running([startEvent(of), ...steps], { spec: of });
    assert.equal(shownRestart(page), 0);
    receive(page, { type: "events", id: "1", events: [endEvent(steps)] });
    assert.equal(shownRestart(page), 1);
    page.restart = 0;
    assert.equal(shownRestart(page), 0);
  });

  it("count those that found the whole prompt, before and after the end", () => {
    const page = running([startEvent(of), ...steps], { spec: of });
    assert.equal(exactRestarts(page.run!), 1);
    receive(page, { type: "events", id: "1", events: [endEvent(steps)] });
    assert.equal(exactRestarts(page.run!), 1);
    assert.match(resultOf(page)!.text, /best of 2 restarts.* 1 of 2 restarts exact/);
  });
});

describe("the result", () => {
  it("of a run that found the prompt says so, with every figure in its favour", () => {
    const result = resultOf(done())!;
    assert.equal(result.title, "Exact: all 3 tokens");
    assert.ok(result.exact);
    assert.deepEqual(
      result.facts.flatMap(({ good }) => good ?? []),
      [true, true, true],
    );
    assert.match(result.facts[0].note, /closer than a N\(0, 0\.05\) shift \(2\) from iteration 4/);
  });

  it("of a run that did not says that this search failed, not that nothing is there", () => {
    const step = stepEvent(10, 1);
    const result = resultOf(pageWith(info({ kind: "completed" }), [startEvent(), step, endEvent([step])]))!;
    assert.equal(result.title, "1 of 3 tokens");
    assert.match(result.text, /this search did not find the others/);
    assert.deepEqual(
      result.facts.flatMap(({ good }) => good ?? []),
      [false, false, false],
    );
  });

  it("says at the end how wrong and how repetitive the decoding is", () => {
    const step = stepEvent(10, 1);
    const [result] = endEvent([step]).restarts;
    const measured = {
      hamming: { top1: 2 / 3, top5: 1 / 3 },
      repetition: { repeated: 0.2, distinct1: 0.84, distinct2: 1 },
    };
    const end = endEvent([step], { restarts: [{ ...result, ...measured }] });
    const facts = resultOf(pageWith(info({ kind: "completed" }), [startEvent(), step, end]))!.facts.slice(-2);
    assert.deepEqual(
      facts.map(({ label, value, note }) => [label, value, note]),
      [
        ["Wrong tokens", "67 %", "the prompt’s not among the best five: 33 %"],
        ["Repeated tokens", "20 %", "distinct-1 / distinct-2: 0.84 / 1"],
      ],
    );
    assert.ok(!resultOf(running([startEvent(), step]))!.facts.some(({ label }) => label === "Wrong tokens"));
  });

  it("says how the learning rate was found", () => {
    const rateSearch = { iterations: 60, rates: [0.001, 0.01, 0.1], outputDistances: [5, 2.5, null], chosen: 0.01 };
    const page = running([{ ...startEvent(), rateSearch }, stepEvent(0, 0)]);
    const fact = resultOf(page)!.facts.at(-1)!;
    assert.equal(fact.value, "0.01");
    assert.match(fact.note, /after 60 iterations at 0\.001: 5, 0\.01: 2\.5, 0\.1: diverged$/);
  });

  it("before the end is that of the newest iteration, with open questions left open", () => {
    const result = resultOf(running([startEvent(), stepEvent(0, 0), stepEvent(5, 2)]))!;
    assert.equal(result.title, "2 of 3 tokens");
    assert.match(result.text, /now at iteration 5/);
    assert.match(result.facts[0].note, /by iteration 5/);
    assert.deepEqual(
      result.facts.slice(1).map(({ value }) => value),
      ["–", "–"],
    );
  });

  it("of a run that broke off keeps what was reached", () => {
    const error = { kind: "engine", message: "The engine process was killed." } as const;
    const result = resultOf(pageWith(info({ kind: "failed", error }), [startEvent(), stepEvent(0, 1)]))!;
    assert.match(result.text, /^at iteration 0$/);
    assert.match(result.facts[1].note, /ended early/);
  });

  it("is not there before the first iteration", () => {
    assert.equal(resultOf(running([startEvent()])), undefined);
    assert.equal(resultOf(emptyPage()), undefined);
  });
});

describe("the state of a run", () => {
  const state = (phase: RunPhase, events: readonly RunEvent[] = [], changes: Partial<RunInfo> = {}) => {
    const { tone, title, text, share } = stateOf(pageWith(info(phase, changes), events).run!, 3300);
    return { tone, says: `${title} ${text}`, share };
  };
  const begun = [startEvent(), stepEvent(0, 0), stepEvent(5, 1)];

  it("is said in words, with the share of the work done where it is known", () => {
    assert.deepEqual(state({ kind: "waiting" }), {
      tone: "neutral",
      says: "Waiting for the run before",
      share: undefined,
    });
    assert.deepEqual(state({ kind: "preparing", progress: { stage: "Writing random weights", done: 1, total: 4 } }), {
      tone: "busy",
      says: "Preparing Writing random weights… 25 %",
      share: 0.25,
    });
    const download = { stage: "Downloading a/b", done: 1e6, total: 4e6, bytesPerSecond: 12_340_000 };
    assert.equal(state({ kind: "preparing", progress: download }).says, "Preparing Downloading a/b… 25 %, 12.3 MB/s");
    assert.deepEqual(state({ kind: "running" }, begun, { startedAt: 1000 }), {
      tone: "busy",
      says: "Running 5 of 10 iterations · 2.3 s",
      share: 0.5,
    });
    const resumed = { startedAt: 1000, pausedMs: 2000 };
    assert.equal(state({ kind: "running" }, begun, resumed).says, "Running 5 of 10 iterations · 0.3 s");
    assert.deepEqual(state({ kind: "paused", since: 3200 }, begun, resumed), {
      tone: "paused",
      says: "Paused 5 of 10 iterations · 0.2 s",
      share: 0.5,
    });
    assert.match(state({ kind: "pausing" }, begun).says, /^Pausing after the next shown iteration/);
    assert.match(state({ kind: "waiting", behindPaused: true }).says, /^Waiting for the run before, which is paused$/);
    assert.equal(state({ kind: "completed" }, wholeRun(), { elapsedMs: 1500 }).says, "Done 10 iterations in 1.5 s");
    assert.equal(
      state({ kind: "cancelled" }, begun, { elapsedMs: 800 }).says,
      "Stopped after 5 of 10 iterations, 0.8 s",
    );
    assert.equal(state({ kind: "cancelled" }).says, "Stopped before it began");
    assert.match(state({ kind: "interrupted" }, begun).says, /window was closed.*after 5 of 10 iterations/);
  });

  it("of a failed run comes with the reason, and so does a record that ends early", () => {
    const error = { kind: "storage", message: "The disk is full." } as const;
    assert.equal(troubleOf(info({ kind: "failed", error })), "The disk is full.");
    assert.equal(troubleOf(info({ kind: "running" }, { warning: "The record ends early." })), "The record ends early.");
    assert.equal(troubleOf(info({ kind: "running" })), "");
  });

  it("has something to say in the place of iterations, as long as there are none", () => {
    assert.match(placeholderOf(emptyPage())!.text, /Invert Selection/);
    assert.match(placeholderOf(pageWith(info({ kind: "waiting" }), []))!.title, /Waiting for the run before/);
    const behindPaused = pageWith(info({ kind: "waiting", behindPaused: true }), []);
    assert.equal(placeholderOf(behindPaused)!.title, "Waiting for the run before, which is paused");
    assert.match(placeholderOf(pageWith(info({ kind: "interrupted" }), []))!.text, /Run Again/);
    assert.equal(placeholderOf(done()), undefined);
  });

  it("is announced when it changes, and not with every iteration", () => {
    const page = running([startEvent(), stepEvent(0, 0)]);
    const before = announcementOf(page);
    receive(page, { type: "events", id: "1", events: [stepEvent(2, 1)] });
    assert.equal(announcementOf(page), before);
    receive(page, { type: "events", id: "1", events: [stepEvent(5, 1)] });
    assert.equal(announcementOf(page), "Running, 50 % of 10 iterations");
    assert.match(announcementOf(done()), /Done.*Exact: all 3 tokens/);
  });
});

describe("a run in the list of runs", () => {
  it("fits into a line", () => {
    const label = runLabel(info({ kind: "completed" }, { spec: spec({ prompt: "word ".repeat(100) }) }));
    assert.ok(label.length < 80, label);
    assert.match(label, /^1 · word .*… · 1 block, block · done$/);
  });
});

describe("the lines of a logarithmic axis", () => {
  it("are the powers of ten, or fewer of them where there is no room", () => {
    assert.deepEqual(logTicks(0.1, 1000, 10), [0.1, 1, 10, 100, 1000]);
    assert.deepEqual(logTicks(1e-6, 1e6, 5), [1e-6, 1e-3, 1, 1e3, 1e6]);
  });

  it("are between the powers where few powers are in sight", () => {
    assert.deepEqual(logTicks(3, 60, 10), [5, 10, 20, 50]);
  });

  it("lie within the axis, in order, each once, and not too many of them", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -12, max: 12, noNaN: true }),
        fc.double({ min: 0.5, max: 20, noNaN: true }),
        (from, span) => {
          const [low, high] = [10 ** from, 10 ** (from + span)];
          const ticks = logTicks(low, high, 6);
          assert.deepEqual(
            ticks,
            [...new Set(ticks)].toSorted((a, b) => a - b),
          );
          assert.ok(ticks.every((tick) => tick >= low && tick <= high));
          assert.ok(ticks.length >= 1 && ticks.length <= 9, `${ticks.length} lines`);
        },
      ),
    );
  });
});
