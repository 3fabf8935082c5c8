// What the terminal shows of a run whose iterations are rounds and whose tokens are proved one by one.

import assert from "node:assert/strict";
import { PLAIN } from "../../src/cli/io.ts";
import { follow, type LiveState, picture } from "../../src/cli/live-view.ts";
import { decoded, roundParts, summary } from "../../src/cli/run-summary.ts";
import type { EndEvent, StartEvent, StepEvent } from "../../src/experiments/events.ts";
import { endEvent, exactRun, exactSpec, roundEvent } from "../support/run-events.ts";

const [start, ...rest] = exactRun() as [StartEvent, ...StepEvent[], EndEvent];
const steps = rest.slice(0, -1) as StepEvent[];
const end = rest.at(-1) as EndEvent;

describe("exact recovery in the terminal", () => {
  it("says of a round where it tried what, and how much is proved", () => {
    assert.deepEqual(roundParts(steps[0]), ["round 0", "1/3 proved"]);
    assert.deepEqual(roundParts(steps[1]), [
      "round 1",
      "position 2 of 3: 4 tried, nearest distance 0.25",
      "1/3 proved, 1 most likely",
    ]);
  });

  it("marks the tokens that are settled, whether or not they are the prompt's", () => {
    const marked = decoded(steps[1], start, { ...PLAIN, match: (text) => `[${text}]` });
    assert.deepEqual(
      marked.map(({ text, mark }) => mark?.(text) ?? text),
      ["[The]", "[ sky]", " wrong"],
    );
  });

  it("sums up how sure each token is, what it took and what the fit was", () => {
    assert.deepEqual(summary(end, start), [
      "2 of 3 tokens recovered: 1 proved, 1 most likely, 1 unknown.",
      "  text              The sky wrong",
      "  distances         0.5 at most, relative to the states' norms",
      "  margin            0.5 at least, to the nearest other token tried",
      "  tried             36 tokens",
      '  unknown           position 3: " wrong" is the nearest of 28 tokens tried, 0.5 away',
      "  token forwards    30",
      "  fit               8000 tokens in 10.0 s, cached, hit rate 98 %",
      '  next token        ",", and "\\n" after the prompt',
      "  seed              0",
      "  time              1.5 s for 3 rounds on cpu",
    ]);
  });

  it("says what protected states are still good for", () => {
    const saying = (kl: number | null) => {
      const utility = { agreement: 2 / 3, kl, agreements: [true, true, false], kls: [0, 0.1, kl] };
      return summary({ ...end, best: { ...end.best, utility } }, start).find((line) => line.startsWith("  utility"));
    };
    assert.equal(saying(0.5), "  utility           the next token stays at 2 of 3 positions, KL 0.5 nats");
    assert.match(saying(null)!, /at 2 of 3 positions, and the protected states overflow$/);
  });

  it("says that each is proved where each is, and not of likely ones", () => {
    const titled = (certainty: StepEvent["certainty"]) => {
      const step = roundEvent(4, 3, certainty!);
      const [found] = endEvent([step]).restarts;
      return summary(endEvent([step], { best: { ...found, certainty: certainty! } }), start)[0];
    };
    assert.equal(titled(["proved", "proved", "proved"]), "Exact: all 3 tokens, each proved.");
    assert.equal(titled(["proved", "proved", "likely"]), "Exact: all 3 tokens, 2 proved, 1 most likely.");
  });

  it("is drawn with progress in tokens, not in rounds", () => {
    const state: LiveState = { spec: exactSpec(), steps: [], firsts: [] };
    [start, ...steps.slice(0, 2)].forEach((event, index) => follow(state, event, index * 10));
    assert.deepEqual(picture(state, { columns: 90, rows: 24, styles: PLAIN }).slice(4), [
      "round  position   tried    nearest   proved  decoded",
      "    0         –       –          –      1/3  The wrong wrong",
      "    1         2       4       0.25      1/3  The sky wrong",
      "",
      `${"█".repeat(20)}${"░".repeat(10)}  round 1, 2 of 3 tokens settled`,
      "position 2 of 3: 4 tried, nearest distance 0.25 · 20 token forwards",
    ]);
  });
});
