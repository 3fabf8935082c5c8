// What leaves the program stays text, whatever a record or a prompt holds.

import assert from "node:assert/strict";
import { jsonText } from "../../src/common/json-lines.ts";
import type { RunEvent } from "../../src/experiments/events.ts";
import type { RecordedRun } from "../../src/records/read-record.ts";
import { csv } from "../../src/reports/csv.ts";
import { decodedText } from "../../src/reports/decoded-text.ts";
import { html, htmlPage } from "../../src/reports/html-page.ts";
import { markdownCell, markdownCode, markdownText, markdownVerbatim } from "../../src/reports/markdown.ts";
import { EXPORT_FORMATS, type ExportFormat, exportRuns } from "../../src/reports/run-export.ts";
import { messageText } from "../../src/session/phrases.ts";
import { cellOfSpec } from "../../src/sweeps/sweep-files.ts";
import { resultsCsv, resultsMarkdown } from "../../src/sweeps/sweep-results.ts";
import { endEvent, spec, startEvent, stepEvent } from "../support/run-events.ts";

const PROMPTS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  '"><svg/onload=alert(1)>',
  "</title><h1>x",
  "--></style><b>",
  "&lt;b&gt;&amp;&#60;",
  "[link](command:workbench.action.terminal.new)",
  "![image](https://example.org/x.png)",
  "<https://example.org>",
  "https://example.org www.example.org someone@example.org",
  "[x]: https://example.org",
  "| a | b |\n| --- | --- |",
  "# head\n- item\n1. one\n> quote",
  "```\ncode\n``` `a` ``b``",
  "*a* **b** _c_ ~~d~~ $e$ \\* $(alert)",
  '=HYPERLINK("https://example.org","x")',
  "+1+cmd|' /C calc'!A0",
  "\u001b[31mred\u001b[0m\u0007 \u009b31m \u0085",
  "a\u202eb\u2066c\u200fd\u2028e\u2029f\u0000\ufeff",
  "\\end{aligned}\\] \\input{/etc/passwd} % $x$ ^^4d\n\\write18{x}",
];

/** A record whose every text is the prompt: as it is read, names of folders and errors among them. */
function hostileRun(prompt: string): RecordedRun {
  const of = { ...spec({ prompt }), checkpoint: prompt, vocabulary: prompt };
  const start = startEvent(of);
  const step = stepEvent(5, 1, { text: prompt });
  const token = { id: 1, text: prompt, score: 1 };
  const events: RunEvent[] = [
    { ...start, device: prompt, target: { ...start.target, text: prompt, tokens: [prompt] } },
    { ...step, topK: [[token]] },
    endEvent([step]),
  ];
  const end = events[2] as ReturnType<typeof endEvent>;
  return {
    ...{ id: prompt, folder: prompt, spec: of, createdAt: "2026-01-01T00:00:00.000Z", elapsedMs: 1 },
    ...{ status: "failed", error: { kind: "engine", message: `${prompt}.` }, best: end.best, events },
  };
}

/** Controls and separators beside the newline; with formats, among them the bidirectional ones. */
const CONTROLS = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}]/u;
const INVISIBLE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const MARKUP = /<(?:script|img|iframe|a |b>|svg\/)|<h1>x/i;

/** What would act in a reader of the format. */
const ACTS: Readonly<Record<ExportFormat, readonly RegExp[]>> = {
  html: [INVISIBLE, MARKUP],
  svg: [INVISIBLE, MARKUP],
  json: [CONTROLS],
  md: [INVISIBLE],
  csv: [/(?:^|,)"?[=+@]/m],
  latex: [INVISIBLE],
};

function staysText(text: string, format: ExportFormat): void {
  for (const acting of ACTS[format]) {
    const found = acting.exec(text);
    assert.equal(found && text.slice(Math.max(0, found.index - 40), found.index + 60), null);
  }
  if (format !== "md") return;
  for (const line of text.split("\n").filter((line) => !line.startsWith("| ---"))) {
    const cells = withoutCode(line).replace(/^- |(?<!\\)\|/g, "");
    assert.doesNotMatch(cells, ACTS_IN_MARKDOWN);
  }
}

/** A line of Markdown without its code, in which nothing acts. */
const withoutCode = (line: string): string => line.replace(/(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)/g, "");

/** Marks, HTML and addresses that act in a line of Markdown. */
const ACTS_IN_MARKDOWN = /(?<!\\)(?:\\\\)*(?:[[\]<*_~$@`]|&(?=[#\w])|:\/\/|\.(?=example))|^\s*(?:>|\d+\.\s|\+\s)/;

describe("a text that would act", () => {
  PROMPTS.forEach((prompt, i) => {
    const run = hostileRun(prompt);

    for (const format of EXPORT_FORMATS)
      it(`is a text in ${format}: number ${i}, ${JSON.stringify(prompt).slice(0, 30)}`, () => {
        const others = [hostileRun(`${prompt} `), { ...run, spec: { ...run.spec, blocks: 7 } }];
        for (const text of [exportRuns([run], format), exportRuns([run, ...others], format)]) {
          staysText(text, format);
          if (format === "json") assert.equal((JSON.parse(text) as { id?: string }).id ?? prompt, prompt);
        }
      });

    it(`is a text in a sweep's tables and in a document: number ${i}`, () => {
      const { name, spec, axes } = cellOfSpec(run.spec);
      const cell = { name, spec, axes: { ...axes, prompt, checkpoint: prompt } };
      const outcome = {
        ...{ cell, folder: prompt, status: "failed" as const, elapsedMs: 1, restarts: [run.best!] },
        error: run.error!,
      };
      staysText(resultsCsv([outcome, { ...outcome, restarts: [] }] as never), "csv");
      staysText(resultsMarkdown([outcome] as never), "md");
      staysText(decodedText(run, "table")!, "md");
      for (const form of ["lines", "latex"] as const) staysText(decodedText(run, form)!, "latex");
    });

    it(`is no link in a message: number ${i}`, () => {
      assert.doesNotMatch(messageText(prompt), /\]\(/);
      assert.doesNotMatch(messageText(prompt), INVISIBLE);
    });
  });

  it("is escaped in HTML by whoever forgets to think of it", () => {
    const inner = html`<b title="${'"'}">${["<i>", 1, html`<u>${"&"}</u>`]}</b>`;
    assert.equal(inner.text, '<b title="&#34;">&#60;i&#62;1<u>&#38;</u></b>');
    assert.match(htmlPage("</title>", inner), /<title>&#60;\/title&#62;<\/title>/);
  });

  it("stays readable in Markdown where nothing acts", () => {
    const plain = "gpt2-medium, η = 0.01 (L1): 12 of 12; the sky is blue. 95 % – r = 3.5!";
    assert.equal(markdownText(plain), plain);
    assert.equal(markdownCell("- a # b"), "- a # b");
    assert.equal(markdownText("- a # b"), "\\- a # b");
    assert.equal(markdownText("12. a"), "12\\. a");
    assert.equal(markdownVerbatim("a`b"), "``a`b``");
    assert.equal(markdownVerbatim("`"), "`` ` ``");
    assert.equal(markdownCode("a"), '`"a"`');
  });

  it("is computed by no spreadsheet, and numbers stay numbers", () => {
    const rows = [["=1+1", "+1", "-1", "@x", " =1", "\t=1", "\uff1d1", "a=1", "-", -1, 1e-3, "a;=1"]];
    assert.equal(csv(["x"], rows), `x\n'=1+1,'+1,'-1,'@x,' =1,"'\t=1",'\uff1d1,a=1,'-,-1,0.001,"a;=1"\n`);
  });

  it("is escaped in JSON where a program would break a line at it", () => {
    const value = { "\u2028": "\u0085\u009b\u007f\u2029" };
    assert.equal(jsonText(value), '{"\\u2028":"\\u0085\\u009b\\u007f\\u2029"}\n');
    assert.deepEqual(JSON.parse(jsonText(value, 1)), value);
  });
});
