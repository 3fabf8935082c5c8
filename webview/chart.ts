// One figure as a plot, logarithmic or linear, that shares its axis across and its pointer with the plots beside it.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { element, setText } from "./dom.ts";
import { describeFigure, type Figure, fittedRange, type Line, MARK_SIGNS, placesToDraw } from "./figures.ts";
import { formatNumber } from "./format.ts";
import { t } from "./l10n.ts";
import { logTicks } from "./log-ticks.ts";
import { swatch } from "./swatch.ts";
import { readTheme, type Theme } from "./theme.ts";
import { iconButton } from "./toolkit.ts";

/** Between the lines of an axis of counts. */
const WHOLE_STEPS = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((factor) => factor * 10 ** power)).flat();
/** CSS pixels that a label of the vertical axis takes, the space to the next included. */
const TICK_SPACE = 20;

export interface ChartFrame {
  /** Name of the pointer that they follow together. */
  readonly pointer: string;
  /** The axis across, in iterations. */
  span(): readonly [low: number, high: number];
  studied(): number | undefined;
  /** The pointer is at about this iteration, or has left. */
  hover(iteration: number | undefined): void;
  pick(iteration: number): void;
  zoom(low: number, high: number): void;
  zoomOut(): void;
  save(figure: Figure, format: "svg" | "png"): void;
}

export class Chart {
  readonly #canvas = element("div", { class: "canvas", role: "img" });
  readonly #name = element("h3");
  readonly #legend = element("div", { class: "legend" });
  readonly element = element(
    "figure",
    { class: "chart" },
    element("figcaption", {}, this.#name, this.#legend),
    element(
      "div",
      { class: "plane" },
      this.#canvas,
      element(
        "div",
        { "class": "tools", "role": "group", "aria-label": t("Save plot") },
        iconButton("SVG", t("Save as SVG…"), () => this.#save("svg")),
        iconButton("PNG", t("Save as PNG…"), () => this.#save("png")),
      ),
    ),
  );
  readonly #frame: ChartFrame;
  #figure: Figure | undefined;
  #values: HTMLElement[] = [];
  #plot: uPlot | undefined;
  /** What the plot was made for: lines of the same kind on the same axis can be redrawn in it. */
  #madeFor = "";
  #studied: number | undefined;

  constructor(frame: ChartFrame) {
    this.#frame = frame;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#canvas);
  }

  update(figure: Figure, asked: boolean): void {
    const logarithmic = asked && figure.from === undefined;
    const changed = figure !== this.#figure;
    this.#figure = figure;
    const kinds = figure.lines.map(({ label, style, faint, dash }) => [label, style, faint, dash]);
    const made = JSON.stringify([figure.name, logarithmic, kinds]);
    if (made !== this.#madeFor) {
      this.#madeFor = made;
      this.#rebuild(logarithmic);
    } else if (changed) this.#plot?.setData(this.#data(figure, logarithmic));
    else if (this.#frame.studied() !== this.#studied) this.#plot?.redraw(false, false);
    if (changed) this.#canvas.setAttribute("aria-label", describeFigure(figure));
  }

  /** The theme has changed, or the axis across has. */
  refresh(asked: boolean): void {
    this.#rebuild(asked && this.#figure?.from === undefined);
  }

  writeLegend(place: number | undefined): void {
    const listed = this.#figure?.lines.filter(({ label }) => label !== undefined) ?? [];
    listed.forEach(({ values }, i) => {
      const value = place === undefined ? undefined : valueNear(values, place);
      setText(this.#values[i], typeof value === "number" ? formatNumber(value) : "–");
    });
  }

  /** Brings the line of a restart to the front of the faint ones; undefined takes it back. */
  light(restart: number | undefined): void {
    const plot = this.#plot;
    if (!plot) return;
    let changed = false;
    this.#figure?.lines.forEach((line, i) => {
      if (line.restart === undefined) return;
      const { width, alpha } = lookOf({ faint: line.faint && line.restart !== restart });
      const series = plot.series[i + 1];
      changed ||= series.alpha !== alpha;
      Object.assign(series, { width, alpha });
    });
    if (changed) plot.redraw(false, false);
  }

  dispose(): void {
    this.#plot?.destroy();
    this.element.remove();
  }

  #save(format: "svg" | "png"): void {
    if (this.#figure) this.#frame.save(this.#figure, format);
  }

  #rebuild(logarithmic: boolean): void {
    const figure = this.#figure;
    if (!figure) return;
    this.#plot?.destroy();
    setText(this.#name, figure.name);
    this.#name.title = figure.meaning === undefined ? figure.name : `${figure.name}: ${figure.meaning}`;
    const listed = figure.lines.filter(({ label }) => label !== undefined);
    const entries = listed.map(legendEntry);
    this.#values = entries.map(({ value }) => value);
    this.#legend.replaceChildren(...entries.map(({ element }) => element));
    this.#plot = new uPlot(this.#options(figure, logarithmic), this.#data(figure, logarithmic), this.#canvas);
    const { over } = this.#plot;
    over.addEventListener("click", () => {
      const iteration = this.#pointed;
      if (iteration !== undefined && !this.#dragged) this.#frame.pick(iteration);
      this.#dragged = false;
    });
    over.addEventListener("dblclick", () => this.#frame.zoomOut());
  }

  #dragged = false;

  /** The iteration that the pointer is at, between points too. */
  get #pointed(): number | undefined {
    const left = this.#plot?.cursor.left;
    return left === undefined || left < 0 ? undefined : this.#plot?.posToVal(left, "x");
  }

  /** What is drawn of the figure: in a long run more points than the drawing has pixels would be drawn over each other. */
  #data(figure: Figure, logarithmic: boolean): uPlot.AlignedData {
    const places = placesToDraw(
      figure,
      this.#frame.span(),
      Math.max(50, (this.#plot?.width ?? this.#size().width) / 2),
    );
    return dataOf(figure, places, logarithmic);
  }

  #options(figure: Figure, logarithmic: boolean): uPlot.Options {
    const theme = readTheme();
    const axis: uPlot.Axis = {
      stroke: theme.muted,
      font: theme.font,
      grid: { stroke: theme.grid, width: 1 },
      ticks: { stroke: theme.grid, width: 1, size: 3 },
    };
    return {
      ...this.#size(),
      padding: [6, 12, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, range: () => [...this.#frame.span()] as [number, number] },
        y: {
          ...(logarithmic && { distr: 3, log: 10 }),
          range: (_, low, high) => fittedRange(low, high, { logarithmic, from: figure.from }),
        },
      },
      axes: [
        {
          ...axis,
          size: 22,
          gap: 3,
          space: 44,
          values: (_, splits) => splits.map((split) => (Number.isInteger(split) ? split.toLocaleString("en") : "")),
        },
        {
          ...axis,
          size: 50,
          gap: 3,
          space: TICK_SPACE,
          ...(logarithmic && {
            splits: (plot: uPlot, _: number, low: number, high: number) =>
              logTicks(low, high, plot.bbox.height / devicePixelRatio / TICK_SPACE),
            filter: (_: uPlot, splits: number[]) => splits,
          }),
          ...(figure.from !== undefined && { incrs: WHOLE_STEPS }),
          values: (_, splits) => splits.map(formatNumber),
        },
      ],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 6 },
        points: { size: 6 },
        sync: { key: this.#frame.pointer },
      },
      series: [{}, ...figure.lines.map((line) => seriesOf(line, theme))],
      hooks: {
        draw: [(plot) => this.#drawMarks(plot, theme), (plot) => this.#drawStudied(plot, theme)],
        setCursor: [() => this.#frame.hover(this.#pointed)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 6) return;
            this.#dragged = true;
            this.#frame.zoom(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    };
  }

  #drawMarks(plot: uPlot, theme: Theme): void {
    const { ctx, bbox } = plot;
    const [low, high] = this.#frame.span();
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    ctx.font = theme.font.replace(/[\d.]+px/, (size) => `${parseFloat(size) * devicePixelRatio}px`);
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    for (const { kind, iteration, colour } of this.#figure?.marks ?? []) {
      if (iteration < low || iteration > high) continue;
      const x = Math.round(plot.valToPos(iteration, "x", true)) + 0.5;
      ctx.strokeStyle = ctx.fillStyle = colour ? theme.colours[colour] : theme.foreground;
      ctx.globalAlpha = kind === "threshold" ? 0.6 : 0.85;
      ctx.setLineDash(
        kind === "exact" ? [6 * devicePixelRatio, 3 * devicePixelRatio] : kind === "threshold" ? [2, 4] : [],
      );
      ctx.beginPath();
      ctx.moveTo(x, kind === "token" ? bbox.top + bbox.height - 6 * devicePixelRatio : bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.globalAlpha = 1;
      ctx.fillText(MARK_SIGNS[kind], x + 3 * devicePixelRatio, bbox.top);
    }
    ctx.restore();
  }

  #drawStudied(plot: uPlot, theme: Theme): void {
    const { ctx, bbox } = plot;
    const iteration = (this.#studied = this.#frame.studied());
    const [low, high] = this.#frame.span();
    if (iteration === undefined || iteration < low || iteration > high) return;
    const x = Math.round(plot.valToPos(iteration, "x", true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = theme.foreground;
    ctx.globalAlpha = 0.7;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  #size(): { width: number; height: number } {
    return { width: this.#canvas.clientWidth, height: this.#canvas.clientHeight };
  }
}

/** Of a line in front, or in the background. */
const lookOf = ({ faint }: Pick<Line, "faint">) => (faint ? { width: 1, alpha: 0.35 } : { width: 2, alpha: 1 });

const seriesOf = ({ colour, dash, faint, dotted }: Line, theme: Theme): uPlot.Series => ({
  stroke: theme.colours[colour],
  ...lookOf({ faint }),
  dash: [...dash],
  spanGaps: true,
  points: dotted ? { show: true, size: 4, fill: theme.colours[colour] } : { show: false },
  ...(dotted && { paths: () => null }),
});

/** A logarithmic axis has no place for what is not positive. */
const dataOf = ({ iterations, lines }: Figure, places: readonly number[], logarithmic: boolean): uPlot.AlignedData => [
  places.map((place) => iterations[place]),
  ...lines.map(({ values }) =>
    places.map((place) => {
      const value = values[place];
      return typeof value === "number" && (!logarithmic || value > 0) ? value : null;
    }),
  ),
];

/** The value at a place or, where there is none, the last one before it. */
function valueNear(values: Line["values"], place: number): number | null | undefined {
  for (let at = Math.min(place, values.length - 1); at >= 0; at--) if (values[at] !== null) return values[at];
  return undefined;
}

function legendEntry(line: Line): { element: HTMLElement; value: HTMLElement } {
  const { label = "", meaning } = line;
  const value = element("span", { class: "value" });
  return {
    element: element("span", { class: "entry", title: meaning }, swatch(line), element("span", {}, label), value),
    value,
  };
}
