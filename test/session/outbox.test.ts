import assert from "node:assert/strict";
import { mock } from "node:test";
import { Outbox } from "../../src/session/outbox.ts";
import type { RunInfo, ToPage } from "../../src/session/panel-messages.ts";
import { spec, stepEvent } from "../support/run-events.ts";

const info = (id: string, kind: "running" | "completed"): RunInfo => ({
  id,
  spec: spec(),
  phase: { kind },
  compared: [],
});

describe("the outbox", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());
  it("puts what comes within a short while together, events first and in order", () => {
    const sent: ToPage[] = [];
    const outbox = new Outbox((message) => sent.push(message));
    for (let n = 0; n < 100; n++) outbox.add(info("1", "running"), [stepEvent(n, 0)]);
    outbox.add(info("1", "completed"), []);
    assert.equal(sent.length, 0);
    mock.timers.tick(100);
    assert.deepEqual(
      sent.map(({ type }) => type),
      ["events", "run"],
    );
    const [events, run] = sent;
    assert.ok(events.type === "events" && run.type === "run");
    assert.deepEqual(
      events.events.map((event) => event.type === "step" && event.iteration),
      Array.from({ length: 100 }, (_, n) => n),
    );
    assert.equal(run.run.phase.kind, "completed");
  });

  it("sends each event once", () => {
    const sent: ToPage[] = [];
    const outbox = new Outbox((message) => sent.push(message));
    for (const iteration of [0, 1]) {
      outbox.add(info("1", "running"), [stepEvent(iteration, 0)]);
      mock.timers.tick(100);
    }
    assert.deepEqual(
      sent.flatMap((message) => (message.type === "events" ? message.events : [])),
      [stepEvent(0, 0), stepEvent(1, 0)],
    );
  });

  it("holds what is new back until it is released, and then sends it in order", () => {
    const sent: ToPage[] = [];
    const outbox = new Outbox((message) => sent.push(message));
    outbox.add(info("1", "running"), [stepEvent(0, 0)]);
    outbox.hold();
    outbox.add(info("1", "completed"), [stepEvent(5, 0)]);
    mock.timers.tick(120);
    assert.deepEqual(sent, []);
    outbox.release();
    assert.deepEqual(
      sent.map((message: ToPage) => (message.type === "events" ? message.events.length : message.type)),
      [2, "run"],
    );
    outbox.add(info("1", "completed"), []);
    mock.timers.tick(120);
    assert.equal(sent.length, 3);
  });

  it("sends nothing that was cleared", () => {
    const sent: ToPage[] = [];
    const outbox = new Outbox((message) => sent.push(message));
    outbox.add(info("1", "running"), [stepEvent(0, 0)]);
    outbox.clear();
    mock.timers.tick(100);
    assert.deepEqual(sent, []);
  });
});
