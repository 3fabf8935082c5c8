// A short stretch of a line, drawn as in the plots.

import type { Line } from "./figures.ts";

const SVG = "http://www.w3.org/2000/svg";

export function swatch({ colour, dash }: Pick<Line, "colour" | "dash">): SVGElement {
  const drawing = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "line");
  for (const [name, value] of Object.entries({ "class": `swatch ${colour}`, "aria-hidden": "true" })) {
    drawing.setAttribute(name, value);
  }
  for (const [name, value] of Object.entries({
    "x2": "100%",
    "y1": "1",
    "y2": "1",
    "stroke-dasharray": dash.join(" "),
  })) {
    line.setAttribute(name, value);
  }
  drawing.append(line);
  return drawing;
}
