// The report of a reproduction as files: a page, a table, and the figures for other programs.

import path from "node:path";
import { writeWhole } from "../common/files.ts";
import { jsonText } from "../common/json-lines.ts";
import type { Finding, Scope } from "./claim.ts";
import { markdown, page, type ReportHead } from "./claims-table.ts";
import { LARGEST_TEXT, readPlainText } from "../common/plain-file.ts";

const FINDINGS = "findings.json";

/** findings.json */
interface ClaimsReport extends ReportHead {
  readonly scope: Scope;
  /** False while there is something to go on with. */
  readonly complete: boolean;
  readonly findings: readonly Finding[];
}

/** Writes index.html, table.md and findings.json into the folder, each whole. Throws a LabError (storage). */
export async function writeReport(folder: string, report: ClaimsReport): Promise<void> {
  const { findings } = report;
  const files = {
    [FINDINGS]: jsonText(report, 1),
    "table.md": markdown(findings, report),
    "index.html": page(findings, report),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeWhole(path.join(folder, name), text);
  }
}

/** The report in a folder, where it has one that can be read. */
export const readReport = (folder: string): Promise<ClaimsReport | undefined> =>
  readPlainText(path.join(folder, FINDINGS), LARGEST_TEXT)
    .then((text) => JSON.parse(text) as ClaimsReport)
    .catch(() => undefined);
