// Finding a learning rate: a ladder tried as one batch.

import assert from "node:assert/strict";
import type { EndEvent, RunEvent, StartEvent } from "../../src/experiments/events.ts";
import { type InversionSpec, invert } from "../../src/experiments/methods/inversion.ts";
import { RATES, searchLearningRate } from "../../src/experiments/learning-rate-search.ts";
import { parseSpec } from "../../src/experiments/spec.ts";
import { toy, toyRequest } from "./toy.ts";

const never = new AbortController().signal;
const spec = parseSpec({ ...toyRequest, learningRate: "auto", iterations: 50 });

describe("the search for a learning rate", () => {
  it("takes the rung that comes closest, each of them as a run of its own would come", async () => {
    const ladder = toy({ batch: RATES.length });
    const { rates, outputDistances, chosen, iterations } = await searchLearningRate(
      spec,
      ladder,
      ladder.network,
      never,
    );
    assert.equal(iterations, 50);
    assert.equal(chosen, rates[outputDistances.indexOf(Math.min(...outputDistances.map((d) => d ?? Infinity)))]);
    const alone = parseSpec({ ...toyRequest, learningRate: chosen, iterations: 50, every: 50 });
    const events: RunEvent[] = [];
    for await (const event of invert(alone, toy(), never)) events.push(event);
    const last = events.at(-2) as { outputDistance: number };
    assert.equal(last.outputDistance, outputDistances[rates.indexOf(chosen)]);
  });

  it("costs one gradient of the batch an iteration, however long the run itself is to be", async () => {
    const ladder = toy({ batch: RATES.length });
    await searchLearningRate({ ...spec, iterations: 100_000 }, ladder, ladder.network, never);
    assert.equal(ladder.calls.gradient, 61);
  });

  it("passes over rungs that diverge", async () => {
    const ladder = toy({ batch: RATES.length });
    const step = ladder.network.distanceAndGradient.bind(ladder.network);
    ladder.network.distanceAndGradient = async (e, target) => {
      const result = await step(e, target);
      return { ...result, distance: result.distance.map((d: number, rung: number) => (rung > 2 ? NaN : d)) };
    };
    const { outputDistances, chosen } = await searchLearningRate(spec, ladder, ladder.network, never);
    assert.deepEqual(outputDistances.slice(3), [null, null, null, null, null]);
    assert.ok(chosen <= RATES[2]);
  });

  it("is told at the start of the run, which goes at the rate found", async () => {
    const ladder = toy({ batch: RATES.length });
    const rateSearch = await searchLearningRate(spec, ladder, ladder.network, never);
    const events: RunEvent[] = [];
    for await (const event of invert(spec, toy(), never)) events.push(event);
    const start = events[0] as StartEvent;
    assert.deepEqual(start.rateSearch, rateSearch);
    assert.equal((start.spec as InversionSpec).learningRate, "auto");
    assert.equal((events[1] as { learningRate: number }).learningRate, rateSearch.chosen);
    assert.equal((events.at(-1) as EndEvent).status, "completed");
  });
});
