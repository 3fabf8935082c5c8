// The inversion loop on a toy network, without ONNX.

import assert from "node:assert/strict";
import { LabError } from "../../../src/common/errors.ts";
import type { EndEvent, RunEvent, StartEvent, StepEvent } from "../../../src/experiments/events.ts";
import { invert } from "../../../src/experiments/methods/inversion.ts";
import { parseSpec } from "../../../src/experiments/spec.ts";
import { type InversionRequest } from "../../../src/experiments/methods/inversion.ts";
import { type Toy, toy, toyRequest } from "../toy.ts";

async function run(request: Partial<InversionRequest> = {}, setting?: Toy, signal = new AbortController().signal) {
  const spec = parseSpec({ ...toyRequest, ...request });
  const events: RunEvent[] = [];
  for await (const event of invert(spec, setting ?? toy({ batch: spec.restarts }), signal)) events.push(event);
  return {
    events,
    start: events[0] as StartEvent,
    steps: events.slice(1, -1) as StepEvent[],
    end: events.at(-1) as EndEvent,
  };
}

describe("inversion", () => {
  it("finds the input of an invertible linear network again", async () => {
    const { end } = await run();
    assert.equal(end.status, "completed");
    assert.equal(end.best.exact, true);
    assert.deepEqual(end.best.tokenIds, [3, 1, 4]);
    assert.equal(end.best.discreteDistance, 0);
    assert.ok(end.best.inputDistance < 0.5, `${end.best.inputDistance}`);
  });

  it("shows iterations 0, every and N, for each restart", async () => {
    const { steps } = await run({ iterations: 25, every: 10, restarts: 2 });
    assert.deepEqual(
      steps.map(({ iteration, restart }) => [iteration, restart]),
      [0, 10, 20, 25].flatMap((iteration) => [0, 1].map((restart) => [iteration, restart])),
    );
  });

  it("lets the rate fall linearly from η to η/10", async () => {
    const { steps } = await run({ iterations: 100, every: 50, learningRate: 0.2 });
    steps.forEach(({ learningRate }, i) => assert.ok(Math.abs(learningRate - [0.2, 0.11, 0.02][i]) < 1e-15));
  });

  it("gives the same events for the same spec, and others for another seed", async () => {
    const [first, again, other] = [await run(), await run(), await run({ seed: 1 })];
    assert.deepEqual(first.events, again.events);
    assert.notDeepEqual(first.steps[0].inputDistance, other.steps[0].inputDistance);
  });

  it("gives a restart the same course alone and among others", async () => {
    const [alone, among] = [await run({ restarts: 1 }), await run({ restarts: 3 })];
    assert.deepEqual(
      alone.steps,
      among.steps.filter(({ restart }) => restart === 0),
    );
    assert.deepEqual(alone.start.shiftDistances, among.start.shiftDistances);
    assert.deepEqual(alone.end.best, among.end.restarts[0]);
  });

  it("starts from s·noise + t·target", async () => {
    const { steps } = await run({ noiseShare: 0, targetShare: 1, iterations: 1, every: 1 });
    assert.equal(steps[0].outputDistance, 0);
    assert.equal(steps[0].inputDistance, 0);
    assert.equal(steps[0].ratio, null);
  });

  it("says when each restart first came closer than the shift test", async () => {
    const { start, steps, end } = await run({ every: 1 });
    const first = steps.find(({ outputDistance }) => outputDistance < start.shiftDistance);
    assert.equal(end.best.beatsShiftAt, first?.iteration);
    assert.equal(end.best.beatsShift, true);
    const never = await run({ shiftStd: 1e-12 });
    assert.equal(never.end.best.beatsShiftAt, null);
    assert.equal(never.end.best.beatsShift, false);
  });

  it("says when each restart and each token first was the prompt's, and since when it is", async () => {
    const { steps, end } = await run({ every: 1, restarts: 2, iterations: 300 });
    for (const { restart, firstExactIteration, exactSince, firstCorrectIterations } of end.restarts) {
      const own = steps.filter((step) => step.restart === restart);
      const isExact = ({ tokenIds }: StepEvent) => tokenIds.join() === "3,1,4";
      assert.equal(firstExactIteration, own.find(isExact)!.iteration);
      assert.equal(exactSince, own[own.findLastIndex((step) => !isExact(step)) + 1].iteration);
      assert.deepEqual(
        firstCorrectIterations,
        [3, 1, 4].map((id, position) => own.find(({ tokenIds }) => tokenIds[position] === id)!.iteration),
      );
    }
    assert.ok(end.best.firstExactIteration! > 0);
  });

  it("counts the closest iterate, which is decoded out of turn, as the first where it is", async () => {
    const { end } = await run({ noiseShare: 0, targetShare: 1.0001, iterations: 3, learningRate: 5, every: 3 });
    assert.equal(end.best.firstExactIteration, 0);
    const never = await run({ iterations: 1, every: 1 });
    assert.equal(never.end.best.firstExactIteration, null);
    assert.equal(never.end.best.exactSince, null);
  });

  it("stops once every restart has been exact for so many iterations, where that is asked", async () => {
    const whole = await run({ every: 5, restarts: 2 });
    const since = Math.max(...whole.end.restarts.map(({ exactSince }) => exactSince!));
    assert.ok(since < 300, `${since}`);
    for (const [stopWhenExact, last] of [
      [1, since],
      [12, since + 15],
    ]) {
      const { steps, end } = await run({ every: 5, restarts: 2, stopWhenExact });
      assert.equal(end.iterations, last);
      assert.equal(end.status, "completed");
      assert.deepEqual(steps, whole.steps.slice(0, steps.length));
      assert.equal(steps.at(-1)!.iteration, last);
    }
    assert.deepEqual((await run({ every: 5, restarts: 2, stopWhenExact: 0 })).steps, whole.steps);
  });

  it("can measure the shift in units of the embeddings' own deviation", async () => {
    const setting = { ...toy(), moments: { mean: 0, std: 0.25 } };
    const relative = await run({ shiftStd: 2, shiftUnit: "embedding" }, setting);
    const absolute = await run({ shiftStd: 0.5 });
    assert.deepEqual(relative.start.shiftDistances, absolute.start.shiftDistances);
  });

  it("holds the run to the median of all draws of the shift test", async () => {
    const { start } = await run({ shiftDraws: 7 });
    assert.equal(start.shiftDistances.length, 7);
    assert.equal(start.shiftDistance, start.shiftDistances.toSorted((a, b) => a - b)[3]);
  });

  it("calls the restart best whose decoded tokens have the closest output", async () => {
    const { end } = await run({ iterations: 30, restarts: 4 });
    const discrete = end.restarts.map(({ discreteDistance }) => discreteDistance);
    assert.equal(end.best.discreteDistance, Math.min(...discrete));
    assert.equal(end.restarts.length, 4);
  });

  it("keeps the closest iterate when the last one has left again", async () => {
    // From the target itself every step leads away: the closest iterate is the first.
    const { end } = await run({ noiseShare: 0, targetShare: 1.0001, iterations: 3, learningRate: 5 });
    assert.equal(end.best.iteration, 0);
    assert.equal(end.best.exact, true);
  });

  it("costs one gradient an iteration, beside the shift test and two looks at the results", async () => {
    const setting = toy();
    await run({ iterations: 50, shiftDraws: 4 }, setting);
    assert.equal(setting.calls.gradient, 50 + 1 + 4 + 2);
  });

  it("ends after the iteration at hand when it is cancelled, with what it has", async () => {
    const controller = new AbortController();
    const setting = toy();
    const step = setting.network.distanceAndGradient.bind(setting.network);
    setting.network.distanceAndGradient = async (e, target) => {
      if (setting.calls.gradient === 60) controller.abort();
      return step(e, target);
    };
    const { end, steps } = await run({ every: 100 }, setting, controller.signal);
    assert.equal(end.status, "cancelled");
    assert.equal(end.iterations, 55); // five draws of the shift test came first
    assert.equal(steps.at(-1)!.iteration, 55);
  });

  it("says so when the descent diverges", async () => {
    const setting = toy();
    let calls = 0; // five draws of the shift test, then iterations 0 and 1
    setting.network.distanceAndGradient = async (e) => ({
      distance: Float64Array.of(++calls <= 7 ? 1 : NaN),
      gradient: new Float64Array(e.length),
    });
    await assert.rejects(
      run({}, setting),
      (error) => error instanceof LabError && /diverged: at iteration 2 .* below 0.02/.test(error.message),
    );
  });
});
