// Which process it was, and whether it is still there. Numbers are given out again, so the beginning tells of which process
// one is meant; and a process that ended but that nobody has waited for, as in a container whose first process reaps none,
// is gone.

import { readFileSync } from "node:fs";
import process from "node:process";

export interface ProcessId {
  readonly pid: number;
  /** When it began, in clock ticks since the system did (Linux); empty where that is not told. */
  readonly began: string;
}

export const thisProcess = (): ProcessId => ({ pid: process.pid, began: statOf(process.pid)?.began ?? "" });

/** Is it there, on this machine? An empty `began` stands for any process of the number. */
export function isRunning({ pid, began }: ProcessId): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const stat = statOf(pid);
  if (!stat) return true;
  return !["Z", "X", "x"].includes(stat.state) && (began === "" || began === stat.began);
}

/** What Linux tells of a process; proc(5). */
function statOf(pid: number): { readonly state: string; readonly began: string } | undefined {
  try {
    // The second field may hold blanks and parentheses; the state is the third, the beginning the 22nd.
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0], began: fields[19] };
  } catch {
    return undefined;
  }
}
