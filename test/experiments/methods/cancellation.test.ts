// A run that is stopped ends like every other: with its end event, the best restart and embeddings, whatever its method
// was doing. What there is to try is read off the table.

import assert from "node:assert/strict";
import { ExperimentRunner } from "../../../src/engine/experiment-runner.ts";
import type { EndEvent, RunEvent, StepEvent } from "../../../src/experiments/events.ts";
import type { Field } from "../../../src/experiments/fields.ts";
import { METHODS, methodOf } from "../../../src/experiments/methods/table.ts";
import type { RunEmbeddings } from "../../../src/experiments/run-embeddings.ts";
import { parseSpec, problemsOf } from "../../../src/experiments/spec.ts";
import { MODELS, TEST_CACHE } from "../../support/folders.ts";
import { toy } from "../toy.ts";

const wordsOf = ({ enum: names, const: word, anyOf = [] }: Field): readonly string[] => [
  ...(names ?? []),
  ...(word === undefined ? [] : [word]),
  ...anyOf.flatMap(wordsOf),
];

/** Every method as it is by default, and with every word that one of its own fields takes. */
const REQUESTS = METHODS.flatMap(({ name: method, schema }) => [
  { method },
  ...Object.entries<Field>(schema).flatMap(([field, rule]) => wordsOf(rule).map((word) => ({ method, [field]: word }))),
]).filter((request) => problemsOf({ ...request, prompt: "-" }).length === 0);

const titleOf = (request: object) => Object.values(request).join(", ");

/** A run of the request that is stopped when `isTime` says so of an event, with what it has told by then. */
async function stoppedRun(
  start: (signal: AbortSignal, onEmbeddings: (embeddings: RunEmbeddings) => void) => AsyncIterable<RunEvent>,
  stop: AbortController,
  isTime: (event: RunEvent) => boolean,
) {
  const events: RunEvent[] = [];
  const embeddings: RunEmbeddings[] = [];
  for await (const event of start(stop.signal, (all) => embeddings.push(all))) {
    events.push(event);
    if (isTime(event)) stop.abort();
  }
  return { events, embeddings };
}

/** Holds what a stopped run has told to what every run tells. */
function endsInOrder(
  { events, embeddings }: { readonly events: readonly RunEvent[]; readonly embeddings: readonly RunEmbeddings[] },
  restarts: number,
): EndEvent {
  const end = events.at(-1) as EndEvent;
  assert.equal(end.type, "end");
  assert.equal(end.status, "cancelled");
  assert.equal(events.filter(({ type }) => type === "end").length, 1);
  assert.deepEqual(
    end.restarts.map(({ restart }) => restart),
    [...Array(restarts).keys()],
  );
  assert.deepEqual(end.best, end.restarts[end.best.restart]);
  const steps = events.filter((event): event is StepEvent => event.type === "step");
  for (const [restart, result] of end.restarts.entries()) {
    assert.equal(steps.findLast((step) => step.restart === restart)?.iteration, end.iterations);
    assert.ok(result.iteration <= end.iterations);
  }
  assert.equal(embeddings.length, 1);
  const { length, width, ...found } = embeddings[0];
  assert.equal(found.target.length, length * width);
  for (const values of [found.best, found.last]) {
    assert.equal(values.length, restarts * length * width);
    assert.ok(values.every(Number.isFinite));
  }
  return end;
}

describe("a run that is stopped", function () {
  this.timeout(120_000);
  const runner = new ExperimentRunner({ cacheFolder: TEST_CACHE, modelsFolder: MODELS });

  it("is one of every method and of every direction", () => {
    const titles = REQUESTS.map(titleOf);
    for (const { name } of METHODS) assert.ok(titles.includes(name), name);
    for (const title of [
      "inversion, auto",
      ...["orthogonalWalk, gradient", "orthogonalWalk, jacobian"],
      ...["clampedWalk, code", "clampedWalk, equation"],
    ]) {
      assert.ok(titles.includes(title), title);
    }
  });

  for (const request of REQUESTS) {
    it(`ends with what it has after its first shown iteration: ${titleOf(request)}`, async () => {
      const restarts = 2;
      const spec = parseSpec({
        ...{ prompt: "The sky is blue.", checkpoint: "random:mini", iterations: 10_000, every: 10_000, shiftDraws: 2 },
        ...{ restarts, ...request },
      });
      const told = await stoppedRun(
        (signal, onEmbeddings) => runner.run(spec, { signal, onProgress: () => undefined, onEmbeddings, now: () => 0 }),
        new AbortController(),
        ({ type }) => type === "step",
      );
      const end = endsInOrder(told, restarts);
      assert.ok(end.iterations <= 1, `${end.iterations}`);
    });
  }

  for (const request of REQUESTS) {
    // At every call of the network in turn: also in the middle of a step.
    it(`ends with what it has wherever it is: ${titleOf(request)}`, async () => {
      const spec = parseSpec({ ...request, prompt: "toy", iterations: 6, every: 2, shiftDraws: 2 });
      for (let place = 1, isOver = false; !isOver; place++) {
        const setting = toy();
        const stop = new AbortController();
        let [calls, hasBegun] = [0, false];
        const network = { ...setting.network };
        const count = () => {
          if (hasBegun && ++calls === place) stop.abort();
        };
        Object.assign(setting.network, {
          vjp: (...all: Parameters<typeof network.vjp>) => (count(), network.vjp(...all)),
          normalProduct: (...all: Parameters<typeof network.normalProduct>) => (count(), network.normalProduct(...all)),
          distanceAndGradient: (...all: Parameters<typeof network.distanceAndGradient>) => (
            count(),
            network.distanceAndGradient(...all)
          ),
        });
        const states = { ...setting.states };
        Object.assign(setting.states, {
          openPass: (...all: Parameters<typeof states.openPass>) => (count(), states.openPass(...all)),
        });
        const told = await stoppedRun(
          (signal, onEmbeddings) => methodOf(spec).run(spec, { ...setting, onEmbeddings }, signal),
          stop,
          ({ type }) => {
            hasBegun ||= type === "step";
            return false;
          },
        );
        const end = told.events.at(-1) as EndEvent;
        isOver = end.status === "completed";
        if (!isOver) endsInOrder(told, 1);
        else assert.ok(place > 2, "it was stopped on the way");
      }
    });
  }
});
