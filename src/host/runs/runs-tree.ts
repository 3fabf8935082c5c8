// What the view *Runs* shows: days, and the runs of each. Follows the runs of the session and the records.

import * as vscode from "vscode";
import { readStart } from "../../records/read-record.ts";
import { type DayNode, isDay, RunNodes, type TreeNode } from "../../session/run-nodes.ts";
import type { RunLibrary } from "../../session/run-library.ts";
import {
  dayName,
  isActiveRow,
  midnight,
  rowDescription,
  rowIcon,
  rowLabel,
  rowTooltip,
  spokenRow,
} from "../../session/run-rows.ts";

/** At most so often is the view drawn: for runs that come, go or end, and for iterations. */
const DRAW_MS = { rows: 100, progress: 1000 } as const;

export class RunsTree implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  readonly #library: RunLibrary;
  readonly #nodes = new RunNodes();
  readonly #changed = new vscode.EventEmitter<TreeNode | TreeNode[] | undefined>();
  readonly #disposables: { dispose(): void }[] = [this.#changed];
  #due: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined;
  #today = midnight(Date.now());

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(library: RunLibrary) {
    this.#library = library;
    this.#disposables.push(library.onDidChange((what) => this.#drawWithin(DRAW_MS[what])));
    this.#nodes.update(library.rows);
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node) return isDay(node) ? [...node.runs] : [];
    await this.#library.begin();
    this.#nodes.update(this.#library.rows);
    return [...this.#nodes.days];
  }

  getParent(node: TreeNode): DayNode | undefined {
    return isDay(node) ? undefined : this.#nodes.dayOf(node);
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    if (isDay(node)) return this.#dayItem(node);
    const { key, row } = node;
    const { icon, color } = rowIcon(row);
    const item = new vscode.TreeItem(rowLabel(row));
    item.id = key;
    item.description = rowDescription(row);
    item.iconPath = new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
    item.accessibilityInformation = { label: spokenRow(row) };
    const ours = row.id === undefined ? [] : ["session"];
    const recorded = row.folder === undefined ? [] : ["recorded"];
    item.contextValue = ["run", row.state, isActiveRow(row) ? "going" : "over", ...ours, ...recorded].join(" ");
    item.command = { command: "inversionLab.runs.open", title: vscode.l10n.t("Open"), arguments: [node] };
    return item;
  }

  async resolveTreeItem(item: vscode.TreeItem, node: TreeNode): Promise<vscode.TreeItem> {
    if (isDay(node)) return item;
    const { folder } = node.row;
    const start = folder === undefined ? undefined : await readStart(folder).catch(() => undefined);
    item.tooltip = new vscode.MarkdownString(rowTooltip(node.row, start, vscode.env.language));
    return item;
  }

  dispose(): void {
    clearTimeout(this.#due?.timer);
    for (const each of this.#disposables) each.dispose();
  }

  #dayItem({ start, runs }: DayNode): vscode.TreeItem {
    const { Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
    const isRecent = start === this.#nodes.days[0]?.start || start >= midnight(this.#today - 1);
    const name = dayName(start, Date.now(), vscode.env.language);
    const item = new vscode.TreeItem(name, isRecent ? Expanded : Collapsed);
    item.id = `day ${start}`;
    item.description = String(runs.length);
    item.accessibilityInformation = {
      label: runs.length === 1 ? vscode.l10n.t("{0}, 1 run", name) : vscode.l10n.t("{0}, {1} runs", name, runs.length),
    };
    return item;
  }

  #drawWithin(ms: number): void {
    const at = performance.now() + ms;
    if (this.#due && this.#due.at <= at) return;
    clearTimeout(this.#due?.timer);
    this.#due = { at, timer: setTimeout(() => this.#draw(), ms) };
  }

  #draw(): void {
    this.#due = undefined;
    const changes = this.#nodes.update(this.#library.rows);
    const today = midnight(Date.now());
    if (changes === "all" || today !== this.#today) this.#changed.fire(undefined);
    else if (changes.length > 0) this.#changed.fire([...changes]);
    this.#today = today;
  }
}
