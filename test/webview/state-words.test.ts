import assert from "node:assert/strict";
import type { RunEvent } from "../../src/experiments/events.ts";
import type { RunInfo, RunPhase } from "../../src/session/panel-messages.ts";
import { emptyPage, receive } from "../../webview/page-model.ts";
import { announcementOf, placeholderOf, stateOf, troubleOf, whenOf } from "../../webview/state-words.ts";
import { done, info, pageWith, running } from "../support/pages.ts";
import { exactRun, exactSpec, spec, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";

describe("the state of a run", () => {
  const state = (phase: RunPhase, events: readonly RunEvent[] = [], changes: Partial<RunInfo> = {}) => {
    const { tone, title, text, share } = stateOf(pageWith(info(phase, changes), events).run!, 3300);
    return { tone, says: `${title} ${text}`, share };
  };
  const begun = [startEvent(), stepEvent(0, 0), stepEvent(5, 1)];

  it("of a run in rounds is said in settled tokens", () => {
    const of = { spec: exactSpec() };
    const going = state({ kind: "running" }, exactRun().slice(0, 3), { ...of, startedAt: 3000 });
    assert.deepEqual(going, { tone: "busy", says: "Running round 1, 2 of 3 tokens settled · 0.3 s", share: 2 / 3 });
    assert.equal(state({ kind: "external" }, [], of).share, 0);
    const over = state({ kind: "completed" }, exactRun(), { ...of, elapsedMs: 1500 });
    assert.equal(over.says, "Done 3 rounds in 1.5 s");
  });

  it("is said in words, with the share of the work done where it is known", () => {
    assert.deepEqual(state({ kind: "waiting", behind: "3", reached: "27/100" }), {
      tone: "neutral",
      says: "Queued behind run 3 (27/100); starts automatically",
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
    assert.equal(
      state({ kind: "waiting", behind: "3", behindPaused: true }).says,
      "Queued behind run 3, which is paused; starts automatically once that is over",
    );
    assert.equal(state({ kind: "completed" }, wholeRun(), { elapsedMs: 1500 }).says, "Done 10 iterations in 1.5 s");
    assert.equal(
      state({ kind: "cancelled" }, begun, { elapsedMs: 800 }).says,
      "Stopped after 5 of 10 iterations, 0.8 s",
    );
    assert.equal(state({ kind: "cancelled" }).says, "Stopped before it began");
    assert.match(state({ kind: "interrupted" }, begun).says, /window was closed.*after 5 of 10 iterations/);
  });

  it("comes with when the run became exact, and which restart was first", () => {
    assert.equal(whenOf(running(begun).run!), "");
    assert.equal(whenOf(done().run!), "exact by iteration 10 and since (shown every 5)");
    const of = spec({ restarts: 2, every: 1 });
    const steps = [stepEvent(5, 2), stepEvent(5, 3, { restart: 1 }), stepEvent(6, 3), stepEvent(6, 2, { restart: 1 })];
    assert.equal(
      whenOf(running([startEvent(of), ...steps], { spec: of }).run!),
      "restart 2 exact at iteration 5, not at the last one",
    );
    assert.equal(whenOf(running(exactRun(), { spec: exactSpec() }).run!), "");
  });

  it("of a failed run comes with the reason, and so does a record that ends early", () => {
    const error = { kind: "storage", message: "The disk is full." } as const;
    assert.equal(troubleOf(info({ kind: "failed", error })), "The disk is full.");
    assert.equal(troubleOf(info({ kind: "running" }, { warning: "The record ends early." })), "The record ends early.");
    assert.equal(troubleOf(info({ kind: "running" })), "");
  });

  it("has something to say in the place of iterations, as long as there are none", () => {
    assert.match(placeholderOf(emptyPage())!.text, /Invert Selection/);
    assert.deepEqual(placeholderOf(pageWith(info({ kind: "waiting", behind: "1" }), [])), {
      title: "Queued",
      text: "behind run 1; starts automatically",
    });
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
    const queued = (reached: string) => announcementOf(pageWith(info({ kind: "waiting", behind: "3", reached }), []));
    assert.equal(queued("1/100"), queued("2/100"));
    assert.match(announcementOf(done()), /Done.*Exact: all 3 tokens/);
  });
});
