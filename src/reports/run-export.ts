// Runs for other programs and for papers: what their records hold as CSV, JSON, Markdown, LaTeX, SVG and one page of HTML.
// Several runs are a comparison: what differs between them comes first.

import { subjectOf } from "../describe/spec-subject.ts";
import { type CsvValue, csv } from "./csv.ts";
import { html, Html, type HtmlContent, htmlLines, htmlPage } from "./html-page.ts";
import { type PrintedFigure, type PrintedLine, lineChart, stackedCharts } from "./line-chart.ts";
import { markdownCell, markdownCodeCell, markdownTable, markdownText, markdownVerbatim } from "./markdown.ts";
import type { Distances, RestartResult, RunEvent, StepEvent, WalkPoint } from "../experiments/events.ts";
import { jsonText } from "../common/json-lines.ts";
import { figure } from "../common/number-format.ts";
import { certaintyCounts } from "../describe/recovered-tokens.ts";
import { firstExactRestart, type FirstIterations, firstIterations } from "../describe/exact-when.ts";
import { endOf, startOf, stepsByRestart } from "../describe/run-events.ts";
import { cut } from "../describe/short-text.ts";
import { differences, valueText } from "../describe/spec-fields.ts";
import { tokensRight } from "../describe/tokens-right.ts";
import { latex } from "./latex.ts";
import { METHODS } from "../experiments/methods/table.ts";
import type { RecordedRun } from "../records/read-record.ts";

export const EXPORT_FORMATS = ["csv", "json", "md", "latex", "html", "svg"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The runs, at least one, as one text. */
export function exportRuns(runs: readonly RecordedRun[], format: ExportFormat): string {
  switch (format) {
    case "csv":
      return table(runs);
    case "json":
      return jsonText(runs.length === 1 ? runs[0] : { runs }, 1);
    case "md":
      return markdown(runs);
    case "latex":
      return latex(runs.map((run) => ({ run, title: titleOf(run, runs) })));
    case "html":
      return page(runs);
    case "svg":
      return stackedCharts(figures(runs));
  }
}

/** What the methods measure at a step beside the distances. */
const ownSeries = (): readonly string[] => [
  ...new Set(METHODS.flatMap(({ series }) => series.map(({ name }) => name))),
];

const COLUMNS = [
  "run",
  "kind",
  "restart",
  "iteration",
  "learningRate",
  "outputDistance",
  "inputDistance",
  "ratio",
  "text",
  "tokenIds",
  "tokensRight",
  "exact",
  "targetRanks",
  "certainty",
  "firstExactIteration",
];

/** A row a shown step and restart, and for walks a row a step between them; lists are numbers with blanks between. */
function table(runs: readonly RecordedRun[]): string {
  const differing = differences(runs.map(({ spec }) => spec));
  // A field may bear the name of a column: with a prefix the table's columns stay what they are.
  const series = ownSeries();
  const columns = [...differing.map(({ field }) => `spec.${field}`), ...COLUMNS, ...series];
  const rows = runs.flatMap((run, i) => {
    const parameters = differing.map(({ values }) => values[i] as CsvValue);
    return rowsOf(run, series).map((row) => [...parameters, run.id, ...row]);
  });
  return csv(columns, rows);
}

function rowsOf(run: RecordedRun, series: readonly string[]): CsvValue[][] {
  const { events } = run;
  const targetIds = startOf(events)?.target.tokenIds ?? [];
  const firsts = firstIterationsOfRun(run);
  const distances = ({ outputDistance, inputDistance, ratio }: Distances) => [outputDistance, inputDistance, ratio];
  const walked = (point: WalkPoint | StepEvent): CsvValue[] =>
    series.map((name) => {
      const value = (point as WalkPoint)[name] as readonly number[] | number | undefined;
      return typeof value === "object" ? value.join(" ") : value;
    });
  return events.flatMap((event) => {
    if (event.type !== "step") return [];
    const { restart, iteration, learningRate, text, tokenIds, targetRanks, certainty } = event;
    const right = tokensRight(tokenIds, targetIds);
    const own = event.walked?.find((point) => point.iteration === iteration);
    const between = (event.walked ?? []).filter((point) => point.iteration !== iteration);
    const decoded = [
      text,
      tokenIds.join(" "),
      right,
      right === targetIds.length,
      targetRanks.join(" "),
      certainty?.join(" "),
    ];
    return [
      ...between.map((point) => [
        "walk",
        restart,
        point.iteration,
        learningRate,
        ...distances(point),
        ...decoded.map(() => null),
        null,
        ...walked(point),
      ]),
      [
        "step",
        restart,
        iteration,
        learningRate,
        ...distances(event),
        ...decoded,
        firsts[restart]?.firstExactIteration,
        ...walked(own ?? event),
      ],
    ];
  });
}

/** Of each restart; nothing of a method that does not search iteration by iteration. */
function firstIterationsOfRun({ events }: Pick<RecordedRun, "events">): readonly FirstIterations[] {
  const start = startOf(events);
  return start ? firstIterations(start, stepsByRestart(events), endOf(events)) : [];
}

/** Of one run its prompt, of several what tells it from the others. */
function titleOf(run: RecordedRun, runs: readonly RecordedRun[]): string {
  const differing = differences(runs.map(({ spec }) => spec));
  const i = runs.indexOf(run);
  if (runs.length === 1) return JSON.stringify(subjectOf(run.spec));
  if (differing.length === 0) return run.id;
  return differing.map(({ field, values }) => `${field} ${valueText(values[i])}`).join(", ");
}

const resultHead = (results: readonly RestartResult[], firsts: readonly FirstIterations[]): string[] => [
  "restart",
  "iteration",
  "exact",
  ...(firsts.length > 0 ? ["first exact"] : []),
  "certainty",
  "output distance",
  "discrete distance",
  "input distance",
  ...(hasUtility(results) ? ["next-token agreement", "KL divergence"] : []),
  "text",
];

/** Of states that were protected. */
const hasUtility = (results: readonly RestartResult[]): boolean => results.some(({ utility }) => utility);

/** What each restart came to; empty for a run without an end. */
const resultsOf = ({ events }: RecordedRun): readonly RestartResult[] => endOf(events)?.restarts ?? [];

const resultCells = (result: RestartResult, firsts: readonly FirstIterations[]): string[] => [
  String(result.restart + 1),
  String(result.iteration),
  result.exact ? "yes" : "no",
  ...(firsts.length > 0 ? [valueText(firsts[result.restart]?.firstExactIteration ?? undefined)] : []),
  result.certainty ? certaintyCounts(result.certainty) : "–",
  figure(result.outputDistance),
  figure(result.discreteDistance),
  figure(result.inputDistance),
  ...(result.utility
    ? [result.utility.agreement, result.utility.kl].map((value) => (value === null ? "–" : figure(value)))
    : []),
];

function markdown(runs: readonly RecordedRun[]): string {
  const lines: string[] = [];
  if (runs.length > 1) {
    lines.push("# Comparison", "", ...markdownComparison(runs), "");
  }
  for (const run of runs) {
    lines.push(
      `${runs.length > 1 ? "##" : "#"} ${markdownText(titleOf(run, runs))}`,
      "",
      `Run ${markdownVerbatim(run.id)}, ${markdownCell(run.status)}. ${run.error ? markdownCell(run.error.message) : ""}`.trimEnd(),
      "",
      ...markdownTable(
        ["field", "value"],
        Object.entries(run.spec).map(([field, value]) => [markdownCell(field), markdownCell(valueText(value))]),
      ),
      "",
      ...iterationTable(run.events),
      "",
    );
    const results = resultsOf(run);
    if (results.length === 0) continue;
    const firsts = firstIterationsOfRun(run);
    const rows = results.map((result) => [...resultCells(result, firsts), markdownCodeCell(result.text)]);
    lines.push("Results:", "", ...markdownTable(resultHead(results, firsts), rows), "");
    if (firsts.length > 0)
      lines.push(`Iterations are decoded every ${run.spec.every}; first exact is the first of them.`, "");
  }
  return lines.join("\n");
}

/** The shown iterations as a table of Markdown, a row each. */
export const iterationTable = (events: readonly RunEvent[]): string[] =>
  markdownTable(
    ["restart", "iteration", "output distance", "input distance", "text"],
    events
      .filter((event) => event.type === "step")
      .map(({ restart, iteration, outputDistance, inputDistance, text }) => [
        String(restart + 1),
        String(iteration),
        figure(outputDistance),
        figure(inputDistance),
        markdownCodeCell(text),
      ]),
  );

/** What differs, and what came of each run: a row a run. */
function comparisonTable(runs: readonly RecordedRun[]): { readonly head: string[]; readonly rows: string[][] } {
  const differing = differences(runs.map(({ spec }) => spec));
  const firsts = runs.map(firstIterationsOfRun);
  const hasFirsts = firsts.some(({ length }) => length > 0);
  const head = [
    "run",
    ...differing.map(({ field }) => field),
    "status",
    "exact",
    ...(hasFirsts ? ["first exact iteration"] : []),
    "best output distance",
    "best text",
  ];
  const rows = runs.map((run, i) => {
    const results = resultsOf(run);
    const exact = results.filter((result) => result.exact).length;
    return [
      run.id,
      ...differing.map(({ values }) => valueText(values[i])),
      run.status,
      results.length > 0 ? `${exact} of ${results.length}` : "–",
      ...(hasFirsts ? [valueText(firstExactOf(firsts[i]))] : []),
      run.best ? figure(run.best.outputDistance) : "–",
      run.best ? JSON.stringify(run.best.text) : "–",
    ];
  });
  return { head, rows };
}

/** Of the restart that was exact first. */
const firstExactOf = (firsts: readonly FirstIterations[]): number | undefined => {
  const restart = firstExactRestart(firsts);
  return restart === undefined ? undefined : firsts[restart].firstExactIteration!;
};

function markdownComparison(runs: readonly RecordedRun[]): string[] {
  const { head, rows } = comparisonTable(runs);
  return markdownTable(
    head.map(markdownCell),
    rows.map((cells) => cells.map(markdownCell)),
  );
}

/** Distances over the iterations: a colour a run, restarts but the best faint; the shift test as a level line. */
function figures(runs: readonly RecordedRun[]): PrintedFigure[] {
  const overIterations = (
    title: string,
    yLabel: string,
    valueOf: (point: Distances) => number | null,
    level?: (run: RecordedRun) => number | undefined,
  ): PrintedFigure => ({
    title,
    xLabel: "iteration",
    yLabel,
    logarithmic: true,
    lines: runs.flatMap((run, style) => linesOf(run, runs, style, valueOf, level?.(run))),
    marks: runs.flatMap((run, style) => {
      const at = firstIterationsOfRun(run)[run.best?.restart ?? 0]?.firstExactIteration;
      const below = runs.length === 1 ? run.best?.beatsShiftAt : null;
      return [
        ...(typeof below === "number" ? [{ x: below, label: "σ" }] : []),
        ...(typeof at === "number" ? [{ x: at, label: "✓", ...(runs.length > 1 && { style }) }] : []),
      ];
    }),
  });
  return [
    overIterations(
      "Output distance; level line: noise threshold",
      `output distance${sharedMetric(runs)}`,
      ({ outputDistance }) => outputDistance,
      ({ events }) => startOf(events)?.shiftDistance,
    ),
    overIterations("Input distance", "input distance (L1)", ({ inputDistance }) => inputDistance),
    overIterations("Input distance / output distance", "ratio", ({ ratio }) => ratio),
  ];
}

function sharedMetric(runs: readonly RecordedRun[]): string {
  const metrics = new Set(runs.map(({ spec }) => spec.metric));
  return metrics.size === 1 ? ` (${[...metrics].join().replace(/^l/, "L")})` : "";
}

function linesOf(
  run: RecordedRun,
  runs: readonly RecordedRun[],
  style: number,
  valueOf: (point: Distances) => number | null,
  level: number | undefined,
): PrintedLine[] {
  const pointsOf = (steps: readonly StepEvent[]) =>
    steps
      .flatMap((step): readonly (Distances & { readonly iteration: number })[] => step.walked ?? [step])
      .map((point) => [point.iteration, valueOf(point)] as const)
      .filter((point): point is readonly [number, number] => point[1] !== null);
  const best = run.best?.restart ?? 0;
  const lines = stepsByRestart(run.events).flatMap((steps, restart): PrintedLine[] => [
    { points: pointsOf(steps), style, ...(restart === best ? { name: legend(run, runs) } : { faint: true }) },
  ]);
  if (level === undefined) return lines;
  return [
    ...lines,
    {
      points: [
        [0, level],
        [run.spec.iterations, level],
      ],
      style,
      ...(runs.length === 1 ? { neutral: true, name: "noise threshold" } : { faint: true }),
    },
  ];
}

/** What fits beside a chart. */
const legend = (run: RecordedRun, runs: readonly RecordedRun[]): string => cut(titleOf(run, runs), 28);

function page(runs: readonly RecordedRun[]): string {
  const title = runs.length === 1 ? `Inversion of ${titleOf(runs[0], runs)}` : `${runs.length} runs compared`;
  const comparison = comparisonTable(runs);
  const parts = [
    ...(runs.length > 1 ? [htmlTable(comparison.head, comparison.rows)] : []),
    ...figures(runs).map((figure) => html`<figure>${new Html(lineChart(figure))}</figure>`),
    html`<h2>Decoded iterations</h2>
      <p>Of the best restart; tokens that are the prompt’s are framed.</p>`,
    html`<div class="side">${runs.map((run) => decodedTable(run, titleOf(run, runs)))}</div>`,
    ...runs.flatMap((run) => {
      const results = resultsOf(run);
      const firsts = firstIterationsOfRun(run);
      const rows = results.map((result) => [...resultCells(result, firsts), html`<code>${result.text}</code>`]);
      return [
        html`<section><h2>${titleOf(run, runs)}</h2></section>`,
        html`<p>Run <code>${run.id}</code>, ${run.status}.${run.error ? ` ${run.error.message}` : ""}</p>`,
        ...(rows.length > 0 ? [htmlTable(resultHead(results, firsts), rows)] : []),
        html`<details><summary>Spec</summary></details>`,
        html`<pre><code>${htmlLines(JSON.stringify(run.spec, null, 2).split("\n"))}</code></pre></details></section>`,
      ];
    }),
  ];
  return htmlPage(title, htmlLines(parts), STYLE);
}

function htmlTable(head: readonly string[], rows: readonly (readonly HtmlContent[])[]): Html {
  const body = rows.map(
    (cells) =>
      html`<tr>
        ${cells.map((cell) => html`<td>${cell}</td>`)}
      </tr>`,
  );
  return html`<div class="wide">
    <table>
      <thead>
        <tr>
          ${head.map((text) => html`<th>${text}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${htmlLines(body)}
      </tbody>
    </table>
  </div>`;
}

function decodedTable(run: RecordedRun, title: string): Html {
  const target = startOf(run.events)?.target.tokenIds ?? [];
  const steps = stepsByRestart(run.events)[run.best?.restart ?? 0] ?? [];
  const rows = steps.map((step) => [
    step.iteration,
    figure(step.outputDistance),
    step.topK.map(([{ id, text }], position) =>
      id === target[position] ? html`<mark>${text}</mark>` : html`<span>${text}</span>`,
    ),
  ]);
  return html`<div>
    <h3>${title}</h3>
    ${htmlTable(["iteration", "output distance", "text"], rows)}
  </div>`;
}

const STYLE = `
.wide { overflow-x: auto; }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 0 2rem; }
.side td:last-child { white-space: pre-wrap; overflow-wrap: anywhere; }
mark { color: inherit; background: none; outline: 1px solid light-dark(#1a7f37, #4ac26b); border-radius: .15em; font-weight: 600; }
`;
