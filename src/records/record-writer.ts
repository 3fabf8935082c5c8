// Who writes a record, so that a reader can tell a run that goes on from one whose writer is gone.

import { readFile } from "node:fs/promises";
import os from "node:os";
import { errorCode } from "../common/files.ts";

export interface Writer {
  readonly host: string;
  readonly pid: number;
  /** When the process began, as the kernel counts (Linux); empty where that is not told. */
  readonly began: string;
}

export const thisWriter = async (): Promise<Writer> => ({
  host: os.hostname(),
  pid: process.pid,
  began: (await beganOf(process.pid)) ?? "",
});

/**
 * Is the writer still there? It is when this machine has a process of its number that, on Linux, also began when the
 * writer did: numbers are given out again after a restart. A writer on another machine cannot be asked and counts as
 * gone; its run shows as interrupted until its summary is there.
 */
export async function isAlive({ host, pid, began }: Writer): Promise<boolean> {
  return host === os.hostname() && (await beganOf(pid)) === began;
}

/** When a process began; undefined when there is no such process. */
async function beganOf(pid: number): Promise<string | undefined> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== "EPERM") return undefined;
  }
  // proc(5): the 22nd field is the start time in clock ticks since boot; the 2nd may hold blanks and parentheses.
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
