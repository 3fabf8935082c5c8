// The view *Runs* in the side panel. Registered with the extension; what it shows is loaded when it is first looked at.

import * as vscode from "vscode";
import type { Lab } from "./lab.ts";
import type { RunsTree, TreeNode } from "./runs-tree.ts";

export const RUNS_VIEW = "inversionLab.runs";

export function registerRunsView(lab: () => Promise<Lab>): vscode.Disposable {
  const changed = new vscode.EventEmitter<TreeNode | undefined>();
  const disposables: vscode.Disposable[] = [changed];
  let loaded: Promise<RunsTree> | undefined;
  const tree = () => (loaded ??= load());

  async function load(): Promise<RunsTree> {
    const { RunsTree } = await import("./runs-tree.ts");
    const tree = new RunsTree(await lab(), (node) => changed.fire(node));
    disposables.push(tree);
    return tree;
  }

  const view = vscode.window.createTreeView<TreeNode>(RUNS_VIEW, {
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getChildren: async (node) => (await tree()).getChildren(node),
      getTreeItem: async (node) => (await tree()).getTreeItem(node),
    },
    canSelectMany: true,
    showCollapseAll: true,
  });
  disposables.push(view);
  return new vscode.Disposable(() => {
    for (const each of disposables) each.dispose();
  });
}
