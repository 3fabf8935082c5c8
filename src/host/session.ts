// Inversion Lab in one window of VS Code: the session's runs, their panel and their status, and what people can do.
// Loaded when it is first needed.

import * as vscode from "vscode";
import { LabError, messageOf } from "../common/errors.ts";
import { EngineClient } from "../engine/client.ts";
import type { RunEvent } from "../experiments/events.ts";
import { type ExperimentSpec, parseSpec, withPreset } from "../experiments/spec.ts";
import { readListing } from "../records/read-record.ts";
import { RANDOM } from "../checkpoints/generated/random-network.ts";
import { twinOf } from "../reproduction/twins.ts";
import { askForRun } from "./ask-for-run.ts";
import { Checkpoints } from "./checkpoints/checkpoints.ts";
import { RunPanel } from "./panel/run-panel.ts";
import type { RunInfo } from "../session/panel-messages.ts";
import type { Report } from "./error-reporter.ts";
import { requestProblems } from "../session/request-problems.ts";
import { watchSelection } from "./runs/recent-runs.ts";
import { RunActions } from "./runs/run-actions.ts";
import type { RunLibrary } from "../session/run-library.ts";
import type { RunNode } from "../session/run-nodes.ts";
import { RunLog } from "../session/run-log.ts";
import { proofFor } from "../describe/methods.ts";
import { isActive } from "../describe/run-state.ts";
import { MOST_COMPARED, Runs } from "../session/runs.ts";
import { selectedTexts, selectionOf } from "./selection.ts";
import { methodOf } from "../experiments/methods/table.ts";
import { requestFromSettings, sameThrough } from "../session/settings.ts";
import { cacheFolder, readSetting } from "./read-settings.ts";
import { showDevices } from "./show-devices.ts";
import { RunStatus } from "./status.ts";
import { SweepsPage } from "./sweeps/sweeps-page.ts";
import { messageText } from "../session/phrases.ts";
import type { RunExperiment } from "../experiments/run-experiment.ts";
import { requireTrust, requireTrustedCheckpoint } from "../session/trust.ts";

const MINI_BLOCKS = 4;

/** Where the workspace's memory holds the record that the panel shows. */
const SHOWN_KEY = "shownRecord";

export class Session implements vscode.Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #memory: vscode.Memento;
  readonly #log: vscode.LogOutputChannel;
  readonly #report: Report;
  readonly #runLog: RunLog;
  readonly #status = new RunStatus();
  readonly checkpoints: Checkpoints;
  readonly #runs: Runs;
  readonly sweeps: SweepsPage;
  readonly library: RunLibrary;
  readonly actions: RunActions;
  /** Has the focus or, while a page has it, had it last. */
  #lastEditor = vscode.window.activeTextEditor;
  readonly #disposables: vscode.Disposable[] = [];
  #panel: RunPanel | undefined;
  /** The run that commands are about when no panel shows one. */
  #latest: string | undefined;
  readonly #contexts = new Map<string, boolean>();

  constructor(
    context: Pick<vscode.ExtensionContext, "extensionUri" | "secrets" | "workspaceState">,
    log: vscode.LogOutputChannel,
    report: Report,
    library: RunLibrary,
  ) {
    const { extensionUri, secrets, workspaceState } = context;
    this.#extensionUri = extensionUri;
    this.#memory = workspaceState;
    this.#log = log;
    this.#runLog = new RunLog(log);
    this.#report = report;
    this.checkpoints = new Checkpoints({ extensionUri, secrets, report, cacheFolder });
    this.#runs = new Runs({
      cacheFolder,
      openEngine: async (cacheFolder) =>
        new EngineClient({
          modulePath: this.#program("engine.cjs"),
          cacheFolder,
          hubToken: (await this.checkpoints.hub()).token,
          // It writes only what is amiss.
          onLog: (line) => log.warn(`engine: ${line}`),
        }),
      onChange: (run, events) => this.#onChange(run, events),
      onFailure: (run, { message }) => this.#onFailure(run, message),
      now: Date.now,
    });
    this.sweeps = new SweepsPage({
      extensionUri,
      memory: workspaceState,
      run: this.#experiment,
      mayDownload: (name, sources) => this.checkpoints.mayDownload(name, sources),
      rootOf: (file) => vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file))?.uri.fsPath,
      cacheFolder,
      library,
      // Nobody looks on, and what stops at different iterations cannot be compared.
      request: () => ({ ...requestFromSettings(readSetting), stopWhenExact: undefined }),
      openRecord: (folder) => this.openRecord(folder),
      onChange: () => this.#updateStatus([]),
      report,
    });
    this.library = library;
    library.join(() => this.#runs.list);
    this.actions = new RunActions({
      runs: this.#runs,
      library: this.library,
      cacheFolder,
      start: (spec) => void this.#start(spec),
      shown: () => this.#shown?.id,
      lastEditor: () => this.#lastEditor,
      show: (id, preserveFocus) => this.#show(id, preserveFocus),
      openForm: (request) => this.#openForm(request),
      forgotten: (ids) => this.#forget(ids),
      report,
    });
    this.#disposables.push(
      vscode.window.onDidChangeActiveTextEditor((editor) => (this.#lastEditor = editor ?? this.#lastEditor)),
      watchSelection(this.library, (value) => this.#setContext("selectionHasRuns", value)),
    );
  }

  /** Sets the token for the hub; an engine that knows another one is not used again. */
  async setToken(): Promise<void> {
    await this.checkpoints.setToken();
    this.#runs.renewEngine();
  }

  showDevices(): Promise<void> {
    return showDevices({ cacheFolder: cacheFolder(), trialProgram: this.#program("device-trial.cjs") });
  }

  /** One run for each selection, or for the line of the cursor; several are compared. Throws a LabError (badInput). */
  runOnSelection(method: string): void {
    const prompts = selectedTexts(vscode.window.activeTextEditor);
    if (prompts.length > MOST_COMPARED) {
      throw new LabError(
        "badInput",
        vscode.l10n.t("{0} runs are too many to compare: choose {1} at most.", prompts.length, MOST_COMPARED),
      );
    }
    const settings = requestFromSettings(readSetting, method);
    const [first, ...rest] = prompts.flatMap((prompt) => this.#start({ ...settings, prompt }) ?? []);
    if (first === undefined || rest.length === 0) return;
    this.#runs.compare(
      first.id,
      rest.map(({ id }) => id),
    );
    this.#show(first.id, true);
  }

  /** Opens the form for an experiment with what the settings ask for and, where there is one, the selected text. */
  newExperiment(): void {
    const prompt = selectionOf(vscode.window.activeTextEditor) ?? "";
    this.#openForm({ ...requestFromSettings(readSetting), prompt });
  }

  /**
   * Inverts the selection twice, through a trained checkpoint and through the same shape with random weights, side by
   * side: the checkpoint of the settings or, where that is random, the one that comes with the extension.
   */
  compareRandomAndTrained(): void {
    const [prompt] = selectedTexts(vscode.window.activeTextEditor);
    const settings = requestFromSettings(readSetting);
    const { checkpoint: chosen = RANDOM, blocks: depth } = settings as { checkpoint?: string; blocks?: number };
    const source = chosen.startsWith(RANDOM) ? "mini" : chosen;
    const blocks = chosen.startsWith(RANDOM) ? Math.min(depth ?? 1, MINI_BLOCKS) : depth;
    const [random, trained] = [twinOf(source), source].map((checkpoint) =>
      this.#start({ ...settings, prompt, checkpoint, ...(blocks && { blocks }) }),
    );
    if (!random || !trained) return;
    this.#runs.compare(random.id, [trained.id]);
    this.#show(random.id, true);
  }

  /** Asks how, then inverts the selection; without a selection it asks for the text too. */
  async invertSelectionWithOptions(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const line = editor?.document.lineAt(editor.selection.active.line).text;
    const request = await askForRun(
      this.checkpoints,
      requestFromSettings(readSetting),
      editor?.selection.isEmpty === false ? selectedTexts(editor)[0] : undefined,
      line?.trim() ? line : undefined,
    );
    if (request) this.#start(request);
  }

  /** Stops the shown run or, if that is over, the one that is going on. */
  stop(): void {
    const run = this.#shown && isActive(this.#shown) ? this.#shown : this.#currentOrThrow();
    this.#runs.stop(run.id);
  }

  pause(): void {
    this.#runs.pause(this.#currentOrThrow().id);
  }

  resume(): void {
    this.#runs.resume(this.#currentOrThrow().id);
  }

  runAgain(): void {
    this.#repeat(this.#shownOrThrow().id);
  }

  async movePanel(): Promise<void> {
    this.#show(this.#shownOrThrow().id, false);
    await vscode.commands.executeCommand("workbench.action.moveEditorToNewWindow");
  }

  showPanel(): void {
    this.#show(this.#shownOrThrow().id, false);
  }

  /** Runs what a file asks for, the one in the active editor where none is named. */
  async runFile(file: unknown): Promise<void> {
    const { runExperimentFile } = await import("./experiment-files.ts");
    requireTrust(vscode.workspace.isTrusted);
    await runExperimentFile(file instanceof vscode.Uri ? file : undefined, {
      run: (spec) => void this.#start(spec),
      mayDownload: (name, sources) => this.checkpoints.mayDownload(name, sources),
      sweep: (file) => this.sweeps.begin(file),
    });
  }

  /** Recovers the text of a file of hidden states. Throws LabErrors. */
  async recoverFromStates(file: unknown): Promise<void> {
    const { requestOfStatesFile } = await import("./recover-states.ts");
    requireTrust(vscode.workspace.isTrusted);
    const uri = file instanceof vscode.Uri ? file : undefined;
    const request = await requestOfStatesFile(uri, this.checkpoints, requestFromSettings(readSetting));
    if (request) this.#start(request);
  }

  async newSweep(): Promise<void> {
    await this.sweeps.newSweep(selectionOf(vscode.window.activeTextEditor) ?? "");
  }

  /** Exports records: what a view names, else the shown run, or all of its comparison. Throws a LabError. */
  async export(argument: unknown, selected: unknown, comparison: boolean): Promise<void> {
    const named = (Array.isArray(selected) && selected.length > 0 ? selected : [argument]).flatMap(folderOf);
    await this.#export(named.length > 0 ? named : this.#foldersOf(this.#shownOrThrow(), comparison));
  }

  async reproduce(): Promise<void> {
    const { BUNDLED, reproduceClaims } = await import("./reproduce-claims.ts");
    const { blocks } = await this.checkpoints.configOf(BUNDLED);
    const trained = [{ source: BUNDLED, twin: twinOf(BUNDLED), blocks }];
    await reproduceClaims(this.#experiment, cacheFolder(), trained);
  }

  async restore(panel: vscode.WebviewPanel): Promise<void> {
    this.#adoptPanel(panel);
    const folder = this.#memory.get<string>(SHOWN_KEY);
    if (folder === undefined) return;
    try {
      await this.openRecord(folder);
    } catch (error) {
      this.#report(error);
    }
  }

  /** Opens a recorded run in the panel, and makes it one of the session's. Throws a LabError (storage). */
  async openRecord(folder: string, preserveFocus = true): Promise<void> {
    this.#show(this.#runs.adopt(await readListing(folder)).id, preserveFocus);
  }

  dispose(): void {
    this.#panel?.dispose();
    this.#status.dispose();
    this.checkpoints.dispose();
    this.sweeps.dispose();
    for (const each of this.#disposables) each.dispose();
    // The engine's end is asked for at once; a record that this leaves without a summary reads as interrupted.
    void this.#runs.dispose();
  }

  get active(): number {
    return this.#runs.list.filter(isActive).length;
  }

  readonly #experiment: RunExperiment = (spec, options) => {
    requireTrustedCheckpoint(vscode.workspace.isTrusted, spec);
    return this.#runs.experiment(spec, options);
  };

  #openForm(request: object): void {
    this.#reveal(false).openForm(request);
  }

  /** Shows another run where one is shown that is not there any more. */
  #forget(ids: readonly string[]): void {
    const last = this.#runs.list.at(-1)?.id;
    if (this.#latest !== undefined && ids.includes(this.#latest)) this.#setLatest(last);
    const shown = this.#panel?.shown;
    if (shown === undefined) return;
    const next = ids.includes(shown) ? last : shown;
    if (next === undefined) this.#panel?.dispose();
    else this.#panel?.show(next);
  }

  #program(name: string): string {
    return vscode.Uri.joinPath(this.#extensionUri, "dist", name).fsPath;
  }

  #currentOrThrow(): RunInfo {
    const { current } = this.#runs;
    if (current) return current;
    throw new LabError("badInput", "No run is going on.");
  }

  /** Throws a LabError where a run has no record yet. */
  #foldersOf(run: RunInfo, comparison: boolean): string[] {
    if (comparison && run.compared.length === 0) {
      throw new LabError(
        "badInput",
        vscode.l10n.t("The shown run is compared with none: choose Compare… in its panel."),
      );
    }
    const runs = comparison ? run.compared.map((id) => this.#runs.get(id)!) : [run];
    return runs.map(({ id, folder }) => {
      if (folder !== undefined) return folder;
      throw new LabError("badInput", vscode.l10n.t("Run {0} has no record yet: wait until it has begun.", id));
    });
  }

  async #export(folders: readonly string[]): Promise<void> {
    const { exportRecords } = await import("./panel/save-files.ts");
    await exportRecords(folders, (svg) => this.#rasterise(svg));
  }

  #rasterise(svg: string): Promise<Uint8Array> {
    return this.#reveal(true).rasterise(svg);
  }

  get #shown(): RunInfo | undefined {
    const id = this.#panel?.shown ?? this.#latest;
    return id === undefined ? undefined : this.#runs.get(id);
  }

  #shownOrThrow(): RunInfo {
    const run = this.#shown;
    if (run) return run;
    throw new LabError("badInput", "There is no run yet: select a text and choose Invert Selection.");
  }

  /** Begins a run and shows it; undefined where a setting will not do, which is then said. */
  #start(request: unknown): RunInfo | undefined {
    let spec: ExperimentSpec;
    try {
      spec = parseSpec(request);
    } catch (error) {
      // The text is no longer in question here: what does not pass is a setting.
      void vscode.window
        .showErrorMessage(messageText(messageOf(error)), vscode.l10n.t("Open Settings"))
        .then((answer) => {
          if (answer) void vscode.commands.executeCommand("workbench.action.openSettings", "inversionLab.");
        });
      return undefined;
    }
    try {
      requireTrustedCheckpoint(vscode.workspace.isTrusted, spec);
    } catch (error) {
      this.#report(error);
      return undefined;
    }
    const run = this.#runs.start(spec);
    this.#show(run.id, true);
    return run;
  }

  #repeat(id: string, preset?: string): void {
    const run = this.#runs.get(id);
    if (run) this.#start(preset === undefined ? run.spec : withPreset(run.spec, preset));
  }

  /** Proves the tokens behind the states that a run searched for, beside it. */
  #recoverExactly(id: string): void {
    const run = this.#runs.get(id);
    const proof = run && proofFor(run.spec);
    const proving = proof && this.#start(sameThrough(run.spec, proof));
    if (!proving) return;
    this.#runs.compare(run.id, [proving.id]);
    this.#show(proving.id, true);
  }

  #startSuggested(id: string, name: string): void {
    const run = this.#runs.get(id);
    const suggestion = run && methodOf(run.spec).suggestions?.find((each) => each.name === name);
    if (suggestion) this.#start({ ...run.spec, ...suggestion.change });
  }

  #show(id: string, preserveFocus: boolean): void {
    this.#setLatest(id);
    this.#reveal(preserveFocus).show(id);
  }

  #reveal(preserveFocus: boolean): RunPanel {
    this.#panel?.reveal(preserveFocus);
    return this.#panel ?? this.#adoptPanel(RunPanel.create(vscode.ViewColumn.Beside));
  }

  #setLatest(id: string | undefined): void {
    this.#setContext("hasRun", id !== undefined);
    this.#latest = id;
  }

  #adoptPanel(webviewPanel: vscode.WebviewPanel): RunPanel {
    this.#panel?.dispose();
    const panel: RunPanel = new RunPanel(
      webviewPanel,
      this.#extensionUri,
      this.#runs,
      {
        start: (request) => void this.#start(request),
        problemsOf: (request) => requestProblems(request, (source) => this.checkpoints.configOf(source)),
        compare: (id, beside) => this.#runs.compare(id, beside),
        shown: (id) => this.#remember(this.#runs.get(id)),
        stop: (id) => this.#runs.stop(id),
        pause: (id) => this.#runs.pause(id),
        resume: (id) => this.#runs.resume(id),
        runAgain: (id, preset) => this.#repeat(id, preset),
        recoverExactly: (id) => this.#recoverExactly(id),
        suggested: (id, name) => this.#startSuggested(id, name),
        saveFigure: ({ id, figure, format }) => {
          const prompt = this.#runs.get(id)?.spec.prompt ?? "";
          const saved = import("./panel/save-files.ts").then(({ saveFigure }) =>
            saveFigure(figure, prompt, format, (svg) => this.#rasterise(svg)),
          );
          saved.catch(this.#report);
        },
        export: (id, comparison) => {
          const run = this.#runs.get(id);
          if (run) this.#export(this.#foldersOf(run, comparison)).catch(this.#report);
        },
        showLog: () => this.#log.show(true),
        report: this.#report,
      },
      () => {
        if (this.#panel === panel) this.#panel = undefined;
      },
    );
    this.#panel = panel;
    return panel;
  }

  #onChange(run: RunInfo, events: readonly RunEvent[]): void {
    this.#runLog.tell(run, events);
    this.#panel?.update(run, events);
    if (run.id === this.#panel?.shown) this.#remember(run);
    this.library.tell(run, events);
    const { current } = this.#runs;
    this.#updateStatus(run.id === current?.id ? events : []);
    this.#setContext("running", current !== undefined);
    this.#setContext("canPause", current?.phase.kind === "running");
    this.#setContext("paused", current?.phase.kind === "pausing" || current?.phase.kind === "paused");
  }

  /**
   * The shown run's record, for the time after a restart of the window. Not as the page's own state, which VS Code writes
   * once a minute and at an orderly end.
   */
  #remember(run: RunInfo | undefined): void {
    if (run?.folder !== undefined && run.folder !== this.#memory.get(SHOWN_KEY)) {
      void this.#memory.update(SHOWN_KEY, run.folder);
    }
  }

  #setContext(name: "hasRun" | "selectionHasRuns" | "running" | "canPause" | "paused", value: boolean): void {
    if (this.#contexts.get(name) === value) return;
    this.#contexts.set(name, value);
    void vscode.commands.executeCommand("setContext", `inversionLab.${name}`, value);
  }

  /** The status bar tells of the run that goes on or, where there is none, of the sweep. */
  #updateStatus(events: readonly RunEvent[]): void {
    const { current } = this.#runs;
    const sweep = this.sweeps.current;
    if (current || !sweep) {
      const waiting = this.#runs.list.filter(({ phase }) => phase.kind === "waiting").length;
      this.#status.update(current, waiting, events);
    } else this.#status.showSweep(sweep);
  }

  /** The panel says why a run failed; when nobody can see it there, a message does. */
  #onFailure(run: RunInfo, reason: string): void {
    if (this.#panel?.visible && this.#panel.shown === run.id) return;
    void vscode.window.showErrorMessage(messageText(reason), vscode.l10n.t("Show Run")).then((answer) => {
      if (answer) this.#show(run.id, false);
    });
  }
}

/** What a view hands to a command: one of its rows, of a run with a record. */
const folderOf = (argument: unknown): string[] => {
  const folder = (argument as Partial<RunNode> | undefined)?.row?.folder;
  return folder === undefined ? [] : [folder];
};
