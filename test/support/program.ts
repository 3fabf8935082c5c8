// The built program as a process of its own.

import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";

export const CLI = path.join(import.meta.dirname, "../../dist/cli.cjs");

export interface Told {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export const start = (argv: readonly string[], options: SpawnOptions = {}): ChildProcess =>
  spawn(process.execPath, [CLI, ...argv], { stdio: ["ignore", "pipe", "pipe"], ...options });

/** What it tells, and with which code it ends; null for a signal. */
export async function told(child: ChildProcess): Promise<Told> {
  const [out, err, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, out, err };
}

export const run = (argv: readonly string[], options?: SpawnOptions): Promise<Told> => told(start(argv, options));
