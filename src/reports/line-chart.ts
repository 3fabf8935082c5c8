// A line chart as an SVG text: no script, so that it can stand in a page, a paper and a repository alike.

import { visible } from "../common/visible.ts";
import { figure } from "../common/number-format.ts";

export interface PrintedLine {
  /** As the legend has it; a line without a name belongs to the one of its style that has one. */
  readonly name?: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Colour and dashes, 0…; the line's place among the lines unless said. */
  readonly style?: number;
  /** Drawn thin and pale, behind the others. */
  readonly faint?: boolean;
  /** In the colour of the text: to compare with. */
  readonly neutral?: boolean;
  /** Points by themselves. */
  readonly dotted?: boolean;
  /** Each point has a dot. */
  readonly marked?: boolean;
  /** An interval of some places across, as a pale band. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
}

/** What a chart shows. */
export interface PrintedFigure {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logarithmic?: boolean;
  /** Where a linear axis begins; 0, or below it what there is, unless said. */
  readonly from?: number;
  /** Names of the places 0, 1, … across, where they stand for no numbers. */
  readonly places?: readonly string[];
  /** The axis across, what lies outside it left out; from 0 over all points unless said. */
  readonly span?: readonly [low: number, high: number];
  readonly lines: readonly PrintedLine[];
  /** Places across that matter, as lines from top to bottom. */
  readonly marks?: readonly PrintedMark[];
}

export interface PrintedMark {
  readonly x: number;
  /** Beside its upper end. */
  readonly label: string;
  /** Colour of the line that it belongs to; that of the text unless said. */
  readonly style?: number;
}

/** Width and height of a chart with a legend of up to a dozen lines; a longer one makes it higher. */
const SIZE = { width: 640, height: 320, left: 56, right: 200, top: 32, bottom: 44 };
/** Told apart in print and by colour-blind readers by their dashes as well (colours: Okabe & Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];
const DASHES = ["", "7 4", "2 3", "9 3 2 3", "4 2", "12 6"];

/** The first dozen are all different. */
const styleOf = (place: number): { colour: string; dash: string } => ({
  colour: COLOURS[place % COLOURS.length],
  dash: DASHES[(place + Math.floor(place / COLOURS.length)) % DASHES.length],
});

/** A text inside XML or HTML; what XML cannot hold is made visible. */
export const escapeXml = (text: string): string =>
  visible(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** An axis: from a value to its place between `from` and `to`, and where its marks are. */
interface ChartAxis {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** The drawing, as wide as its place allows. Throws nothing: a figure without points is an empty frame. */
export const lineChart = (figure: PrintedFigure): string => draw(figure).svg;

function draw({ title, xLabel, yLabel, logarithmic = false, from, places, span, lines, marks = [] }: PrintedFigure): {
  height: number;
  svg: string;
} {
  const { width, left, right, top, bottom } = SIZE;
  const shown = lines.map((line, place) => ({
    ...line,
    ...styleOf(line.style ?? place),
    ...(line.neutral && { colour: "currentColor" }),
    points: line.points.filter(([x, y]) => (!logarithmic || y > 0) && (!span || (x >= span[0] && x <= span[1]))),
  }));
  const named = shown.filter(({ name }) => name !== undefined);
  const height = Math.max(SIZE.height, top + 20 * named.length);
  const points = shown.flatMap(({ points, band = [] }) => [
    ...points,
    ...band.flatMap(([x, low, high]) => [[x, low] as const, [x, high] as const]),
  ]);
  const across = places ? [...places.keys()] : points.map(([value]) => value);
  const x = axis(span ?? fromZero(across), false, left, width - right);
  const y = axis(
    logarithmic
      ? points.map(([, value]) => value)
      : fromZero(
          points.map(([, value]) => value),
          from,
        ),
    logarithmic,
    height - bottom,
    top,
  );
  const text = (at: string, content: string, anchor = "middle") =>
    `<text ${at} text-anchor="${anchor}">${escapeXml(content)}</text>`;
  const parts = [
    text(`x="${left}" y="18" font-weight="bold"`, title, "start"),
    ...y.ticks.flatMap((tick) => [
      `<line x1="${left}" x2="${width - right}" y1="${at(y.place(tick))}" y2="${at(y.place(tick))}" stroke="currentColor" stroke-opacity="0.15"/>`,
      text(`x="${left - 6}" y="${at(y.place(tick) + 4)}"`, label(tick), "end"),
    ]),
    ...(places
      ? places.map((name, place) => [place, name] as const)
      : x.ticks.map((tick) => [tick, label(tick)] as const)
    ).map(([place, name]) => text(`x="${at(x.place(place))}" y="${height - bottom + 16}"`, name)),
    ...shown.map(({ band = [], colour }) => {
      const outline = [...band.map(([a, , high]) => [a, high]), ...band.map(([a, low]) => [a, low]).reverse()];
      const corners = outline.map(([a, b]) => `${at(x.place(a))},${at(y.place(b))}`).join(" ");
      return band.length > 1 ? `<polygon points="${corners}" fill="${colour}" fill-opacity="0.12"/>` : "";
    }),
    ...marks
      .filter(({ x }) => !span || (x >= span[0] && x <= span[1]))
      .map((mark, i) => {
        const [across, colour] = [
          at(x.place(mark.x)),
          mark.style === undefined ? "currentColor" : styleOf(mark.style).colour,
        ];
        return (
          `<line x1="${across}" x2="${across}" y1="${top}" y2="${height - bottom}" stroke="${colour}" stroke-dasharray="2 2" stroke-opacity="0.7"/>` +
          text(`x="${at(x.place(mark.x) + 3)}" y="${top + 10 + 12 * (i % 4)}" fill="${colour}"`, mark.label, "start")
        );
      }),
    text(`x="${(left + width - right) / 2}" y="${height - 8}"`, xLabel),
    text(`transform="translate(14 ${(top + height - bottom) / 2}) rotate(-90)"`, yLabel),
    ...shown
      .toSorted((a, b) => Number(b.faint ?? false) - Number(a.faint ?? false))
      .map(({ points, faint, dotted, marked, ...style }) => {
        const dots = points.map(([a, b]) => dot(x.place(a), y.place(b), style.colour)).join("");
        if (dotted) return dots;
        const path = points.map(([a, b]) => `${at(x.place(a))},${at(y.place(b))}`).join(" ");
        return `<polyline points="${path}" fill="none" ${stroke(style)}${faint ? ' stroke-opacity="0.35"' : ""}/>${marked ? dots : ""}`;
      }),
    ...named.map(({ name, dotted, ...style }, i) => {
      const row = top + 8 + 20 * i;
      const from = width - right + 12;
      if (dotted) return dot(from + 13, row, style.colour) + text(`x="${from + 32}" y="${row + 4}"`, name!, "start");
      return (
        `<line x1="${from}" x2="${from + 26}" y1="${row}" y2="${row}" ${stroke(style)}/>` +
        text(`x="${from + 32}" y="${row + 4}"`, name!, "start")
      );
    }),
  ];
  return {
    height,
    svg:
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}" ` +
      `font-family="system-ui, sans-serif" font-size="11" fill="currentColor">${parts.join("")}</svg>`,
  };
}

/** Several charts one below the other, in one drawing. */
export function stackedCharts(figures: readonly PrintedFigure[]): string {
  let height = 0;
  const placed = figures.map((figure) => {
    const chart = draw(figure);
    const y = height;
    height += chart.height;
    return chart.svg.replace("<svg ", `<svg y="${y}" width="${SIZE.width}" height="${chart.height}" `);
  });
  // A drawing that is opened by itself has no colours of a page: black on white.
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE.width}" height="${height}" viewBox="0 0 ${SIZE.width} ${height}" color="#000">` +
    `<rect width="100%" height="100%" fill="#fff"/>${placed.join("")}</svg>`
  );
}

const fromZero = (values: readonly number[], from = 0): readonly number[] =>
  values.length === 0 ? [] : [from, ...values];
const dot = (x: number, y: number, colour: string): string =>
  `<circle cx="${at(x)}" cy="${at(y)}" r="2" fill="${colour}"/>`;
const stroke = ({ colour, dash }: ReturnType<typeof styleOf>): string =>
  `stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"`;
const at = (pixels: number): string => pixels.toFixed(1);
const label = (value: number): string => figure(value, 3);

function axis(values: readonly number[], logarithmic: boolean, from: number, to: number): ChartAxis {
  const scale = logarithmic ? Math.log10 : (value: number) => value;
  // Not by spreading: a long run has more values than a call takes arguments.
  const smallest = values.reduce((low, value) => Math.min(low, value), Infinity);
  const largest = values.reduce((high, value) => Math.max(high, value), -Infinity);
  const low = logarithmic ? Math.floor(scale(smallest)) : smallest;
  const high = logarithmic ? Math.ceil(scale(largest)) : largest;
  const span = high > low ? high - low : 1;
  const place = (value: number): number => from + ((scale(value) - low) / span) * (to - from);
  if (values.length === 0) return { place, ticks: [] };
  if (logarithmic) return { place, ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)) };
  // 1, 2 or 5 times a power of ten, about five of them.
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  const first = Math.ceil(low / step);
  return { place, ticks: Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step) };
}
