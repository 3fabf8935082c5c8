// The rows of the Runs view as a tree of days that stays the same objects while its content changes, so that of many rows
// only those are drawn again that have changed.

import { midnight, type RunRow } from "./run-rows.ts";

export interface RunNode {
  readonly key: string;
  row: RunRow;
}

export interface DayNode {
  /** Midnight at its beginning, milliseconds since 1970. */
  readonly start: number;
  runs: readonly RunNode[];
}

export type TreeNode = DayNode | RunNode;

export const isDay = (node: TreeNode): node is DayNode => "runs" in node;

/** What is to be drawn again: everything, or these nodes, a day with all that is in it. */
export type Changes = "all" | readonly TreeNode[];

export class RunNodes {
  #runs = new Map<string, RunNode>();
  #days: readonly DayNode[] = [];

  get days(): readonly DayNode[] {
    return this.#days;
  }

  get(key: string): RunNode | undefined {
    return this.#runs.get(key);
  }

  dayOf(node: RunNode): DayNode | undefined {
    const start = midnight(node.row.createdAt);
    return this.#days.find((day) => day.start === start);
  }

  /** Takes in the rows as they are now, the newest first. */
  update(rows: readonly RunRow[]): Changes {
    const runs = new Map<string, RunNode>();
    const changed: TreeNode[] = [];
    const byDay = new Map<number, RunNode[]>();
    for (const row of rows) {
      const node = this.#nodeOf(row);
      runs.set(node.key, node);
      if (node.row !== row && !sameRow(node.row, row)) changed.push(node);
      node.row = row;
      const start = midnight(row.createdAt);
      const day = byDay.get(start);
      if (day) day.push(node);
      else byDay.set(start, [node]);
    }
    const before = new Map(this.#days.map((day) => [day.start, day]));
    const sameDays = before.size === byDay.size && this.#days.every(({ start }, i) => [...byDay.keys()][i] === start);
    this.#runs = runs;
    this.#days = [...byDay].map(([start, nodes]) => {
      const day = before.get(start) ?? { start, runs: [] };
      if (!sameNodes(day.runs, nodes)) changed.push(day);
      day.runs = nodes;
      return day;
    });
    return sameDays ? changed : "all";
  }

  /** A run of the session has its record later than its row, and is the same node all along. */
  #nodeOf(row: RunRow): RunNode {
    const ofRecord = row.folder === undefined ? undefined : this.#runs.get(row.folder);
    const ofSession = row.id === undefined ? undefined : this.#runs.get(`run ${row.id}`);
    return ofSession ?? ofRecord ?? { key: row.id === undefined ? row.folder! : `run ${row.id}`, row };
  }
}

const sameNodes = (a: readonly RunNode[], b: readonly RunNode[]): boolean =>
  a.length === b.length && a.every((node, i) => node === b[i]);

/** Are they drawn the same? Specs, results and progress are replaced, never changed. */
function sameRow(a: RunRow, b: RunRow): boolean {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof RunRow>;
  return [...fields].every((field) => a[field] === b[field]);
}
