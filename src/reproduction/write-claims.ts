// The findings as files: a page, a table, and the figures for other programs.

import path from "node:path";
import { writeAtomically } from "../common/files.ts";
import type { Finding } from "./run-claims.ts";
import { html, markdown, type ReportHead } from "./claims-table.ts";

/** Writes index.html, table.md and findings.json into the folder, each whole. Throws a LabError (storage). */
export async function writeReport(folder: string, findings: readonly Finding[], head: ReportHead): Promise<void> {
  const files = {
    "findings.json": `${JSON.stringify({ ...head, findings }, null, 1)}\n`,
    "table.md": markdown(findings, head),
    "index.html": html(findings, head),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeAtomically(path.join(folder, name), async (handle) => void (await handle.write(text)));
  }
}
