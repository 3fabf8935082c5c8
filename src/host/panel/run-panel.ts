// The experiment panel: a webview beside the editor that shows one run of the session at a time. It holds no state of
// its own but which run that is; the page asks for all it needs whenever it is made anew.

import { subjectOf } from "../../describe/spec-subject.ts";
import { yieldToEventLoop } from "../../common/event-loop.ts";
import * as vscode from "vscode";
import { NAMED_SOURCES } from "../../checkpoints/config.ts";
import type { RunEvent } from "../../experiments/events.ts";
import { COMMON_FIELDS } from "../../experiments/common-fields.ts";
import { methodOf } from "../../experiments/methods/table.ts";
import { specSchemas } from "../../experiments/spec.ts";
import type { FieldProblem, FormData, FromPage, RunInfo, RunHistory, ToPage } from "../../session/panel-messages.ts";
import { Drawings } from "../../session/drawings.ts";
import { Outbox } from "../../session/outbox.ts";
import { panelMessage } from "../../session/page-schemas.ts";
import { shorten } from "../../describe/short-text.ts";
import { fillWebview } from "../fill-webview.ts";

/** Also the value of the context key activeWebviewPanelId. */
export const PANEL_TYPE = "inversionLab.run";

interface PanelSession {
  readonly list: readonly RunInfo[];
  get(id: string): RunInfo | undefined;
  events(id: string): Promise<readonly RunEvent[]>;
}

interface PanelActions {
  /** Throws a LabError where these are too many. */
  compare(id: string, beside: readonly string[]): void;
  start(request: unknown): void;
  problemsOf(request: unknown): Promise<readonly FieldProblem[]>;
  shown(id: string): void;
  stop(id: string): void;
  pause(id: string): void;
  resume(id: string): void;
  runAgain(id: string, preset: string | undefined): void;
  recoverExactly(id: string): void;
  suggested(id: string, name: string): void;
  saveFigure(message: Extract<FromPage, { readonly type: "saveFigure" }>): void;
  export(id: string, comparison: boolean): void;
  showLog(): void;
  report(error: unknown): void;
}

export class RunPanel implements vscode.Disposable {
  readonly #panel: vscode.WebviewPanel;
  readonly #session: PanelSession;
  readonly #actions: PanelActions;
  readonly #outbox = new Outbox((message) => this.#post(message));
  #shown: string | undefined;
  /** The runs of the shown one's comparison, as the page knows it. */
  #compared: readonly string[] = [];
  /** How often the page was to be sent everything: only the last of several at once does it. */
  #asked = 0;
  /** What the form is to be filled in with, until it is sent. */
  #form: FormData["request"] | undefined;
  #checked: unknown;
  #ready = false;
  /** Tells that it need not be put in again. */
  readonly #arrived: () => void;
  readonly #drawings = new Drawings((message) => this.#post(message));

  constructor(
    panel: vscode.WebviewPanel,
    extensionUri: vscode.Uri,
    session: PanelSession,
    actions: PanelActions,
    onDidDispose: () => void,
  ) {
    this.#panel = panel;
    this.#session = session;
    this.#actions = actions;
    const { webview } = panel;
    const media = (name: string) => vscode.Uri.joinPath(extensionUri, "media", name);
    panel.iconPath = { light: media("panel-light.svg"), dark: media("panel-dark.svg") };
    panel.onDidDispose(() => {
      this.#arrived();
      this.#outbox.clear();
      this.#drawings.giveUp();
      onDidDispose();
    });
    // A hidden page is taken down; it will ask again when it comes back.
    panel.onDidChangeViewState(() => {
      if (panel.visible) return;
      this.#ready = false;
      this.#drawings.hold();
    });
    webview.onDidReceiveMessage((value: unknown) => {
      const message = panelMessage(value);
      if (message) this.#receive(message);
    });
    this.#arrived = fillWebview(webview, extensionUri, "panel", "Inversion Lab");
  }

  static create(column: vscode.ViewColumn): vscode.WebviewPanel {
    return vscode.window.createWebviewPanel(PANEL_TYPE, "Inversion Lab", {
      viewColumn: column,
      preserveFocus: true,
    });
  }

  get shown(): string | undefined {
    return this.#shown;
  }

  get visible(): boolean {
    return this.#panel.visible;
  }

  show(id: string): void {
    this.#shown = id;
    this.#actions.shown(id);
    const run = this.#session.get(id);
    if (run) this.#panel.title = methodOf(run.spec).describe.heading(shorten(subjectOf(run.spec), 24));
    void this.#send();
  }

  /** An SVG as a PNG of twice its size, drawn by the page. Throws a LabError when the panel is closed before. */
  rasterise(svg: string): Promise<Uint8Array> {
    return this.#drawings.ask(svg);
  }

  reveal(preserveFocus: boolean): void {
    this.#panel.reveal(undefined, preserveFocus);
  }

  /** Opens the form for a new experiment, filled in with a request: at once, or when the page is there. */
  openForm(request: object): void {
    this.#form = request as FormData["request"];
    this.#sendForm();
  }

  update(run: RunInfo, events: readonly RunEvent[]): void {
    if (!this.#ready) return;
    if (run.id === this.#shown && run.compared !== this.#compared) return void this.#send();
    this.#outbox.add(run, run.id === this.#shown || this.#compared.includes(run.id) ? events : []);
  }

  dispose(): void {
    this.#panel.dispose();
  }

  #post(message: ToPage): void {
    void this.#panel.webview.postMessage(message);
  }

  /** Tells what is wrong with a request; is anything? Of several that are checked at once the last is told. */
  async #check(request: unknown): Promise<boolean> {
    this.#checked = request;
    const problems = await this.#actions.problemsOf(request);
    if (request !== this.#checked) return false;
    this.#post({ type: "problems", request, problems });
    return problems.length === 0;
  }

  #sendForm(): void {
    if (!this.#ready || !this.#form) return;
    const form = {
      schemas: specSchemas(),
      commonFields: Object.keys(COMMON_FIELDS),
      checkpoints: NAMED_SOURCES,
      request: this.#form,
    };
    this.#form = undefined;
    this.#post({ type: "form", form });
  }

  async #send(): Promise<void> {
    if (!this.#ready) return;
    const id = this.#shown;
    const asked = ++this.#asked;
    const compared = (id === undefined ? undefined : this.#session.get(id)?.compared) ?? [];
    const others = compared.filter((other) => other !== id);
    const [shown, ...beside] = await Promise.all([id, ...others].map((each) => this.#told(each)));
    if (asked !== this.#asked || !this.#ready) return; // Something else is to be shown by now.
    this.#compared = compared;
    this.#outbox.clear();
    const told = [shown, ...beside].map((run) => run && new History(run));
    const [first, ...rest] = told.map((history) => history?.next(EVENTS_AT_ONCE));
    this.#post({
      type: "show",
      runs: this.#session.list,
      ...(first && { shown: first }),
      beside: rest.filter((run) => run !== undefined),
    });
    this.#sendForm();
    await this.#catchUp(
      asked,
      told.filter((history) => history !== undefined),
    );
  }

  /** Sends what is left of long histories, in pieces between which the extension host does other things. */
  async #catchUp(asked: number, histories: readonly History[]): Promise<void> {
    this.#outbox.hold();
    for (const history of histories) {
      while (history.hasMore) {
        await yieldToEventLoop();
        if (asked !== this.#asked || !this.#ready) return;
        this.#post({ type: "events", ...history.next(EVENTS_AT_ONCE) });
      }
    }
    this.#outbox.release();
  }

  /** All that a run has told; a record that cannot be read is reported, and has told nothing. */
  async #told(id: string | undefined): Promise<RunHistory | undefined> {
    if (id === undefined) return undefined;
    try {
      return { id, events: await this.#session.events(id) };
    } catch (error) {
      this.#actions.report(error);
      return { id, events: [] };
    }
  }

  #receive(message: FromPage): void {
    if ("id" in message && !this.#session.get(message.id)) return; // Let go of meanwhile.
    switch (message.type) {
      case "ready":
        this.#ready = true;
        this.#arrived();
        this.#drawings.go();
        return void this.#send();
      case "select":
        return this.show(message.id);
      case "compare":
        try {
          this.#actions.compare(message.id, message.beside);
        } catch (error) {
          this.#actions.report(error);
        }
        return this.show(message.id);
      case "duplicate": {
        const run = this.#session.get(message.id);
        if (run) this.openForm(run.spec);
        return;
      }
      case "check":
        return void this.#check(message.request);
      case "start":
        return void this.#check(message.request).then((isRight) => {
          if (isRight) this.#actions.start(message.request);
        });
      case "stop":
        return this.#actions.stop(message.id);
      case "pause":
        return this.#actions.pause(message.id);
      case "resume":
        return this.#actions.resume(message.id);
      case "runAgain":
        return this.#actions.runAgain(message.id, message.preset);
      case "recoverExactly":
        return this.#actions.recoverExactly(message.id);
      case "suggested":
        return this.#actions.suggested(message.id, message.name);
      case "saveFigure":
        return this.#actions.saveFigure(message);
      case "rasterised":
        return this.#drawings.answer(message);
      case "export":
        return this.#actions.export(message.id, message.comparison);
      case "showLog":
        return this.#actions.showLog();
    }
  }
}

/** So many events that a message of them is made within a few milliseconds. */
const EVENTS_AT_ONCE = 200;

/** What a run has told, to be sent piece by piece. The list of one that goes on grows, but what is new comes otherwise. */
class History {
  readonly #run: RunHistory;
  readonly #length: number;
  #sent = 0;

  constructor(run: RunHistory) {
    this.#run = run;
    this.#length = run.events.length;
  }

  get hasMore(): boolean {
    return this.#sent < this.#length;
  }

  next(count: number): RunHistory {
    const events = this.#run.events.slice(this.#sent, Math.min(this.#sent + count, this.#length));
    this.#sent += events.length;
    return { id: this.#run.id, events };
  }
}
