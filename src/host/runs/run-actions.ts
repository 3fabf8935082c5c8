// What can be done with runs that are listed somewhere: opened, compared, repeated, deleted and brought back.

import { subjectOf } from "../../describe/spec-subject.ts";
import path from "node:path";
import * as vscode from "vscode";
import { argumentsOf, shellLine } from "../../reports/command-line.ts";
import { LabError } from "../../common/errors.ts";
import { runsFolder } from "../../common/folders.ts";
import type { ExperimentSpec } from "../../experiments/spec.ts";
import { readListing } from "../../records/read-record.ts";
import { listTrash, moveToTrash, restore, sweepTrash, trashFolder } from "../../records/trash.ts";
import { shortCondition } from "../../describe/run-condition.ts";
import { stateName } from "../../describe/run-state.ts";
import { shorten } from "../../describe/short-text.ts";
import type { RunLibrary } from "../../session/run-library.ts";
import { isActiveRow, recordRow, type RunRow } from "../../session/run-rows.ts";
import type { Runs } from "../../session/runs.ts";
import { messageText } from "../../session/phrases.ts";

interface RunActionsDeps {
  readonly runs: Runs;
  readonly library: RunLibrary;
  /** Throws a LabError. */
  readonly cacheFolder: () => string;
  readonly start: (spec: ExperimentSpec) => void;
  /** The run that the panel shows, or showed last. */
  readonly shown: () => string | undefined;
  readonly lastEditor: () => vscode.TextEditor | undefined;
  readonly show: (id: string, preserveFocus: boolean) => void;
  readonly openForm: (request: object) => void;
  readonly forgotten: (ids: readonly string[]) => void;
  readonly report: (error: unknown) => void;
}

/** Each takes what a view, a menu or a link names a run by: something with a row, or with the folder of its record. */
export class RunActions {
  readonly #deps: RunActionsDeps;

  constructor(deps: RunActionsDeps) {
    this.#deps = deps;
  }

  async open(named: readonly unknown[]): Promise<void> {
    const [row] = await this.#rows(named);
    this.#deps.show(await this.#idOf(row), true);
  }

  async compare(named: readonly unknown[]): Promise<void> {
    const rows = await this.#rows(named);
    if (rows.length < 2) {
      throw new LabError("badInput", vscode.l10n.t("One run is selected: select two or more to compare them."));
    }
    const [first, ...others] = await Promise.all(rows.map((row) => this.#idOf(row)));
    this.#deps.runs.compare(first, others);
    this.#deps.show(first, false);
  }

  async insert(named: readonly unknown[]): Promise<void> {
    const editor = this.#deps.lastEditor();
    if (!editor) {
      throw new LabError("badInput", vscode.l10n.t("No document is open: put the cursor where the result is to go."));
    }
    const row = named.length > 0 ? (await this.#rows(named))[0] : await this.#rowToInsert(editor);
    if (!row) return;
    const { insertResult } = await import("./insert-result.ts");
    const { spec, state, best, folder } = row;
    const id = await this.#idOf(row);
    const name = folder === undefined ? id : path.basename(folder);
    const events = await this.#deps.runs.events(id);
    await insertResult({ id: name, status: stateName(state), spec, ...(best && { best }), events }, editor);
  }

  /** The newest run of a selected prompt, else the shown run, else one that is picked. */
  async #rowToInsert(editor: vscode.TextEditor): Promise<RunRow | undefined> {
    const { library } = this.#deps;
    const ofSelection = library.prompts.runsOf(editor.document.getText(editor.selection)).find(({ best }) => best);
    const shown = this.#deps.shown();
    const row = ofSelection ?? library.rows.find(({ id }) => id !== undefined && id === shown);
    if (row) return row;
    await library.load();
    const { pickRun } = await import("./recent-runs.ts");
    return pickRun(
      library.rows.filter(({ best }) => best),
      vscode.l10n.t("Insert Result"),
    );
  }

  async recent(): Promise<void> {
    const { pickRecentRun } = await import("./recent-runs.ts");
    const row = await pickRecentRun(this.#deps.library);
    if (row) this.#deps.show(await this.#idOf(row), true);
  }

  async pause(named: readonly unknown[]): Promise<void> {
    for (const { id } of await this.#rows(named)) if (id !== undefined) this.#deps.runs.pause(id);
  }

  async resume(named: readonly unknown[]): Promise<void> {
    for (const { id } of await this.#rows(named)) if (id !== undefined) this.#deps.runs.resume(id);
  }

  async stop(named: readonly unknown[]): Promise<void> {
    for (const { id } of await this.#rows(named)) if (id !== undefined) this.#deps.runs.stop(id);
  }

  async runAgain(named: readonly unknown[]): Promise<void> {
    // Listed are the newest first: begun in the order in which they were begun before.
    for (const { spec } of (await this.#rows(named)).toReversed()) this.#deps.start(spec);
  }

  async duplicate(named: readonly unknown[]): Promise<void> {
    const [{ spec }] = await this.#rows(named);
    this.#deps.openForm(spec);
  }

  async reveal(named: readonly unknown[]): Promise<void> {
    const [folder] = await this.#folders(named);
    await vscode.commands.executeCommand("revealFileInOS", vscode.Uri.file(folder));
  }

  async copyPath(named: readonly unknown[]): Promise<void> {
    await vscode.env.clipboard.writeText((await this.#folders(named)).join("\n"));
  }

  async copyCommand(named: readonly unknown[]): Promise<void> {
    const lines = (await this.#rows(named)).map(({ spec }) =>
      shellLine(["inversion-lab", ...argumentsOf(spec)], process.platform),
    );
    await vscode.env.clipboard.writeText(lines.join("\n"));
  }

  async delete(named: readonly unknown[]): Promise<void> {
    const rows = await this.#rows(named);
    const going = rows.find(isActiveRow);
    if (going) {
      throw new LabError(
        "badInput",
        vscode.l10n.t("“{0}” is not over: stop it, then delete it.", shorten(subjectOf(going.spec), 40)),
      );
    }
    const cache = this.#deps.cacheFolder();
    const folders = rows.flatMap(({ folder }) => (folder === undefined ? [] : [folder]));
    const batch = folders.length > 0 ? await moveToTrash(folders, trashFolder(cache), Date.now()) : undefined;
    const ids = rows.flatMap(({ id }) => (id === undefined ? [] : [id]));
    for (const id of ids) this.#deps.runs.forget(id);
    this.#deps.forgotten(ids);
    await this.#deps.library.refresh();
    void sweepTrash(trashFolder(cache), Date.now());
    if (batch !== undefined) void this.#offerUndo(batch, runsFolder(cache), rows).catch(this.#deps.report);
  }

  async restore(): Promise<void> {
    const cache = this.#deps.cacheFolder();
    const batches = await listTrash(trashFolder(cache));
    if (batches.length === 0) {
      void vscode.window.showInformationMessage(
        vscode.l10n.t("No run was deleted within the last 7 days, or all are back."),
      );
      return;
    }
    const picked = await vscode.window.showQuickPick(
      batches.map(({ folder, deletedAt, runs: [first, ...others] }) => ({
        label: shorten(subjectOf(first.spec), 60),
        description: others.length === 0 ? shortCondition(first.spec) : vscode.l10n.t("and {0} more", others.length),
        detail: vscode.l10n.t("deleted {0}", new Date(deletedAt).toLocaleString(vscode.env.language)),
        folder,
      })),
      { placeHolder: vscode.l10n.t("Which runs are to come back?"), matchOnDescription: true },
    );
    if (picked) await this.#restore(picked.folder, runsFolder(cache));
  }

  async refresh(): Promise<void> {
    await this.#deps.library.refresh();
  }

  async #offerUndo(batch: string, runs: string, [first, ...others]: readonly RunRow[]): Promise<void> {
    const undo = vscode.l10n.t("Undo");
    const prompt = shorten(subjectOf(first.spec), 40);
    const answer = await vscode.window.showInformationMessage(
      others.length === 0
        ? messageText(vscode.l10n.t("“{0}” was deleted.", prompt))
        : vscode.l10n.t("{0} runs were deleted.", others.length + 1),
      undo,
    );
    if (answer === undo) await this.#restore(batch, runs);
  }

  async #restore(batch: string, runs: string): Promise<void> {
    await restore(batch, runs);
    await this.#deps.library.refresh();
  }

  /** The run's name in the session; a record becomes one of its runs. */
  async #idOf({ id, folder }: RunRow): Promise<string> {
    return id ?? this.#deps.runs.adopt(await readListing(folder!)).id;
  }

  async #folders(named: readonly unknown[]): Promise<string[]> {
    const rows = await this.#rows(named);
    const folders = rows.flatMap(({ folder }) => (folder === undefined ? [] : [path.resolve(folder)]));
    if (folders.length > 0) return folders;
    throw new LabError("badInput", vscode.l10n.t("This run has no record: it ended before there was one."));
  }

  /** At least one. Throws a LabError. */
  async #rows(named: readonly unknown[]): Promise<RunRow[]> {
    const rows: RunRow[] = [];
    for (const each of named) {
      const { row, folder } = each as { readonly row?: RunRow; readonly folder?: unknown };
      if (row) rows.push(row);
      else if (typeof folder === "string") {
        rows.push(this.#deps.library.row(folder) ?? recordRow(await readListing(folder)));
      }
    }
    if (rows.length > 0) return rows;
    throw new LabError("badInput", vscode.l10n.t("No run is selected: select one in the view Runs."));
  }
}
