// What opens a record that somebody else has written, and whether it does so or refuses in one sentence.

import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import path from "node:path";
import { LabError } from "../../src/common/errors.ts";
import { followRun } from "../../src/records/follow-record.ts";
import { readEnd, readListing, readRun, readStart } from "../../src/records/read-record.ts";
import { DECODED_FORMS, decodedText } from "../../src/reports/decoded-text.ts";
import { EXPORT_FORMATS, exportRuns } from "../../src/reports/run-export.ts";

const FIXTURES = path.join(import.meta.dirname, "../fixtures/0.1");
export const FILES = ["spec.json", "events.jsonl", "summary.json"] as const;

export async function follow(folder: string): Promise<void> {
  const stop = new AbortController();
  for await (const { ended } of followRun(folder, stop.signal)) if (ended) stop.abort();
}

export const CALLS: Readonly<Record<string, (folder: string) => Promise<unknown>>> = {
  readListing,
  readStart,
  readEnd,
  follow,
  readRun,
  ...Object.fromEntries(
    EXPORT_FORMATS.map((format) => [format, async (folder: string) => exportRuns([await readRun(folder)], format)]),
  ),
  ...Object.fromEntries(
    DECODED_FORMS.map((form) => [
      `decoded ${form}`,
      async (folder: string) => {
        const run = await readRun(folder);
        return decodedText({ ...run, status: run.status }, form);
      },
    ]),
  ),
};

/** Resolves to how many of the calls refused the record. */
export async function refusals(folder: string, what: string): Promise<number> {
  let refused = 0;
  for (const [name, call] of Object.entries(CALLS)) {
    try {
      await call(folder);
    } catch (error) {
      assert(error instanceof LabError && error.kind === "storage", `${name} of ${what}: ${String(error)}`);
      assert.match(error.message, /^[^\n]+\.$/, `${name} of ${what}`);
      refused++;
    }
  }
  return refused;
}

/** A record of version 0.1 in a folder of its own. */
export async function copiedRecord(name: string, folder: string): Promise<string> {
  const copy = path.join(folder, "record");
  await cp(path.join(FIXTURES, name), copy, { recursive: true });
  return copy;
}
