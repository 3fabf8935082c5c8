// The table that a benchmark prints, under a line that says on which machine it was measured.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

export interface Row {
  readonly work: string;
  readonly measured: string;
  readonly bar: string;
  /** The numbers themselves: milliseconds by device, a ratio, bytes. */
  readonly values?: Readonly<Record<string, number>>;
}

export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;

/** The machine, as a figure needs it. */
const machine = (): Record<string, string | number> => ({
  processor: os.cpus()[0].model.trim(),
  cores: os.cpus().length,
  memoryGB: Math.round(os.totalmem() / 2 ** 30),
  system: `${os.platform()} ${os.arch()}`,
  node: process.versions.node,
  /** Of the system when the measurement ended: more than 1 here means that others were at work. */
  load: Math.round(10 * os.loadavg()[1]) / 10,
});

/**
 * Prints a table in Markdown; with a file name (without its ending), writes it as `.md` and `.json` too. The load that
 * others put on the machine stands above it.
 */
export function printTable(condition: string, rows: readonly Row[], file?: string): void {
  const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, "../package.json"), "utf8")) as {
    version: string;
  };
  const date = new Date().toISOString().slice(0, 10);
  const { processor, cores, memoryGB, system, node, load } = machine();
  const text = [
    `Inversion Lab ${version}, ${date}, ${condition}.`,
    `${processor}, ${cores} cores, ${memoryGB} GB, ${system}, Node ${node}, load over five minutes ${load}.`,
    "",
    "| work | measured | bar |",
    "| --- | --- | --- |",
    ...rows.map(({ work, measured, bar }) => `| ${work} | ${measured} | ${bar} |`),
  ].join("\n");
  console.log(text);
  if (file === undefined) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.md`, `${text}\n`);
  writeFileSync(`${file}.json`, `${JSON.stringify({ version, date, condition, machine: machine(), rows }, null, 2)}\n`);
}
