// What the view *Sweeps* shows, and what people do there: sweeps are built in a form, carried out, and shown as a map that
// fills while they go on.

import path from "node:path";
import * as vscode from "vscode";
import { NAMED_SOURCES } from "../../checkpoints/config.ts";
import { LabError } from "../../common/errors.ts";
import type { RunExperiment } from "../../experiments/run-experiment.ts";
import { parseSpec, specSchemas } from "../../experiments/spec.ts";
import { checkSweep, draftOf, fileOf, nameFor, sweepOf, withCharts } from "../../sweeps/sweep-draft.ts";
import type { TimedRun } from "../../sweeps/estimate.ts";
import { createSweepFile, SWEEP_ENDING } from "../../sweeps/sweep-files.ts";
import { readySweeps } from "../../sweeps/ready-sweeps.ts";
import { heatFigures } from "../../sweeps/sweep-figures.ts";
import { defaultChoice, heatMapDrawing } from "../../sweeps/sweep-map.ts";
import { RESULTS_MARKDOWN } from "../../sweeps/sweep-results.ts";
import type { HeatChoice, SweepChart, SweepDraft } from "../../sweeps/view-data.ts";
import type { RunLibrary } from "../../session/run-library.ts";
import { isGoingOn } from "../../describe/sweep-state.ts";
import { type StoredSweep, Sweeps } from "../../session/sweep-list.ts";
import type {
  FigureInfo,
  FromSweepsPage,
  SweepFormData,
  SweepInfo,
  ToSweepsPage,
} from "../../session/sweeps-messages.ts";
import { SWEEPS_KEY, SWEEPS_VIEW } from "./sweeps-view.ts";
import { fillWebview } from "../fill-webview.ts";
import { sweepsMessage } from "../../session/page-schemas.ts";
import { requireTrust } from "../../session/trust.ts";
import { messageText } from "../../session/phrases.ts";

const RECENT = 40;
/** How often the page is told of progress, in milliseconds. */
const PERIOD_MS = 100;

interface SweepsPageOptions {
  readonly extensionUri: vscode.Uri;
  readonly memory: vscode.Memento;
  readonly run: RunExperiment;
  /** Asks where a file's weights are to be downloaded first. */
  readonly mayDownload: (file: string, sources: readonly string[]) => Promise<boolean>;
  /** The workspace's folder that holds a file. */
  readonly rootOf: (file: string) => string | undefined;
  /** Where weights and records are kept. Throws a LabError (badInput). */
  readonly cacheFolder: () => string;
  readonly library: Pick<RunLibrary, "begin" | "rows">;
  readonly request: () => Readonly<Record<string, unknown>>;
  readonly openRecord: (folder: string) => Promise<void>;
  readonly onChange: () => void;
  readonly report: (error: unknown) => void;
}

export class SweepsPage implements vscode.Disposable {
  readonly #options: SweepsPageOptions;
  readonly #sweeps: Sweeps;
  readonly #restored: Promise<void>;
  #view: vscode.WebviewView | undefined;
  #ready = false;
  /** Tells that it need not be put in again. */
  #arrived: () => void = () => undefined;
  #shown: string | undefined;
  /** What each sweep's map is to show, where somebody has chosen. */
  readonly #choices = new Map<string, HeatChoice>();
  #form: SweepFormData | undefined;
  #timer: NodeJS.Timeout | undefined;
  #mapChanged = false;

  constructor(options: SweepsPageOptions) {
    const { memory, run, rootOf } = options;
    this.#options = options;
    this.#sweeps = new Sweeps({
      run,
      rootOf,
      stored: memory.get<StoredSweep[]>(SWEEPS_KEY, []),
      store: (sweeps) => void memory.update(SWEEPS_KEY, sweeps),
      timedRuns: () => this.#timedRuns(),
      onChange: ({ id }, { outcome }) => {
        if (outcome && id === this.#shown) this.#mapChanged = true;
        this.#sendSoon();
        options.onChange();
      },
      onEnd: (sweep) => this.#tellEnd(sweep),
      now: () => performance.now(),
    });
    this.#restored = this.#sweeps.restore(vscode.workspace.isTrusted).then(() => {
      this.#shown ??= this.#sweeps.list[0]?.id;
      this.#mapChanged = true;
      this.#sendSoon();
    });
  }

  get current(): SweepInfo | undefined {
    return this.#sweeps.list.find(isGoingOn);
  }

  attach(view: vscode.WebviewView): void {
    this.#view = view;
    view.onDidDispose(() => {
      this.#arrived();
      this.#view = undefined;
      this.#ready = false;
    });
    // A hidden page is taken down; it will ask again when it comes back.
    view.onDidChangeVisibility(() => {
      if (!view.visible) this.#ready = false;
    });
    view.webview.onDidReceiveMessage((value: unknown) => {
      const message = sweepsMessage(value);
      if (message) this.#receive(message).catch((error: unknown) => this.#options.report(error));
    });
    this.#arrived = fillWebview(view.webview, this.#options.extensionUri, "sweeps", "Sweeps");
  }

  /** Makes a file's sweep known, shows it and begins what is not finished of it. Throws LabErrors. */
  async begin(file: string): Promise<void> {
    await this.#add(file);
    this.#sweeps.start(file);
    await vscode.commands.executeCommand(`${SWEEPS_VIEW}.focus`);
  }

  /** Opens the form for a new sweep; a prompt stands in it at once. */
  async newSweep(prompt: string): Promise<void> {
    this.#openForm({ ...draftOfSettings(this.#options.request()), prompt });
    await vscode.commands.executeCommand(`${SWEEPS_VIEW}.focus`);
  }

  /** Asks for a file and makes its sweep known. Throws LabErrors. */
  async open(): Promise<void> {
    const [file] =
      (await vscode.window.showOpenDialog({
        title: vscode.l10n.t("Open Sweep"),
        filters: { [vscode.l10n.t("Sweeps")]: [SWEEP_ENDING.slice(1), "json"] },
      })) ?? [];
    if (!file) return;
    if (file.scheme !== "file") throw new LabError("badInput", "A sweep's file has to be on a disk.");
    await this.#add(file.fsPath);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    void this.#sweeps.dispose();
  }

  async #add(file: string): Promise<void> {
    await this.#restored;
    await this.#sweeps.add(file);
    this.#select(file);
  }

  #select(id: string | undefined): void {
    this.#shown = id;
    this.#mapChanged = true;
    this.#sendSoon();
  }

  #post(message: ToSweepsPage): void {
    if (this.#ready) void this.#view?.webview.postMessage(message);
  }

  #sendSoon(): void {
    if (this.#ready) this.#timer ??= setTimeout(() => this.#send(), PERIOD_MS);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#ready) return;
    const shown = this.#shown;
    this.#post({ type: "sweeps", sweeps: this.#sweeps.list, shown });
    if (shown !== undefined && this.#mapChanged && this.#sweeps.get(shown)) {
      this.#mapChanged = false;
      const axes = this.#sweeps.axes(shown);
      this.#post({
        type: "map",
        id: shown,
        axes,
        figures: figures(),
        map: this.#sweeps.map(shown, this.#choice(shown)),
      });
    }
    if (this.#form) this.#post({ type: "form", form: this.#form });
    this.#form = undefined;
  }

  /** As somebody has chosen, as far as the sweep still has those axes. */
  #choice(id: string): HeatChoice {
    const axes = this.#sweeps.axes(id);
    const usual = defaultChoice(axes);
    const chosen = this.#choices.get(id);
    const has = (field: string | undefined) => field === undefined || axes.some((axis) => axis.field === field);
    const figure = chosen && Object.hasOwn(heatFigures(), chosen.figure) ? chosen.figure : usual.figure;
    return { ...(chosen && has(chosen.across) && has(chosen.down) ? chosen : usual), figure };
  }

  async #receive(message: FromSweepsPage): Promise<void> {
    if ("id" in message && !this.#sweeps.get(message.id)) return; // Let go of meanwhile.
    switch (message.type) {
      case "ready":
        this.#ready = true;
        this.#arrived();
        this.#mapChanged = true;
        return this.#send();
      case "select":
        return this.#select(message.id);
      case "choose":
        if (this.#shown !== undefined) this.#choices.set(this.#shown, message.choice);
        this.#mapChanged = true;
        return this.#send();
      case "start":
        return this.#start(message.id);
      case "pause":
        return this.#sweeps.pause(message.id);
      case "stop":
        return this.#sweeps.stop(message.id);
      case "forget":
        this.#sweeps.forget(message.id);
        return this.#select(this.#sweeps.list[0]?.id);
      case "openFile":
        return void (await vscode.window.showTextDocument(vscode.Uri.file(message.id)));
      case "showResults":
        return this.#showResults(message.id);
      case "saveMap":
        return this.#saveMap(message.id);
      case "openPlace":
        return this.#openPlace(message.id, message.column, message.row);
      case "openRun":
        return this.#openRun(message.id, message.name);
      case "new":
        return this.#openForm(draftOfSettings(this.#options.request()));
      case "duplicate": {
        const sweep = this.#sweeps.sweepOf(message.id);
        return this.#openForm(sweep ? draftOf(sweep) : draftOfSettings(this.#options.request()), sweep?.charts);
      }
      case "openSweep":
        return this.open();
      case "check":
        return this.#post({ type: "check", check: checkSweep(sweepOf(message.draft), await this.#timedRuns()) });
      case "begin":
        return this.#beginDraft(message.name, message.draft, message.charts);
    }
  }

  async #start(id: string): Promise<void> {
    requireTrust(vscode.workspace.isTrusted);
    const sources = this.#sweeps.checkpoints(id);
    if (await this.#options.mayDownload(path.basename(id), sources)) this.#sweeps.start(id);
  }

  #openForm(draft: SweepDraft, charts: readonly SweepChart[] = []): void {
    this.#form = { schemas: specSchemas(), checkpoints: NAMED_SOURCES, draft, charts, ready: readySweeps() };
    this.#send();
  }

  async #beginDraft(name: string, draft: SweepDraft, charts: readonly SweepChart[]): Promise<void> {
    const sweep = withCharts(sweepOf(draft), charts);
    const check = checkSweep(sweep, []);
    if (check.problems.length > 0) return this.#post({ type: "check", check });
    const folder = path.join(this.#options.cacheFolder(), "sweeps");
    const file = await createSweepFile(folder, name.trim() || nameFor(sweep), fileOf(sweep));
    await this.#add(file);
    this.#sweeps.start(file);
    this.#post({ type: "begun" });
  }

  async #showResults(id: string): Promise<void> {
    const { folder } = this.#sweeps.get(id) ?? {};
    if (folder === undefined) return;
    await this.#sweeps.writeResults(id);
    await vscode.commands.executeCommand("markdown.showPreview", vscode.Uri.file(path.join(folder, RESULTS_MARKDOWN)));
  }

  async #saveMap(id: string): Promise<void> {
    const { name, folder } = this.#sweeps.get(id) ?? {};
    if (name === undefined || folder === undefined) return;
    const map = this.#sweeps.map(id, this.#choice(id));
    const place = await vscode.window.showSaveDialog({
      title: vscode.l10n.t("Save Map"),
      defaultUri: vscode.Uri.file(path.join(folder, `${map.figure}.svg`)),
      filters: { [vscode.l10n.t("Drawing")]: ["svg"] },
    });
    if (place) await vscode.workspace.fs.writeFile(place, Buffer.from(heatMapDrawing(map, name)));
  }

  /** The one run that lies there; of several, the page lists them. */
  async #openPlace(id: string, column: string, row: string): Promise<void> {
    const choice = this.#choice(id);
    const runs = this.#sweeps.runsAt(id, choice, column, row);
    if (runs.length === 1) return this.#openRun(id, runs[0].name);
    this.#post({ type: "runs", id, column, row, runs });
  }

  async #openRun(id: string, name: string): Promise<void> {
    const run = this.#sweeps.run(id, name);
    if (!run) return;
    if (run.status === "open") {
      void vscode.window.showInformationMessage(vscode.l10n.t("This run of the sweep has not begun yet."));
      return;
    }
    await this.#options.openRecord(this.#sweeps.folderOf(id, name));
  }

  async #timedRuns(): Promise<readonly TimedRun[]> {
    const { library } = this.#options;
    await library.begin();
    return library.rows
      .slice(0, RECENT)
      .flatMap(({ spec, state, elapsedMs }) =>
        state === "completed" && elapsedMs !== undefined ? [{ spec, elapsedMs }] : [],
      );
  }

  #tellEnd({ id, name, phase, runs, finished, failed }: SweepInfo): void {
    const results = vscode.l10n.t("Show Results");
    const tell = (text: string, warn: boolean): void => {
      const show = warn ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
      void show(messageText(text), results).then((answer) => {
        if (answer) this.#showResults(id).catch(this.#options.report);
      });
    };
    if (phase.kind === "failed") this.#options.report(new LabError("storage", phase.message));
    else if (phase.kind !== "completed") return;
    else if (failed > 0) tell(vscode.l10n.t("{0}: {1} of {2} runs failed.", name, failed, runs), true);
    else tell(vscode.l10n.t("{0}: {1} runs finished.", name, finished), false);
  }
}

const figures = (): FigureInfo[] =>
  Object.entries(heatFigures()).map(([name, { label, unit }]) => ({ name, label, ...(unit && { unit }) }));

/** What the settings ask for where that is not the usual. */
function draftOfSettings(request: Readonly<Record<string, unknown>>): SweepDraft {
  const usual = parseSpec({ prompt: "-" }) as unknown as Record<string, unknown>;
  const own = Object.entries(request).filter(([field, value]) => value !== usual[field]);
  return Object.fromEntries(own.map(([field, value]) => [field, String(value)]));
}
