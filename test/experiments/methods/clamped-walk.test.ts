// The clamped walk: on a toy known by heart, and every step of it against PyTorch.

import assert from "node:assert/strict";
import type { EndEvent, RunEvent, StepEvent } from "../../../src/experiments/events.ts";
import { walkClamped } from "../../../src/experiments/methods/clamped-walk.ts";
import type { ExperimentSetting } from "../../../src/experiments/setting.ts";
import { parseSpec } from "../../../src/experiments/spec.ts";
import { type ClampedWalkSpec } from "../../../src/experiments/methods/clamped-walk.ts";
import { METHODS_REFERENCE, takesTheCourse, tinySetting } from "../../support/tiny-methods.ts";
import { toy } from "../toy.ts";

async function run(
  request: Partial<ClampedWalkSpec> = {},
  setting: ExperimentSetting = toy({ batch: request.restarts }),
  signal = new AbortController().signal,
) {
  const spec = parseSpec({ method: "clampedWalk", prompt: "toy", iterations: 12, every: 4, shiftDraws: 3, ...request });
  const events: RunEvent[] = [];
  for await (const event of walkClamped(spec as ClampedWalkSpec, setting, signal)) events.push(event);
  const steps = events.slice(1, -1) as StepEvent[];
  return { events, steps, points: steps.flatMap(({ walked }) => walked!), end: events.at(-1) as EndEvent };
}

describe("clamped walk", () => {
  it("starts at the prompt and tells of every step, with the first dimension that got noise", async () => {
    const { points } = await run({ iterations: 9 });
    assert.deepEqual(
      points.map(({ iteration }) => iteration),
      Array.from({ length: 10 }, (_, n) => n),
    );
    assert.equal(points[0].inputDistance, 0);
    assert.equal(points[0].clampedFrom, undefined);
    for (const { clampedFrom } of points.slice(1)) assert.ok([0, 1, 2, 3].includes(clampedFrom!));
    assert.ok(new Set(points.map(({ clampedFrom }) => clampedFrom)).size > 3, "places vary");
  });

  it("without descent is a walk at random, and with it the output moves less for the same noise", async () => {
    const noise = { randEta: 0.05, iterations: 30 };
    const wandering = await run({ ...noise, learningRate: 1e-12, innerSteps: 1 });
    const held = await run({ ...noise, learningRate: 0.002, innerSteps: 50 });
    assert.ok(held.end.best.outputDistance < 0.5 * wandering.end.best.outputDistance);
    assert.ok(held.end.best.ratio! > wandering.end.best.ratio!);
  });

  it("in the equation's form moves the other half, with the noise's rate twice, and climbs", async () => {
    const noise = { randEta: 0.1, iterations: 1, every: 1, innerSteps: 1, learningRate: 1e-12 };
    const [code, equation] = [await run(noise), await run({ ...noise, form: "equation" })];
    assert.equal(code.points[1].clampedFrom, equation.points[1].clampedFrom);
    assert.notEqual(code.points[1].inputDistance, equation.points[1].inputDistance);
    const climbing = { ...noise, randEta: 1e-6, learningRate: 0.01, innerSteps: 20, iterations: 4 } as const;
    const [down, up] = [await run(climbing), await run({ ...climbing, form: "equation" })];
    assert.ok(up.end.best.outputDistance > 3 * down.end.best.outputDistance);
  });

  it("gives the same events for the same spec, and each restart the course it has alone", async () => {
    const [first, again] = [await run({ restarts: 3 }), await run({ restarts: 3 })];
    assert.deepEqual(first.events, again.events);
    const alone = await run({ restarts: 1 });
    assert.deepEqual(
      alone.points,
      first.steps.filter(({ restart }) => restart === 0).flatMap(({ walked }) => walked!),
    );
  });

  it("costs one gradient for each inner step and one to measure", async () => {
    const setting = toy();
    await run({ iterations: 7, innerSteps: 5 }, setting);
    assert.equal(setting.calls.gradient, 3 + 7 * 6 + 1 + 1); // the shift test, the steps, the last place, its tokens
  });

  it("ends within the step at hand when it is cancelled", async () => {
    const controller = new AbortController();
    const setting = toy();
    const step = setting.network.distanceAndGradient.bind(setting.network);
    setting.network.distanceAndGradient = async (e, target) => {
      if (setting.calls.gradient === 30) controller.abort();
      return step(e, target);
    };
    const { end } = await run({ iterations: 100, innerSteps: 50 }, setting, controller.signal);
    assert.equal(end.status, "cancelled");
    assert.equal(end.iterations, 1);
    assert.ok(setting.calls.gradient < 36);
  });
});

describe("clamped walk on a GPT-2", () => {
  for (const { points: expected, ...walk } of METHODS_REFERENCE.clamped) {
    it(`takes PyTorch's course: ${walk.output}, ${walk.innerSteps} inner steps, the ${walk.form}'s form`, async () => {
      const setting = await tinySetting(walk.output, walk.restarts);
      const { steps } = await run({ ...walk, iterations: expected.length - 1, every: 2, dtype: "float64" }, setting);
      takesTheCourse(steps, expected).forEach((points, restart) =>
        assert.deepEqual(
          points.slice(1).map(({ clampedFrom }) => clampedFrom),
          expected.slice(1).map(({ clampedFrom }) => clampedFrom[restart]),
        ),
      );
      await setting.network.release();
    });
  }
});
