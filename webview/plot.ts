// How far output and input are from the prompt's, over the iterations, on a logarithmic axis; with the line of the shift
// test, of a walk the ratio of the two, the other restarts as faint lines, and the output distance of the run that it is
// compared with. A click picks the iteration.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { StepEvent } from "../src/experiments/events.ts";
import { element, setText } from "./dom.ts";
import { formatNumber } from "./format.ts";
import {
  isOver,
  logTicks,
  METRIC_NAMES,
  type PageModel,
  type RunModel,
  shownRestart,
  shownRow,
  shownStep,
  shownSteps,
  shiftName,
} from "./model.ts";
import { onThemeChange, readTheme, type Theme } from "./theme.ts";

/** CSS pixels that a label of the vertical axis takes, the space to the next included. */
const TICK_SPACE = 20;
const DASHES = { input: [7, 4], shift: [2, 4], ratio: [9, 3, 2, 3], beside: [4, 2] };

export class DistancePlot {
  readonly #figure = element("div", { class: "canvas", role: "img" });
  readonly #title = element("h2");
  readonly #output = legendEntry("output");
  readonly #input = legendEntry("input");
  readonly #shift = legendEntry("shift");
  readonly #ratio = legendEntry("ratio");
  readonly #beside = legendEntry("beside");
  readonly element = element(
    "section",
    { "class": "plot", "aria-label": "Distances" },
    element(
      "div",
      { class: "section-head" },
      this.#title,
      element(
        "div",
        { class: "legend" },
        this.#output.element,
        this.#input.element,
        this.#shift.element,
        this.#ratio.element,
        this.#beside.element,
      ),
    ),
    this.#figure,
  );
  readonly #pickIteration: (iteration: number) => void;
  #plot: uPlot | undefined;
  /** What the plot was made for; another run or number of restarts needs a new one. */
  #madeFor: { readonly run: RunModel; readonly beside: RunModel | undefined; readonly lines: number } | undefined;
  #page: PageModel | undefined;
  /** What the lines drawn last were: which restart, how long, and whether of a run that is over. */
  #lines = "";
  #hovered: number | null | undefined;

  constructor(pickIteration: (iteration: number) => void) {
    this.#pickIteration = pickIteration;
    new ResizeObserver(() => this.#fit()).observe(this.#figure);
    onThemeChange(() => this.#rebuild());
  }

  update(page: PageModel): void {
    this.#page = page;
    const { run } = page;
    const steps = shownSteps(page);
    this.element.hidden = !run?.start || steps.length === 0;
    if (!run?.start || steps.length === 0) return;
    const made = this.#madeFor;
    if (made?.run !== run || made.beside !== page.beside || made.lines !== run.steps.length) this.#rebuild();
    else this.#redraw(run, page.beside, shownRestart(page));
    const metric = METRIC_NAMES[run.info.spec.metric];
    this.#output.describe("Output", `${metric} distance of the output to the prompt’s`);
    this.#input.describe("Input", "L1 distance of the input embedding to the prompt’s");
    this.#shift.describe("Shift", `Median output distance of the prompt with noise ${shiftName(run.info.spec)} added`);
    this.#ratio.describe("r", "Input distance / output distance: how much farther the input has moved than the output");
    this.#ratio.element.hidden = run.info.spec.method === "inversion";
    this.#beside.describe(
      `Output of run ${page.beside?.info.id}`,
      "Output distance of the run that this one is compared with",
    );
    this.#beside.element.hidden = !page.beside;
    this.#writeLegend();
    this.#figure.setAttribute("aria-label", description(run, steps));
  }

  /** Draws what has changed: the lines when they have grown, or only the iteration under study. */
  #redraw(run: RunModel, beside: RunModel | undefined, restart: number): void {
    const lines = [
      restart,
      run.steps[restart].length,
      isOver(run.info),
      beside?.iterations[bestOf(beside)]?.length,
    ].join();
    if (lines === this.#lines) return this.#plot?.redraw(false, false);
    this.#lines = lines;
    this.#plot?.setData(dataOf(run, beside, restart));
  }

  #rebuild(): void {
    const { run, beside } = this.#page ?? {};
    if (!run?.start) return;
    this.#plot?.destroy();
    this.#lines = "";
    this.#madeFor = { run, beside, lines: run.steps.length };
    const options = this.#options(run.steps.length, readTheme());
    this.#plot = new uPlot(options, dataOf(run, beside, shownRestart(this.#page!)), this.#figure);
    this.#plot.over.addEventListener("click", () => {
      const iteration = this.#hoveredIteration();
      if (iteration !== undefined) this.#pickIteration(iteration);
    });
  }

  #options(restarts: number, theme: Theme): uPlot.Options {
    const axis: uPlot.Axis = {
      stroke: theme.muted,
      font: theme.font,
      grid: { stroke: theme.grid, width: 1 },
      ticks: { stroke: theme.grid, width: 1, size: 4 },
    };
    const faint: uPlot.Series = { stroke: theme.output, alpha: 0.3, width: 1, points: { show: false } };
    return {
      ...this.#size(),
      padding: [8, 20, 0, 0],
      legend: { show: false },
      scales: { x: { time: false, range: () => this.#span() }, y: { distr: 3, log: 10 } },
      axes: [
        { ...axis, size: 26, gap: 4, values: (_, splits) => splits.map((split) => split.toLocaleString("en")) },
        {
          ...axis,
          size: 58,
          gap: 4,
          splits: (plot, _, low, high) => logTicks(low, high, plot.bbox.height / devicePixelRatio / TICK_SPACE),
          filter: (_, splits) => splits,
          values: (_, splits) => splits.map(formatNumber),
        },
      ],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      series: [
        {},
        ...Array.from({ length: restarts > 1 ? restarts : 0 }, () => faint),
        { stroke: theme.output, width: 2, points: { show: false } },
        { stroke: theme.input, width: 2, dash: DASHES.input, points: { show: false } },
        { stroke: theme.shift, width: 2, dash: DASHES.shift, points: { show: false } },
        { stroke: theme.ratio, width: 2, dash: DASHES.ratio, points: { show: false } },
        { stroke: theme.beside, width: 2, dash: DASHES.beside, points: { show: false }, spanGaps: true },
      ],
      hooks: {
        draw: [(plot) => this.#drawSelection(plot, theme)],
        setCursor: [
          ({ cursor }) => {
            this.#hovered = cursor.idx;
            this.#writeLegend();
          },
        ],
      },
    };
  }

  /** A line through the iteration under study, with a dot on either distance. */
  #drawSelection(plot: uPlot, theme: Theme): void {
    if (!this.#page) return;
    const step = shownSteps(this.#page)[shownRow(this.#page)];
    if (!step) return;
    const { ctx, bbox } = plot;
    const x = Math.round(plot.valToPos(step.iteration, "x", true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = theme.foreground;
    ctx.globalAlpha = 0.6;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    for (const [value, colour] of [
      [step.outputDistance, theme.output],
      [step.inputDistance, theme.input],
    ] as const) {
      if (value <= 0) continue;
      ctx.fillStyle = colour;
      ctx.beginPath();
      ctx.arc(x, plot.valToPos(value, "y", true), 4 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fill();
    }
    ctx.restore();
  }

  /** The figures under the pointer or, without one, of the iteration under study. */
  #writeLegend(): void {
    const { run, beside } = this.#page ?? {};
    const iteration = this.#hoveredIteration() ?? shownStep(this.#page!)?.iteration;
    if (!run?.start || iteration === undefined) return;
    const restart = shownRestart(this.#page!);
    const at = run.iterations[restart].indexOf(iteration);
    const written = (value: number | null | undefined): string => formatNumber(value ?? 0);
    setText(this.#title, `Distance at iteration ${iteration.toLocaleString("en")}`);
    setText(this.#output.value, written(run.outputDistances[restart][at]));
    setText(this.#input.value, written(run.inputDistances[restart][at]));
    setText(this.#shift.value, formatNumber(run.start.shiftDistance));
    setText(this.#ratio.value, run.ratios[restart][at] === null ? "–" : written(run.ratios[restart][at]));
    if (!beside) return;
    const other = beside.outputDistances[bestOf(beside)]?.[beside.iterations[bestOf(beside)].indexOf(iteration)];
    setText(this.#beside.value, typeof other === "number" ? formatNumber(other) : "–");
  }

  /** The iteration under the pointer, of those that the shown run has. */
  #hoveredIteration(): number | undefined {
    if (typeof this.#hovered !== "number" || !this.#plot || !this.#page?.run) return undefined;
    const iteration = this.#plot.data[0][this.#hovered];
    return this.#page.run.iterations[shownRestart(this.#page)]?.includes(iteration) ? iteration : undefined;
  }

  /** The whole run while it goes on, then what there is of it. */
  #span(): [number, number] {
    const last = this.#page ? shownSteps(this.#page).at(-1)?.iteration : undefined;
    const info = this.#page?.run?.info;
    return [0, (info && !isOver(info) ? info.spec.iterations : last) || 1];
  }

  #fit(): void {
    this.#plot?.setSize(this.#size());
  }

  #size(): { width: number; height: number } {
    return { width: this.#figure.clientWidth, height: this.#figure.clientHeight };
  }
}

interface LegendEntry {
  readonly element: HTMLElement;
  readonly value: HTMLElement;
  describe(name: string, meaning: string): void;
}

/** A swatch drawn as its line is, a name, and a value. */
function legendEntry(kind: string): LegendEntry {
  const name = element("span");
  const value = element("span", { class: "value" });
  const swatch = element("span", { "class": `swatch ${kind}`, "aria-hidden": "true" });
  const entry = element("span", { class: "entry" }, swatch, name, value);
  return {
    element: entry,
    value,
    describe: (text, meaning) => {
      setText(name, text);
      entry.title = meaning;
    },
  };
}

/** The best restart as far as it is known. */
const bestOf = ({ end }: RunModel): number => end?.best.restart ?? 0;

/**
 * x, every restart's output distance when there are several, the shown restart's two distances, the shift test, the
 * ratio, and the output distance of the run beside it, which may have iterations of its own.
 */
function dataOf(run: RunModel, beside: RunModel | undefined, restart: number): uPlot.AlignedData {
  const own: uPlot.AlignedData = [
    run.iterations[restart] ?? [],
    ...(run.steps.length > 1 ? run.outputDistances : []),
    run.outputDistances[restart] ?? [],
    run.inputDistances[restart] ?? [],
    run.shiftDistances[restart] ?? [],
    run.ratios[restart] ?? [],
  ];
  const best = beside && bestOf(beside);
  const others = best === undefined ? undefined : beside?.outputDistances[best];
  if (best === undefined || !others) return [...own, Array.from(own[0], () => null)] as uPlot.AlignedData;
  return uPlot.join([own, [beside!.iterations[best], others]]);
}

/** The plot in a sentence, for those who do not see it. */
function description({ start }: RunModel, steps: readonly StepEvent[]): string {
  const [first, last] = [steps[0], steps[steps.length - 1]];
  return (
    `Over ${last.iteration} iterations the output distance went from ${formatNumber(first.outputDistance)} to ` +
    `${formatNumber(last.outputDistance)} and the input distance from ${formatNumber(first.inputDistance)} to ` +
    `${formatNumber(last.inputDistance)}; the shift test is at ${formatNumber(start?.shiftDistance ?? 0)}.`
  );
}
