// The table that a benchmark prints, under a line that says on which machine it was measured.

import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

export interface Row {
  readonly work: string;
  readonly measured: string;
  readonly bar: string;
}

export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;

/** Prints a table in Markdown. */
export function printTable(condition: string, rows: readonly Row[]): void {
  const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, "../package.json"), "utf8")) as {
    version: string;
  };
  const gigabytes = (os.totalmem() / 2 ** 30).toFixed(0);
  console.log(`Inversion Lab ${version}, ${new Date().toISOString().slice(0, 10)}, ${condition}.`);
  console.log(
    `${os.cpus()[0].model}, ${os.cpus().length} cores, ${gigabytes} GB, ${os.platform()} ${os.arch()}, Node ${process.versions.node}.\n`,
  );
  console.log("| work | measured | bar |\n|---|---|---|");
  for (const { work, measured, bar } of rows) console.log(`| ${work} | ${measured} | ${bar} |`);
}
