// A heat map as an SVG text, in the manner of line-chart.ts: black on white, from white to one blue, the value in each place.

import { cut } from "../describe/short-text.ts";
import { escapeXml } from "./line-chart.ts";

/** What a map shows. */
export interface HeatChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  /** [row][column]; null where there is nothing. `strength` is 0…1. */
  readonly places: readonly (readonly ({ readonly text: string; readonly strength: number } | null)[])[];
  /** What the colours mean. */
  readonly legend: string;
  /** What the weakest and the strongest colour stand for. */
  readonly ends?: readonly [string, string];
}

/** Pixels of a place, of what is around the map, and of a character by estimate. */
const PLACE = { width: 44, height: 26 };
const TOP = 56;
const BOTTOM = 58;
const CHARACTER = 6.2;
/** Longer names are cut. */
const LONGEST = 28;
const BLUE = [0, 114, 178] as const;
/** From this strength on white has the better contrast; black has 4.5 and more up to here. */
const DARK = 0.93;

/** The drawing. Throws nothing: a map without places is an empty frame. */
export function heatChart({ title, xLabel, yLabel, columns, rows, places, legend, ends }: HeatChart): string {
  const names = rows.map((row) => cut(row, LONGEST));
  const left = 30 + CHARACTER * Math.max(1, ...names.map((name) => Array.from(name).length));
  const heads = columns.map((column) => cut(column, LONGEST));
  const placeWidth = Math.max(PLACE.width, ...heads.map((head) => CHARACTER * Array.from(head).length + 8));
  const width = Math.max(left + placeWidth * columns.length + 12, left + 260);
  const mapBottom = TOP + PLACE.height * rows.length;
  const height = mapBottom + BOTTOM;
  const text = (x: number, y: number, content: string, more = "") =>
    `<text x="${at(x)}" y="${at(y)}" ${more}>${escapeXml(content)}</text>`;
  const middle = 'text-anchor="middle"';
  const parts = [
    text(left, 18, title, 'font-weight="bold"'),
    text(left + (placeWidth * columns.length) / 2, 34, xLabel, middle),
    `<text transform="translate(14 ${at((TOP + mapBottom) / 2)}) rotate(-90)" ${middle}>${escapeXml(yLabel)}</text>`,
    ...heads.map((head, column) => text(left + placeWidth * (column + 0.5), TOP - 6, head, middle)),
    ...names.map((name, row) => text(left - 6, TOP + PLACE.height * (row + 0.5) + 4, name, 'text-anchor="end"')),
    ...places.flatMap((line, row) =>
      line.flatMap((place, column) => {
        if (!place) return [];
        const [x, y] = [left + placeWidth * column, TOP + PLACE.height * row];
        const ink = place.strength > DARK ? "#fff" : "#000";
        return [
          `<rect x="${at(x + 1)}" y="${y + 1}" width="${at(placeWidth - 2)}" height="${PLACE.height - 2}" fill="${colourOf(place.strength)}" stroke="#999" stroke-width="0.5"/>`,
          text(x + placeWidth / 2, y + PLACE.height / 2 + 4, place.text, `${middle} fill="${ink}"`),
        ];
      }),
    ),
    ...(ends
      ? [
          ...Array.from(
            { length: 10 },
            (_, i) =>
              `<rect x="${at(left + 60 + 12 * i)}" y="${mapBottom + 14}" width="12" height="10" fill="${colourOf((i + 0.5) / 10)}"/>`,
          ),
          text(left + 54, mapBottom + 23, ends[0], 'text-anchor="end"'),
          text(left + 186, mapBottom + 23, ends[1]),
        ]
      : []),
    text(left, mapBottom + 44, legend),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${at(width)}" height="${height}" viewBox="0 0 ${at(width)} ${height}" role="img" aria-label="${escapeXml(title)}" ` +
    `font-family="system-ui, sans-serif" font-size="11" fill="#000"><rect width="100%" height="100%" fill="#fff"/>${parts.join("")}</svg>`
  );
}

const at = (pixels: number): string => String(Number(pixels.toFixed(1)));

const colourOf = (strength: number): string =>
  `rgb(${BLUE.map((part) => Math.round(255 + (part - 255) * (0.04 + 0.96 * strength))).join(",")})`;
