// A sweep's results as a line chart: a figure along an axis, or over another figure, with a line for each value of a second
// axis, over the other axes and over the restarts. Shares have bands, Wilson's 95 % interval.

import { wilson } from "../common/statistics.ts";
import { valueText } from "../describe/spec-fields.ts";
import { type PrintedFigure, type PrintedLine, stackedCharts } from "../reports/line-chart.ts";
import type { Outcome } from "./perform-sweep.ts";
import { type FigureOfResults, heatFigures, labelInText } from "./sweep-figures.ts";
import type { SweepChart } from "./view-data.ts";

/** "tokensRight-by-agreement-along-noise-and-blocks.svg": names of fields and figures are words, and no two charts share one. */
export const chartFile = ({ y, along, x, lines }: SweepChart): string =>
  `${[y, "by", ...(x === undefined ? [] : [x, "along"]), along, ...(lines === undefined ? [] : ["and", lines])].join("-")}.svg`;

/** The chart as a drawing. */
export const chartDrawing = (chart: SweepChart, outcomes: readonly Outcome[]): string =>
  stackedCharts([sweepChart(chart, outcomes)]);

/** Values of the axis stand at equal distances, as they do in a map; figures where they belong. */
export function sweepChart({ y, x, along, lines }: SweepChart, outcomes: readonly Outcome[]): PrintedFigure {
  const completed = outcomes.filter(({ status }) => status === "completed");
  const textOf = ({ cell }: Outcome, field: string | undefined): string =>
    field === undefined ? "" : valueText(cell.axes[field]);
  const values = (field: string | undefined) => [...new Set(completed.map((outcome) => textOf(outcome, field)))];
  const figures = heatFigures();
  const places = values(along);
  return {
    title: `${figures[y].label} by ${x === undefined ? along : labelInText(figures[x])}`,
    xLabel: x === undefined ? along : labelOf(figures[x]),
    yLabel: labelOf(figures[y]),
    ...(x === undefined && { places }),
    lines: values(lines).map((line): PrintedLine => {
      const points = places.flatMap((place, at) => {
        const here = completed.filter((each) => textOf(each, lines) === line && textOf(each, along) === place);
        const results = here.flatMap(({ restarts }) => restarts);
        const value = figures[y].of(results, here);
        const across = x === undefined ? at : figures[x].of(results, here);
        if (value === undefined || across === undefined) return [];
        const trials = figures[y].trials?.(results);
        return [{ across, value, ...(trials !== undefined && wilson(value * trials, trials)) }];
      });
      return {
        ...(lines !== undefined && { name: `${lines} ${line}` }),
        marked: true,
        points: points.map(({ across, value }) => [across, value]),
        band: points.flatMap(({ across, low, high }) =>
          low === undefined || high === undefined ? [] : [[across, low, high] as const],
        ),
      };
    }),
  };
}

const labelOf = (figure: FigureOfResults): string => {
  const units = { share: ", share", milliseconds: " (ms)" } as const;
  return labelInText(figure) + (figure.unit ? units[figure.unit] : "");
};
