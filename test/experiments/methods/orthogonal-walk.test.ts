// The orthogonal walk: on a toy known by heart, and every step of it against PyTorch.

import assert from "node:assert/strict";
import { LabError } from "../../../src/common/errors.ts";
import type { EndEvent, RunEvent, StartEvent, StepEvent, WalkPoint } from "../../../src/experiments/events.ts";
import { walkOrthogonally } from "../../../src/experiments/methods/orthogonal-walk.ts";
import type { ExperimentSetting } from "../../../src/experiments/setting.ts";
import { parseSpec } from "../../../src/experiments/spec.ts";
import { type OrthogonalWalkSpec } from "../../../src/experiments/methods/orthogonal-walk.ts";
import { METHODS_REFERENCE, takesTheCourse, tinySetting } from "../../support/tiny-methods.ts";
import { toy } from "../toy.ts";

/** Two tokens, so that the gradient of four dimensions leaves two. */
const TWO = { targetIds: [3, 1] };
/** Two outputs of four inputs: half of all directions change nothing. */
const PROJECTION = [
  [1, 0.5, 0, 0],
  [0, 1, 0.5, 0],
];

async function run(
  request: Partial<OrthogonalWalkSpec> = {},
  setting: ExperimentSetting = toy({ ...TWO, batch: request.restarts }),
  signal = new AbortController().signal,
) {
  const spec = parseSpec({
    method: "orthogonalWalk",
    prompt: "toy",
    iterations: 12,
    every: 4,
    shiftDraws: 3,
    ...request,
  });
  const events: RunEvent[] = [];
  for await (const event of walkOrthogonally(spec as OrthogonalWalkSpec, setting, signal)) events.push(event);
  const steps = events.slice(1, -1) as StepEvent[];
  return {
    events,
    start: events[0] as StartEvent,
    steps,
    points: steps.filter(({ restart }) => restart === 0).flatMap(({ walked }) => walked as WalkPoint[]),
    end: events.at(-1) as EndEvent,
  };
}

describe("orthogonal walk", () => {
  it("starts at the prompt and tells of every step, decoded or not", async () => {
    const { steps, points, end } = await run({ iterations: 10 });
    assert.deepEqual(
      steps.map(({ iteration }) => iteration),
      [0, 4, 8, 10],
    );
    assert.deepEqual(
      points.map(({ iteration }) => iteration),
      Array.from({ length: 11 }, (_, n) => n),
    );
    assert.deepEqual([points[0].outputDistance, points[0].inputDistance, points[0].ratio], [0, 0, null]);
    assert.equal(end.status, "completed");
    assert.equal(end.best.iteration, 10);
  });

  it("moves each token by η a step, always the same way in a linear network", async () => {
    const { points } = await run({ learningRate: 0.25 });
    const moves = points.map(({ inputDistance }) => inputDistance);
    moves.forEach((move, n) => assert.ok(Math.abs(move - n * moves[1]) < 1e-9, `${moves.join(" ")}`));
    // A unit vector of four entries has an L1 norm between 1 and 2; there are two tokens.
    assert.ok(moves[1] >= 2 * 0.25 && moves[1] <= 4 * 0.25);
  });

  it("steps orthogonally to the gradient of every token", async () => {
    for (const vectors of ["broadcast", "perToken"] as const) {
      const { points } = await run({ vectors });
      assert.deepEqual("gradientProducts" in points[0], false);
      for (const { gradientProducts } of points.slice(1)) {
        assert.equal(gradientProducts!.length, 2);
        for (const product of gradientProducts!) assert.ok(Math.abs(product) < 1e-12);
      }
    }
  });

  it("keeps the output's sum and not the output, as one gradient knows the sum only", async () => {
    const setting = toy(TWO);
    const { end } = await run({}, setting);
    assert.ok(end.best.outputDistance > 0.01);
  });

  it("holds the whole output along the Jacobian where the network forgets something", async () => {
    const setting = toy({ ...TWO, matrix: PROJECTION });
    const { points, end } = await run({ direction: "jacobian", lanczosSteps: 8 }, setting);
    assert.ok(end.best.inputDistance > 0.1);
    assert.ok(end.best.outputDistance < 1e-9, `${end.best.outputDistance}`);
    for (const { singularValue } of points.slice(1)) assert.ok(singularValue! < 1e-6);
  });

  it("moves the output least of all walks in a network that forgets nothing", async () => {
    const [source, jacobian] = [await run(), await run({ direction: "jacobian", lanczosSteps: 8 })];
    assert.ok(jacobian.end.best.ratio! > 1.2 * source.end.best.ratio!, `${jacobian.end.best.ratio}`);
  });

  it("gives the same events for the same spec, others for another seed, and each restart its own course", async () => {
    const request = { restarts: 3, nullVector: "fresh" } as const;
    const [first, again, other] = [await run(request), await run(request), await run({ ...request, seed: 1 })];
    assert.deepEqual(first.events, again.events);
    assert.notEqual(first.end.best.inputDistance, other.end.best.inputDistance);
    assert.equal(new Set(first.end.restarts.map(({ inputDistance }) => inputDistance)).size, 3);
    const alone = await run({ ...request, restarts: 1 });
    assert.deepEqual(alone.points, first.points);
  });

  it("calls the farthest walk for the least change of the output best", async () => {
    const { end } = await run({ restarts: 4 });
    assert.equal(end.best.ratio, Math.max(...end.restarts.map(({ ratio }) => ratio!)));
  });

  it("never touches the prompt's own embedding", async () => {
    const setting = toy(TWO);
    const prompt = setting.embed(TWO.targetIds).slice();
    await run({}, { ...setting, embed: (ids) => (ids === setting.targetIds ? prompt : setting.embed(ids)) });
    assert.deepEqual(prompt, setting.embed(TWO.targetIds));
  });

  it("costs one backward pass a step", async () => {
    const setting = toy(TWO);
    await run({ iterations: 10 }, setting);
    assert.equal(setting.calls.vjp, 10 + 1 + 2); // the last place is measured too, and two tell whether it is flat
  });

  it("refuses to walk where the summed output does not depend on the input", async () => {
    const flat = [
      [1, 0, 0, 0],
      [-1, 0, 0, 0],
    ];
    await assert.rejects(
      run({}, toy({ ...TWO, matrix: flat })),
      (error) => error instanceof LabError && error.kind === "badInput" && /gradient .* is zero/.test(error.message),
    );
    await run({ direction: "jacobian" }, toy({ ...TWO, matrix: flat }));
  });

  it("ends after the step at hand when it is cancelled", async () => {
    const controller = new AbortController();
    const setting = toy(TWO);
    const vjp = setting.network.vjp.bind(setting.network);
    setting.network.vjp = async (...parameters) => {
      if (setting.calls.vjp === 7) controller.abort();
      return vjp(...parameters);
    };
    const { end } = await run({ iterations: 100 }, setting, controller.signal);
    assert.equal(end.status, "cancelled");
    assert.equal(end.iterations, 5);
  });

  it("compares the gradient by one pass with that by one pass an element when it is told to", async () => {
    const { start } = await run({ checkGradients: true });
    assert.equal(start.gradientCheck?.elements, 8);
    assert.ok(start.gradientCheck.largestDifference < 1e-12 && start.gradientCheck.largestEntry > 0.1);
    assert.equal((await run()).start.gradientCheck, undefined);
  });
});

describe("orthogonal walk on a GPT-2", () => {
  for (const { points: expected, ...walk } of METHODS_REFERENCE.orthogonal) {
    it(`takes PyTorch's course: ${walk.output}, ${walk.vectors}, ${walk.nullVector}`, async () => {
      const setting = await tinySetting(walk.output, walk.restarts);
      const { steps } = await run({ ...walk, iterations: expected.length - 1, every: 2, dtype: "float64" }, setting);
      takesTheCourse(steps, expected);
      await setting.network.release();
    });
  }
});
