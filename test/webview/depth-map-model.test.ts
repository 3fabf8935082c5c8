// The map of exact recovery at every depth: what each place says, while the run goes on.

import assert from "node:assert/strict";
import type { RunEvent } from "../../src/experiments/events.ts";
import { depthMapOf } from "../../webview/depth-map-model.ts";
import { running } from "../support/pages.ts";
import { exactRun, exactSpec } from "../support/run-events.ts";

/** The same rounds after one block, and after two of three. */
function atDepths(): RunEvent[] {
  const [start, ...others] = exactRun();
  const steps = others.filter((event) => event.type === "step");
  const again = [1, 2].flatMap((blocks) => steps.map((step) => ({ ...step, blocks })));
  const atOnce = (tried: readonly number[] = []) => [1, ...tried.slice(1)];
  const counted = again.map((step, round) => ({
    ...{ ...step, iteration: round, round },
    ...(step.blocks === 1 && { tried: atOnce(step.tried) }),
  }));
  return [{ ...start, vocabulary: 1000 } as RunEvent, ...counted];
}

const page = (count?: number) =>
  running(atDepths().slice(0, count), { spec: { ...exactSpec(), blocks: 3, everyDepth: true } as never });

describe("the map of depths", () => {
  it("is there for a run at every depth alone", () => {
    assert.equal(depthMapOf(running(exactRun(), { spec: exactSpec() })), undefined);
    assert.equal(depthMapOf(page(1)), undefined);
  });

  it("says of each place whether it is proved at once, after tries, likely or unknown", () => {
    const { grid, steps } = depthMapOf(page())!;
    assert.deepEqual(grid.rows, ["1", "2", "3"]);
    assert.deepEqual(
      grid.places.map((row) => row.map((place) => place!.text)),
      [
        ["✓", "≈", "?"],
        ["4", "≈", "?"],
        ["", "", ""],
      ],
    );
    assert.deepEqual(
      grid.places.map(([, , place]) => place!.mark),
      ["unknown", "unknown", "open"],
    );
    assert.match(grid.places[0][0]!.told, /^1 block, position 1: proved at the first guess$/);
    assert.match(grid.places[1][1]!.told, /^2 blocks, position 2: most likely, \d+ tokens tried$/);
    assert.equal(steps[2], undefined);
    assert.ok(steps[1]! > steps[0]!);
    assert.ok(grid.places[0][1]!.strength > 0 && grid.places[0][1]!.strength < 1);
  });

  it("leaves open what the round at hand has not come to", () => {
    const { grid } = depthMapOf(page(2))!;
    assert.deepEqual(
      grid.places.map((row) => row.map(({ mark } = { text: "", strength: 0, told: "" }) => mark === "open")),
      [
        [false, true, true],
        [true, true, true],
        [true, true, true],
      ],
    );
  });
});
