// What the view *Runs* shows: days, and the runs of each.

import * as vscode from "vscode";
import { runsFolder } from "../common/folders.ts";
import { RunIndex } from "../records/run-index.ts";
import type { Lab } from "./lab.ts";
import { byDay, type Day, dayName, rowLabel, type RunRow, runRows } from "./run-rows.ts";

export type TreeNode = Day | RunRow;

export class RunsTree implements vscode.Disposable {
  readonly #lab: Lab;
  readonly #index: RunIndex;

  constructor(lab: Lab, onChange: (node: TreeNode | undefined) => void) {
    this.#lab = lab;
    this.#index = new RunIndex(runsFolder(lab.cacheFolder), () => onChange(undefined));
    void this.#index.refresh();
  }

  getChildren(node: TreeNode | undefined): TreeNode[] {
    if (node) return "rows" in node ? [...node.rows] : [];
    return byDay(runRows(this.#index.list, this.#lab.runs));
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    if ("rows" in node) {
      const item = new vscode.TreeItem(dayName(node.start, Date.now()), vscode.TreeItemCollapsibleState.Expanded);
      return Object.assign(item, { id: `day:${node.start}` });
    }
    const item = new vscode.TreeItem(rowLabel(node));
    return Object.assign(item, {
      id: node.folder ?? `run:${node.id}`,
      command: { command: "inversionLab.openRun", title: "", arguments: [node] },
    });
  }

  dispose(): void {}
}
