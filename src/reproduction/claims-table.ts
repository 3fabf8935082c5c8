// The table of all claims, as Markdown and as one page of HTML that needs nothing beside itself.

import { html, Html, htmlLines, htmlPage } from "../reports/html-page.ts";
import { lineChart } from "../reports/line-chart.ts";
import { markdownCell, markdownCode, markdownText, markdownVerbatim } from "../reports/markdown.ts";
import type { Finding, Measurement } from "./claim.ts";

/** What a table says of itself. */
export interface ReportHead {
  /** The command that makes it again. */
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly version: string;
  /** Processor, number format, what else the times belong to. */
  readonly machine: string;
}

const VERDICTS = { holds: "holds", fails: "does not hold", notRun: "not run" } as const;
type VerdictName = keyof typeof VERDICTS;

const verdictOf = ({ verdict }: Finding): VerdictName =>
  verdict.kind === "notRun" ? "notRun" : verdict.holds ? "holds" : "fails";

/** What was measured; a claim that was not run has one line that says why. */
function rowsOf({ verdict }: Finding): readonly Measurement[] {
  if (verdict.kind === "judged") return verdict.measurements;
  return [{ condition: "–", seeds: "–", value: `not run: ${verdict.reason}`, records: [] }];
}

const seconds = (ms: number): string => (ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`);

/** "7 hold, 3 do not, 10 were not run" */
export function tally(findings: readonly Finding[]): string {
  const count = (name: VerdictName): number => findings.filter((finding) => verdictOf(finding) === name).length;
  const [holds, fails, notRun] = [count("holds"), count("fails"), count("notRun")];
  return `${holds} ${holds === 1 ? "holds" : "hold"}, ${fails} ${fails === 1 ? "does" : "do"} not, ${notRun} ${notRun === 1 ? "was" : "were"} not run`;
}

const HOW_TO_READ =
  "What a claim must show to hold was decided before the runs. Rates come with Wilson's 95 % interval, medians with that of " +
  "their order statistics (their range below six seeds). A claim that does not hold is a result; a descent that fails says " +
  "that this search did not find the input, never that the information is absent.";

export function markdown(findings: readonly Finding[], head: ReportHead): string {
  const lines = [
    "# The source's claims, run again",
    "",
    `Made by ${markdownVerbatim(head.command)} on ${markdownCell(`${head.createdAt.slice(0, 10)}, Inversion Lab ${head.version}, ${head.machine}`)}. ${tally(findings)}.`,
    "",
    HOW_TO_READ,
    "",
    "| claim | condition | seeds | expected | measured | verdict | time |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...findings.flatMap((finding) =>
      rowsOf(finding).map(({ condition, seeds, value }, i) => {
        const first = i === 0;
        const cells = [
          first ? `**${finding.id}** ${markdownCell(finding.statement)}` : "",
          markdownCell(condition),
          markdownCell(seeds),
          first ? markdownCell(finding.expected) : "",
          markdownCell(value),
          first ? VERDICTS[verdictOf(finding)] : "",
          first ? seconds(finding.elapsedMs) : "",
        ];
        return `| ${cells.join(" | ")} |`;
      }),
    ),
  ];
  const remarks = findings.flatMap(({ id, verdict }) =>
    verdict.kind === "judged" && verdict.remark ? [`- **${id}** ${markdownCell(verdict.remark)}`] : [],
  );
  if (remarks.length > 0) lines.push("", ...remarks);
  const samples = findings.flatMap(({ id, verdict }) =>
    verdict.kind === "judged" && verdict.samples?.length
      ? [`- **${id}** ${verdict.samples.map(markdownCode).join(", ")}`]
      : [],
  );
  if (samples.length > 0) lines.push("", "Decoded texts:", "", ...samples);
  const records = findings.flatMap((finding) =>
    rowsOf(finding)
      .filter(({ records }) => records.length > 0)
      .map(
        ({ condition, records }) =>
          `- **${finding.id}** ${markdownText(condition)}: ${records.map(markdownVerbatim).join(", ")}`,
      ),
  );
  if (records.length > 0) lines.push("", "The records behind the figures, a folder a run:", "", ...records);
  return `${lines.join("\n")}\n`;
}

export function page(findings: readonly Finding[], head: ReportHead): string {
  const links = findings.map(
    (finding) => html`<a href="#${finding.id}" class="${verdictOf(finding)}">${sign(finding)} ${finding.id}</a>`,
  );
  return htmlPage(
    "The source’s claims, run again",
    html`<p>
        ${tally(findings)}. Made by <code>${head.command}</code> on ${head.createdAt.slice(0, 10)}, Inversion Lab
        ${head.version}, ${head.machine}.
      </p>
      <p>${HOW_TO_READ}</p>
      <nav aria-label="Claims">${links.flatMap((link, i) => (i === 0 ? [link] : [" ", link]))}</nav>
      ${htmlLines(findings.map(section))}`,
    STYLE,
  );
}

const SIGNS: Readonly<Record<VerdictName, string>> = { holds: "✓", fails: "✗", notRun: "–" };
const sign = (finding: Finding): Html => html`<span aria-hidden="true">${SIGNS[verdictOf(finding)]}</span>`;

function section(finding: Finding): Html {
  const { id, statement, expected, verdict, elapsedMs } = finding;
  const name = verdictOf(finding);
  const judged = verdict.kind === "judged" ? verdict : undefined;
  const rows = rowsOf(finding).map(({ condition, seeds, value }) => {
    return html`<tr>
      ${[condition, seeds, value].map((text) => html`<td>${text}</td>`)}
    </tr>`;
  });
  const samples = (judged?.samples ?? []).map((text) => html`<li><code>${JSON.stringify(text)}</code></li>`);
  return html`<section id="${id}">
    <h2><span class="verdict ${name}">${sign(finding)} ${VERDICTS[name]}</span> ${id}</h2>
    <p>${statement}</p>
    <p class="expected">Holds when: ${expected}.</p>
    <table>
      <thead>
        <tr>
          <th>condition</th>
          <th>seeds</th>
          <th>measured</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
    ${recordsOf(finding)} ${judged?.remark ? html`<p>${judged.remark}</p>` : ""}
    ${judged?.figure ? html`<figure>${new Html(lineChart(judged.figure))}</figure>` : ""}
    ${
      samples.length > 0
        ? html`<details>
            <summary>Decoded texts</summary>
            <ul>
              ${samples}
            </ul>
          </details>`
        : ""
    }
    <p class="time">${seconds(elapsedMs)}</p>
  </section>`;
}

/** The records behind each row, folded away. */
function recordsOf(finding: Finding): Html {
  const rows = rowsOf(finding).filter(({ records }) => records.length > 0);
  if (rows.length === 0) return html``;
  const items = rows.map(({ condition, records }) => {
    const codes = records.map((record, i) => html`${i === 0 ? "" : ", "}<code>${record}</code>`);
    return html`<li>${condition}: ${codes}</li>`;
  });
  return html`<details>
    <summary>Records</summary>
    <ul>
      ${items}
    </ul>
  </details>`;
}

const STYLE = `
nav { display: flex; flex-wrap: wrap; gap: .4rem; }
nav a { padding: .1rem .5rem; border: 1px solid var(--line); border-radius: .3rem; color: inherit; text-decoration: none; }
.verdict { font-size: .8em; padding: .1em .5em; border: 1px solid; border-radius: .3em; }
.verdict.holds { color: light-dark(#1a7f37, #4ac26b); }
.verdict.fails { color: light-dark(#b35900, #f0a35e); }
.expected, .time { opacity: .75; }
`;
