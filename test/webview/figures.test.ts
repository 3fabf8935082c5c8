import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { RunEvent } from "../../src/experiments/events.ts";
import { type ExperimentSpec, parseSpec } from "../../src/experiments/spec.ts";
import type { RunInfo } from "../../src/session/panel-messages.ts";
import { MOST_COMPARED } from "../../src/session/runs.ts";
import {
  describeFigure,
  fittedRange,
  type Figure,
  forPrint,
  MOST_LINES,
  placesToDraw,
  styleOf,
  runFigures,
  smoothed,
  withSmoothing,
} from "../../webview/figures.ts";
import { emptyPage, type PageModel, receive } from "../../webview/page-model.ts";
import { figureTitle } from "../../webview/run-label.ts";
import { endEvent, PROMPT, spec, startEvent, stepEvent, wholeRun } from "../support/run-events.ts";

function pageWith(spec: ExperimentSpec, events: readonly RunEvent[]): PageModel {
  const page = emptyPage();
  const run: RunInfo = { id: "1", spec, phase: { kind: "completed" }, compared: [] };
  receive(page, { type: "show", runs: [run], shown: { id: "1", events }, beside: [] });
  return page;
}

const walkSpec = (direction: "gradient" | "jacobian") =>
  parseSpec({ prompt: PROMPT.tokens.join(""), method: "orthogonalWalk", direction, iterations: 2 });

function walk(direction: "gradient" | "jacobian"): PageModel {
  const notes = direction === "gradient" ? { gradientProducts: [1e-3, -2e-3, 0] } : { singularValue: 0.25 };
  const point = (iteration: number) => ({ iteration, outputDistance: 4, inputDistance: 8, ratio: 2 });
  return pageWith(walkSpec(direction), [
    startEvent(walkSpec(direction)),
    stepEvent(0, 3, { walked: [point(0)] }),
    stepEvent(2, 2, { walked: [1, 2].map((n) => ({ ...point(n), ...notes })) }),
  ]);
}

describe("the figures of a run", () => {
  it("are distances with the shift test, ratio and ranks for an inversion", () => {
    const [output, input, ratio, ranks] = runFigures(pageWith(spec(), wholeRun()));
    assert.deepEqual(
      output.lines.map(({ label, values }) => [label, values.at(-1)]),
      [
        ["output", 10 / 11],
        ["noise threshold", 2],
      ],
    );
    assert.deepEqual(input.lines[0].values, [5, 5, 5]);
    assert.equal(output.lines.at(-1)!.colour, "neutral");
    assert.match(ratio.name, /^Ratio/);
    assert.deepEqual(
      ranks.lines.map(({ label, values }) => [label, values]),
      [
        ["The", [42, 1, 1]],
        ["·sky", [42, 1, 1]],
        [".", [42, 42, 1]],
      ],
    );
  });

  it("begin with the ratio for a walk, at every step, and end with what is known of its directions", () => {
    const gradient = runFigures(walk("gradient"));
    assert.match(gradient[0].name, /^Ratio/);
    assert.deepEqual(gradient[0].iterations, [0, 1, 2]);
    const products = gradient.find(({ name }) => name.startsWith("|gradient"))!;
    assert.deepEqual(products.lines[1].values, [null, 2e-3, 2e-3]);
    const jacobian = runFigures(walk("jacobian"));
    assert.deepEqual(jacobian.find(({ name }) => name.startsWith("Singular"))!.lines[0].values, [null, 0.25, 0.25]);
    assert.ok(!jacobian.some(({ name }) => name.startsWith("|gradient")));
  });

  it("mark where each step of a clamped walk divides the dimensions", () => {
    const of = parseSpec({ prompt: PROMPT.tokens.join(""), method: "clampedWalk", iterations: 1 });
    const point = (iteration: number) => ({ iteration, outputDistance: 4, inputDistance: 8, ratio: 2 });
    const page = pageWith(of, [
      startEvent(of),
      stepEvent(0, 3, { walked: [point(0)] }),
      stepEvent(1, 3, { walked: [{ ...point(1), clampedFrom: 300 }] }),
    ]);
    const clamped = runFigures(page).find(({ name }) => name === "Clamped at dimension i")!;
    assert.deepEqual(
      clamped.lines.map(({ values, dotted }) => [values, dotted]),
      [[[null, 300], true]],
    );
    assert.match(clamped.lines[0].meaning!, /noise from i on/);
    assert.deepEqual(withSmoothing(clamped, 0.9).lines, clamped.lines);
  });

  it("have the other restarts as faint lines", () => {
    const of = spec({ restarts: 2 });
    const steps = [stepEvent(0, 0), stepEvent(0, 0, { restart: 1, outputDistance: 7 })];
    const [output] = runFigures(pageWith(of, [startEvent(of), ...steps, endEvent(steps)]));
    assert.deepEqual(
      output.lines.filter(({ faint }) => faint).map(({ values }) => values),
      [[7]],
    );
  });

  it("have marks where the run first was exact, below the noise threshold, and had each token", () => {
    const figures = runFigures(pageWith(spec(), wholeRun()));
    for (const { marks = [] } of figures) {
      assert.deepEqual(
        marks.map(({ kind, iteration }) => [kind, iteration]),
        [
          ["threshold", 4],
          ["exact", 10],
          ["token", 5],
          ["token", 10],
        ],
      );
    }
    const printed = forPrint(figures[0], true, [0, 10]);
    assert.deepEqual(printed.marks, [
      { x: 4, label: "σ" },
      { x: 10, label: "✓" },
    ]);
    const never = pageWith(spec(), [startEvent(), stepEvent(0, 0)]);
    assert.deepEqual(runFigures(never)[0].marks, []);
    assert.deepEqual(runFigures(walk("gradient"))[0].marks, []);
  });

  it("are told in words", () => {
    const [output] = runFigures(pageWith(spec(), wholeRun()));
    assert.equal(
      describeFigure(output),
      "Output distance over iterations 0 to 10: output from 10 to 0.909; noise threshold at 2. " +
        "Marked: below the noise threshold (2) since iteration 4; exact by iteration 10 and since (shown every 5).",
    );
  });
});

describe("the axes of a figure", () => {
  const linear = { logarithmic: false, from: undefined };

  it("fit the data, and hold all of it", () => {
    const [low, high] = fittedRange(100, 300, linear);
    assert.ok(low < 100 && low > 80 && high > 300 && high < 320);
    const [least, most] = fittedRange(100, 300, { ...linear, logarithmic: true });
    assert.ok(least < 100 && least > 80 && most > 300 && most < 350);
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), fc.boolean(), (value, logarithmic) => {
        const [low, high] = fittedRange(value, value, { ...linear, logarithmic });
        assert.ok(low < value && value < high);
      }),
    );
  });

  it("begin at 1 for ranks and at 0 for counts, and are linear there whatever the others are", () => {
    const ranks = runFigures(pageWith(spec(), wholeRun())).find(({ name }) => name.startsWith("Rank"))!;
    assert.equal(ranks.from, 1);
    assert.deepEqual(fittedRange(1, 1, { logarithmic: false, from: 1 })[0], 1);
    assert.equal(forPrint(ranks, true, [0, 10]).logarithmic, false);
    assert.deepEqual(fittedRange(null, null, { logarithmic: false, from: 0 }), [0, 1]);
  });
});

describe("a figure for a file of its own", () => {
  it("has the same lines with their names and styles, in its span, without what is not known", () => {
    const page = walk("gradient");
    const products = runFigures(page).find(({ name }) => name.startsWith("|gradient"))!;
    const printed = forPrint(products, true, [0, 2]);
    assert.equal(printed.yLabel, "|gradient · v|");
    assert.deepEqual(printed.span, [0, 2]);
    assert.deepEqual(
      printed.lines.map(({ name, style }) => [name, style]),
      [
        ["The", 0],
        ["·sky", 1],
        [".", 2],
      ],
    );
    assert.deepEqual(printed.lines[1].points, [
      [1, 2e-3],
      [2, 2e-3],
    ]);
    assert.equal(figureTitle(page), "The sky., random:gpt2, init seed 0, 1 block, output block");
  });
});

describe("the points that are drawn", () => {
  const figureOf = (lines: readonly (readonly (number | null)[])[]): Figure => ({
    name: "f",
    iterations: Array.from({ length: Math.max(0, ...lines.map(({ length }) => length)) }, (_, n) => n),
    lines: lines.map((values, place) => ({ values, ...styleOf(place) })),
  });

  it("are all of a short run, and of a zoomed one those in sight with one beyond either end", () => {
    assert.deepEqual(placesToDraw(figureOf([[5, 6, 7]]), [0, 2], 100), [0, 1, 2]);
    const figure = figureOf([Array.from({ length: 1000 }, (_, n) => n)]);
    assert.deepEqual(placesToDraw(figure, [10.5, 13.5], 100), [10, 11, 12, 13, 14]);
    assert.deepEqual(placesToDraw(figureOf([]), [0, 1], 100), []);
  });

  it("keep every line’s extremes, both ends and the order, and are few however long the run is", () => {
    const values = fc.array(
      fc.option(
        fc.double({ noNaN: true }).map((value) => value + 0),
        { nil: null },
      ),
      { minLength: 500, maxLength: 2000 },
    );
    fc.assert(
      fc.property(values, values, (first, second) => {
        const [length, columns] = [Math.min(first.length, second.length), 20];
        const lines = [first.slice(0, length), second.slice(0, length)];
        const places = placesToDraw(figureOf(lines), [0, length - 1], columns);
        assert.ok(places.length <= 2 * lines.length * columns + 2);
        assert.ok(places.every((place, i) => i === 0 || place > places[i - 1]));
        assert.deepEqual([places[0], places.at(-1)], [0, length - 1]);
        for (const line of lines) {
          const known = line.filter((value) => value !== null);
          const drawn = places.map((place) => line[place]).filter((value) => value !== null);
          assert.equal(Math.min(...drawn), Math.min(...known));
          assert.equal(Math.max(...drawn), Math.max(...known));
        }
      }),
    );
  });
});

describe("smoothing", () => {
  const values = fc.array(fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { nil: null }));
  const weights = fc.double({ min: 0, max: 0.99, noNaN: true });

  it("stays between the smallest and the largest value, keeps gaps, and leaves constants alone", () => {
    fc.assert(
      fc.property(values, weights, (values, weight) => {
        const known = values.filter((value) => value !== null);
        const [low, high] = [Math.min(...known), Math.max(...known)];
        const slack = 1e-9 * Math.max(1, Math.abs(low), Math.abs(high));
        smoothed(values, weight).forEach((value, i) => {
          assert.equal(value === null, values[i] === null);
          if (value !== null) assert.ok(value >= low - slack && value <= high + slack);
        });
      }),
    );
    assert.deepEqual(smoothed([3, 3, 3], 0.5), [3, 3, 3]);
  });

  it("keeps the raw line, faint, behind the smoothed one", () => {
    const [, input] = runFigures(pageWith(spec(), wholeRun()));
    const figure = withSmoothing(input, 0.9);
    assert.deepEqual(
      figure.lines.map(({ faint, label }) => [faint === true, label]),
      [
        [true, undefined],
        [false, "input"],
      ],
    );
    assert.equal(withSmoothing(input, 0), input);
  });
});

describe("a comparison", () => {
  const compared = (count: number, shown: string): PageModel => {
    const page = emptyPage();
    const ids = Array.from({ length: count }, (_, i) => String(i + 1));
    const specs = ids.map((_, i) => spec({ seed: i, iterations: 10 - 5 * (i % 2) }));
    const told = ids.map((id, i) => ({
      id,
      events: i % 2 === 0 ? wholeRun(specs[i]) : [startEvent(specs[i]), stepEvent(0, 1), stepEvent(3, 2)],
    }));
    receive(page, {
      type: "show",
      runs: ids.map((id, i) => ({ id, spec: specs[i], phase: { kind: "completed" }, compared: ids })),
      shown: told.find(({ id }) => id === shown)!,
      beside: told.filter(({ id }) => id !== shown),
    });
    return page;
  };
  const named = (figure: Figure) => figure.lines.filter(({ label }) => label !== undefined);

  it("has a line a run over the union of their iterations, in the figures that all have", () => {
    const [output, input, ratio, right, ranks] = runFigures(compared(3, "2"));
    assert.deepEqual(output.iterations, [0, 3, 5, 10]);
    for (const figure of [output, input, ratio, right]) {
      assert.deepEqual(
        named(figure).map(({ label }) => label),
        ["run 1", "run 2", "run 3"],
      );
      assert.deepEqual(figure.iterations, output.iterations);
    }
    assert.deepEqual(
      named(output).map(({ values }) => values),
      [
        [10, null, 10 / 6, 10 / 11],
        [10, 2.5, null, null],
        [10, null, 10 / 6, 10 / 11],
      ],
    );
    assert.deepEqual(named(right)[1].values, [1, 2, null, null]);
    assert.equal(ranks.name, "Rank of the true token, run 2");
    assert.deepEqual(ranks.lines[0].values, [1, 1, null, null]);
  });

  it("has each run’s shift distance as a pale line of its colour", () => {
    const [output] = runFigures(compared(2, "1"));
    const pale = output.lines.filter(({ faint }) => faint);
    assert.deepEqual(
      pale.map(({ colour, values }) => [colour, values.filter((value) => value !== null)]),
      [
        ["blue", [2, 2]],
        ["orange", [2, 2]],
      ],
    );
  });

  it("draws no two runs alike, and each alike whichever is shown", () => {
    const most = compared(MOST_LINES, "1");
    const styles = named(runFigures(most)[0]).map(({ colour, dash }) => `${colour} ${dash.join(" ")}`);
    assert.equal(new Set(styles).size, MOST_LINES);
    const other = named(runFigures(compared(MOST_LINES, "7"))[0]).map(
      ({ colour, dash }) => `${colour} ${dash.join(" ")}`,
    );
    assert.deepEqual(other, styles);
    assert.equal(MOST_LINES, MOST_COMPARED);
  });
});
