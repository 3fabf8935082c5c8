// The view *Runs* of the side panel and the commands on its rows. Registered with the extension; what it shows is loaded
// when it is first looked at.

import * as vscode from "vscode";
import type { Session } from "../session.ts";
import type { Report } from "../error-reporter.ts";
import type { RunActions } from "./run-actions.ts";
import type { RunLibrary } from "../../session/run-library.ts";
import type { TreeNode } from "../../session/run-nodes.ts";
import type { RunsTree } from "./runs-tree.ts";

export class RunsView implements vscode.Disposable {
  readonly #session: () => Promise<Session>;
  readonly #library: () => Promise<RunLibrary>;
  readonly #report: Report;
  readonly #changed = new vscode.EventEmitter<TreeNode | TreeNode[] | undefined>();
  readonly #view: vscode.TreeView<TreeNode>;
  readonly #disposables: vscode.Disposable[];
  #tree: Promise<RunsTree> | undefined;

  /** The session is loaded when something is done, the library when something is looked at. */
  constructor(session: () => Promise<Session>, library: () => Promise<RunLibrary>, report: Report) {
    this.#session = session;
    this.#library = library;
    this.#report = report;
    this.#view = vscode.window.createTreeView<TreeNode>("inversionLab.runs", {
      treeDataProvider: {
        onDidChangeTreeData: this.#changed.event,
        getChildren: async (node) => (await this.#loaded()).getChildren(node),
        getTreeItem: async (node) => (await this.#loaded()).getTreeItem(node),
        resolveTreeItem: async (item, node) => (await this.#loaded()).resolveTreeItem(item, node),
        getParent: async (node) => (await this.#loaded()).getParent(node),
      },
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.#disposables = [this.#changed, this.#view, ...this.#commands()];
  }

  showActive(count: number): void {
    if ((this.#view.badge?.value ?? 0) === count) return;
    const tooltip = count === 1 ? vscode.l10n.t("1 run is going on") : vscode.l10n.t("{0} runs are going on", count);
    this.#view.badge = count === 0 ? undefined : { value: count, tooltip };
  }

  dispose(): void {
    for (const each of this.#disposables) each.dispose();
  }

  #loaded(): Promise<RunsTree> {
    return (this.#tree ??= this.#load().catch((error: unknown) => {
      this.#tree = undefined;
      this.#report(error);
      throw error;
    }));
  }

  async #load(): Promise<RunsTree> {
    const { RunsTree } = await import("./runs-tree.ts");
    const tree = new RunsTree(await this.#library());
    this.#disposables.push(
      tree,
      tree.onDidChangeTreeData((nodes) => this.#changed.fire(nodes)),
    );
    return tree;
  }

  #commands(): vscode.Disposable[] {
    const register = (name: string, act: (actions: RunActions, ...named: unknown[]) => void | Promise<void>) =>
      vscode.commands.registerCommand(`inversionLab.${name}`, async (...named: unknown[]) => {
        try {
          await act((await this.#session()).actions, ...named);
        } catch (error) {
          this.#report(error);
        }
      });
    /** An action on the rows that a menu or a link names, or else on the selected ones. */
    const command = (name: string, act: (actions: RunActions, runs: readonly unknown[]) => void | Promise<void>) =>
      register(`runs.${name}`, (actions, one, all) => {
        const several = Array.isArray(all) && all.length > 0 ? (all as unknown[]) : undefined;
        return act(actions, several ?? (one === undefined ? this.#view.selection : [one]));
      });
    return [
      // A menu of an editor names the document, which is no run.
      register("insertResult", (actions, named) => actions.insert(isRun(named) ? [named] : [])),
      register("recentRuns", (actions) => actions.recent()),
      command("open", (actions, runs) => actions.open(runs)),
      command("compare", (actions, runs) => actions.compare(runs)),
      command("pause", (actions, runs) => actions.pause(runs)),
      command("resume", (actions, runs) => actions.resume(runs)),
      command("stop", (actions, runs) => actions.stop(runs)),
      command("runAgain", (actions, runs) => actions.runAgain(runs)),
      command("duplicate", (actions, runs) => actions.duplicate(runs)),
      command("reveal", (actions, runs) => actions.reveal(runs)),
      command("copyPath", (actions, runs) => actions.copyPath(runs)),
      command("copyCommand", (actions, runs) => actions.copyCommand(runs)),
      command("delete", (actions, runs) => actions.delete(runs)),
      command("restore", (actions) => actions.restore()),
      command("refresh", (actions) => actions.refresh()),
    ];
  }
}

const isRun = (named: unknown): boolean =>
  typeof named === "object" && named !== null && ("row" in named || "folder" in named);
