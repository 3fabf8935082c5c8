// The runs of this session: carried out one at a time in the order they were asked for, recorded as they go. Knows
// neither panels nor VS Code; whoever listens is told of every change.

import { t } from "@vscode/l10n";
import { errorData, LabError, type LabErrorData, messageOf } from "../common/errors.ts";
import { runsFolder } from "../common/folders.ts";
import type { EngineClient } from "../engine/client.ts";
import type { Progress } from "../engine/messages.ts";
import { PauseSwitch } from "../engine/pause-switch.ts";
import { progressFigure, progressShare, type Reached } from "../describe/run-progress.ts";
import { isActive } from "../describe/run-state.ts";
import type { RunEvent, StepEvent } from "../experiments/events.ts";
import type { RunOptions } from "../experiments/run-experiment.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import { followRun } from "../records/follow-record.ts";
import { readRun, type RunListing } from "../records/read-record.ts";
import { RunRecord } from "../records/record.ts";
import { type RunOutcome, recordRun } from "../records/record-run.ts";
import type { RunInfo, RunPhase } from "./panel-messages.ts";

/** More lines than these in one plot cannot be told apart. */
export const MOST_COMPARED = 12;

type Engine = Pick<EngineClient, "run" | "dispose">;

interface RunsOptions {
  /** Where weights and records are kept; asked at the beginning of each run. Throws a LabError. */
  readonly cacheFolder: () => string;
  readonly openEngine: (cacheFolder: string) => Promise<Engine>;
  /** Told of every change of a run, with the events that came with it. */
  readonly onChange: (run: RunInfo, events: readonly RunEvent[]) => void;
  /** Told once of each run that was carried out here and failed. */
  readonly onFailure: (run: RunInfo, error: LabErrorData) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Run {
  info: RunInfo;
  readonly cancellation: AbortController;
  readonly pause: PauseSwitch;
  /** Kept while no complete record holds them. */
  events: RunEvent[] | undefined;
  /** How far it has come. */
  reached?: Reached;
}

interface EngineInUse {
  readonly cacheFolder: string;
  readonly client: Promise<Engine>;
  experiments: number;
}

export class Runs {
  readonly #options: RunsOptions;
  readonly #runs = new Map<string, Run>();
  #engine: EngineInUse | undefined;
  /** Engines that were replaced while an experiment was going on. */
  readonly #former = new Set<EngineInUse>();
  #engineIsStale = false;
  /** Resolves when the runs asked for so far are over. */
  #last: Promise<void> = Promise.resolve();
  readonly #disposal = new AbortController();
  /** Runs there have been, those that were forgotten too. */
  #count = 0;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** In the order they came. */
  get list(): RunInfo[] {
    return [...this.#runs.values()].map(({ info }) => info);
  }

  get current(): RunInfo | undefined {
    return this.list.find(isActive);
  }

  get(id: string): RunInfo | undefined {
    return this.#runs.get(id)?.info;
  }

  start(spec: ExperimentSpec): RunInfo {
    const run = this.#add(spec, this.#phaseBehind(this.current), []);
    change(run, { askedAt: this.#options.now() });
    this.#options.onChange(run.info, []);
    this.#last = this.#last.then(() => this.#perform(run));
    return run.info;
  }

  /**
   * Puts a run beside others, or by itself again. A run is in one comparison at most, and those in it know each other:
   * whoever was compared with this run and is not among the others any more stands by itself. Throws a LabError (bad
   * input) where they are too many.
   */
  compare(id: string, beside: readonly string[]): void {
    const run = this.#runs.get(id);
    if (!run) return;
    const chosen = new Set([id, ...beside.filter((other) => this.#runs.has(other))]);
    if (chosen.size > MOST_COMPARED) {
      throw new LabError(
        "badInput",
        t("{0} runs are too many to compare: choose {1} at most.", chosen.size, MOST_COMPARED),
      );
    }
    // Those that stay keep their order, and with it their colours.
    const former = run.info.compared;
    const together = [...new Set([...former.filter((other) => chosen.has(other)), ...chosen])];
    for (const other of this.#runs.values()) {
      const { id, compared } = other.info;
      const rest = chosen.has(id) ? together : former.includes(id) ? [] : compared.filter((each) => !chosen.has(each));
      const changed = rest.length > 1 ? rest : [];
      if (changed.join() !== compared.join()) this.#change(other, { compared: changed });
    }
  }

  /** Takes a run from its record into the session, once; one that goes on elsewhere is followed. */
  adopt({ folder, spec, status, elapsedMs, best, error }: RunListing): RunInfo {
    const known = this.list.find((info) => info.folder === folder);
    if (known) return known;
    const isElsewhere = status === "running";
    const run = this.#add(spec, phaseOf(status, error), isElsewhere ? [] : undefined);
    change(run, { folder, elapsedMs, ...(best && { best }) });
    this.#options.onChange(run.info, []);
    if (isElsewhere) void this.#follow(run, folder);
    return run.info;
  }

  /** Lets go of a run that is over; its record, if any, is left alone. Does nothing to one that goes on. */
  forget(id: string): void {
    const run = this.#runs.get(id);
    if (!run || isActive(run.info) || run.info.phase.kind === "external") return;
    this.compare(id, []);
    this.#runs.delete(id);
  }

  /** Stops a run: at once when it has not begun, else after the iteration at hand. Does nothing to one that is over. */
  stop(id: string): void {
    const run = this.#runs.get(id);
    if (!run || !isActive(run.info)) return;
    const phase: RunPhase = { kind: run.info.phase.kind === "waiting" ? "cancelled" : "stopping" };
    this.#change(run, { pausedMs: this.#pausedMs(run), phase });
    this.#tellWaiting();
    run.cancellation.abort();
  }

  /** Lets a run stand still after the iteration that is shown next. Does nothing to one that is not running. */
  pause(id: string): void {
    const run = this.#runs.get(id);
    if (run?.info.phase.kind !== "running") return;
    this.#change(run, { phase: { kind: "pausing" } });
    run.pause.pause();
  }

  resume(id: string): void {
    const run = this.#runs.get(id);
    if (run?.info.phase.kind !== "pausing" && run?.info.phase.kind !== "paused") return;
    this.#change(run, { pausedMs: this.#pausedMs(run), phase: { kind: "running" } });
    run.pause.resume();
    this.#tellWaiting();
  }

  /** All that a run has told so far; of one that goes on, the very list that grows. Throws a LabError (storage). */
  async events(id: string): Promise<readonly RunEvent[]> {
    const run = this.#runs.get(id);
    if (run?.events) return run.events;
    return run?.info.folder ? (await readRun(run.info.folder)).events : [];
  }

  /** Carries out one experiment on the session's engine, in turn with its runs, without making it one of them. */
  async *experiment(spec: ExperimentSpec, options: RunOptions): AsyncGenerator<RunEvent> {
    yield* this.#onEngine(this.#options.cacheFolder(), spec, options);
  }

  renewEngine(): void {
    this.#engineIsStale = true;
  }

  /** Ends the engine; the run that goes on is left as interrupted. Resolves when records and process are closed. */
  async dispose(): Promise<void> {
    this.#disposal.abort();
    const engines = [...this.#former, ...(this.#engine ? [this.#engine] : [])];
    await Promise.all(engines.map(async ({ client }) => (await client).dispose()));
    await this.#last;
  }

  get #disposed(): boolean {
    return this.#disposal.signal.aborted;
  }

  #add(spec: ExperimentSpec, phase: RunPhase, events: RunEvent[] | undefined): Run {
    const id = String(++this.#count);
    const run: Run = {
      info: { id, spec, phase, compared: [] },
      cancellation: new AbortController(),
      pause: new PauseSwitch(),
      events,
    };
    this.#runs.set(id, run);
    return run;
  }

  #phaseBehind(current: RunInfo | undefined): RunPhase {
    if (!current) return { kind: "preparing" };
    const { id, spec, phase } = current;
    const { reached } = this.#runs.get(id)!;
    return {
      kind: "waiting",
      behind: id,
      ...(reached && { reached: progressFigure(spec, reached) }),
      ...(phase.kind === "paused" && { behindPaused: true }),
    };
  }

  #tellWaiting(): void {
    const { current } = this;
    const phase = this.#phaseBehind(current);
    for (const run of this.#runs.values()) {
      if (run.info.phase.kind === "waiting" && run.info.id !== current?.id) this.#change(run, { phase });
    }
  }

  /** Those behind it are told each hundredth of the work: more nobody would see. */
  #reach(run: Run, step: StepEvent): void {
    const hundredth = (reached: Reached) => Math.floor(100 * progressShare(run.info.spec, reached));
    const isNews = !run.reached || hundredth(step) !== hundredth(run.reached);
    run.reached = step;
    if (isNews) this.#tellWaiting();
  }

  /** How long a run has stood still, until now where it still does. */
  #pausedMs({ info: { phase, pausedMs } }: Run): number | undefined {
    return phase.kind === "paused" ? (pausedMs ?? 0) + this.#options.now() - phase.since : pausedMs;
  }

  #change(run: Run, changes: Partial<RunInfo>, events: readonly RunEvent[] = []): void {
    change(run, changes);
    this.#options.onChange(run.info, events);
  }

  async #perform(run: Run): Promise<void> {
    if (this.#disposed || !isActive(run.info)) return;
    if (run.info.phase.kind === "waiting") this.#change(run, { phase: { kind: "preparing" } });
    this.#tellWaiting();
    const { error, unrecorded } = await this.#carryOut(run).catch((error: Error): RunOutcome => ({ error }));
    if (error && !this.#disposed) this.#breakOff(run, errorData(error));
    if (run.info.folder === undefined) return;
    if (!unrecorded) run.events = undefined;
    this.#options.onChange(run.info, []); // its record is complete
  }

  /** Throws a LabError where there is no place for weights and records. */
  async #carryOut(run: Run): Promise<RunOutcome> {
    const { spec } = run.info;
    const cacheFolder = this.#options.cacheFolder();
    const record = await RunRecord.create(runsFolder(cacheFolder), spec);
    this.#change(run, { folder: record.folder });
    const onProgress = (progress: Progress) => {
      if (run.info.phase.kind === "preparing") this.#change(run, { phase: { kind: "preparing", progress } });
    };
    const onPaused = () => {
      if (run.info.phase.kind !== "pausing") return; // It goes on already, or is to stop.
      this.#change(run, { phase: { kind: "paused", since: this.#options.now() } });
      this.#tellWaiting();
    };
    const onEvent = (event: RunEvent) => {
      run.events?.push(event);
      this.#change(run, this.#changesBy(run, event), [event]);
      if (event.type === "step") this.#reach(run, event);
    };
    return recordRun(spec, {
      run: (spec, options) => this.#onEngine(cacheFolder, spec, options),
      record,
      signal: run.cancellation.signal,
      interruption: this.#disposal.signal,
      pause: run.pause,
      pausedMs: () => this.#pausedMs(run),
      onProgress,
      onPaused,
      onEvent,
      onUnrecorded: ({ message }) =>
        this.#change(run, { warning: t("The record of this run ends early. {0}", message) }),
    });
  }

  async #follow(run: Run, folder: string): Promise<void> {
    try {
      for await (const { events, ended } of followRun(folder, this.#disposal.signal)) {
        run.events?.push(...events);
        const { status, elapsedMs, best, error } = ended ?? {};
        // From now on the record has it all.
        if (ended) run.events = undefined;
        this.#change(run, { ...(status && { phase: phaseOf(status, error), elapsedMs, best }) }, events);
      }
    } catch (error) {
      this.#change(run, { phase: { kind: "interrupted" }, warning: messageOf(error) });
    }
  }

  #changesBy(run: Run, event: RunEvent): Partial<RunInfo> {
    switch (event.type) {
      case "start":
        return {
          startedAt: this.#options.now(),
          ...(run.info.phase.kind === "preparing" && { phase: { kind: "running" } }),
        };
      case "step":
        return {};
      case "end":
        return { phase: { kind: event.status }, elapsedMs: event.elapsedMs, best: event.best };
    }
  }

  #breakOff(run: Run, error: LabErrorData): void {
    const { startedAt } = run.info;
    const pausedMs = this.#pausedMs(run);
    const elapsedMs = startedAt === undefined ? undefined : this.#options.now() - startedAt - (pausedMs ?? 0);
    const cancelled = error.kind === "cancelled";
    this.#change(run, { phase: cancelled ? { kind: "cancelled" } : { kind: "failed", error }, pausedMs, elapsedMs });
    if (!cancelled) this.#options.onFailure(run.info, error);
  }

  /** One experiment on the engine for a cache folder. An engine that was replaced ends after its last experiment. */
  async *#onEngine(cacheFolder: string, spec: ExperimentSpec, options: RunOptions): AsyncGenerator<RunEvent> {
    const engine = this.#engineFor(cacheFolder);
    engine.experiments++;
    try {
      yield* (await engine.client).run(spec, options);
    } finally {
      engine.experiments--;
      if (engine.experiments === 0 && this.#former.delete(engine)) await (await engine.client).dispose();
    }
  }

  #engineFor(cacheFolder: string): EngineInUse {
    const before = this.#engine;
    if (before?.cacheFolder === cacheFolder && !this.#engineIsStale) return before;
    this.#engineIsStale = false;
    const isBusy = before !== undefined && before.experiments > 0;
    if (isBusy) this.#former.add(before);
    const ended = isBusy ? undefined : before?.client.then((engine) => engine.dispose());
    // Set before anything is waited for: whoever comes next is to get the same.
    this.#engine = {
      cacheFolder,
      client: Promise.resolve(ended).then(() => this.#options.openEngine(cacheFolder)),
      experiments: 0,
    };
    return this.#engine;
  }
}

function change(run: Run, changes: Partial<RunInfo>): void {
  run.info = { ...run.info, ...changes };
}

function phaseOf(status: RunListing["status"], error: LabErrorData | undefined): RunPhase {
  switch (status) {
    case "completed":
    case "cancelled":
    case "interrupted":
      return { kind: status };
    case "running":
      return { kind: "external" };
    case "failed":
      return {
        kind: "failed",
        error: error ?? { kind: "engine", message: "The run failed; its record does not say why." },
      };
  }
}
