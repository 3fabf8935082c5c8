// The sweeps that this window knows: carried out one after the other, each from its file and beside it. What is finished
// is known from the records alone; what is kept here is which sweeps there are, and which were to go on, so that they do
// after the window was closed. Knows neither views nor VS Code.

import { subjectOf } from "../describe/spec-subject.ts";
import path from "node:path";
import { yieldToEventLoop } from "../common/event-loop.ts";
import { errorData, LabError, messageOf } from "../common/errors.ts";
import { isGoingOn } from "../describe/sweep-state.ts";
import type { RunExperiment } from "../experiments/run-experiment.ts";
import { Estimate, type TimedRun } from "../sweeps/estimate.ts";
import {
  axesText,
  type Cell,
  eachCell,
  folderOf,
  parseExperimentFile,
  type Sweep,
  type UncheckedFields,
} from "../sweeps/sweep-files.ts";
import { heatAxes, heatLayout, type HeatLayout, heatMap } from "../sweeps/sweep-map.ts";
import { type Outcome, outcomesIn, performSweep, RUNS, timesOf } from "../sweeps/perform-sweep.ts";
import { writeResults } from "../sweeps/sweep-results.ts";
import type { HeatAxis, HeatChoice, HeatMap } from "../sweeps/view-data.ts";
import type { CellInfo, SweepInfo, SweepPhase } from "./sweeps-messages.ts";
import { checkNamedByFile, contentHash, requireInside } from "./trust.ts";
import { LARGEST_TEXT, readPlainText } from "../common/plain-file.ts";

/** What is remembered of a sweep over the end of the window. */
export interface StoredSweep {
  readonly file: string;
  readonly wanted?: "running" | "paused";
  /** Of the file as it was begun: another one does not go on by itself. */
  readonly hash?: string;
}

interface SweepsOptions {
  readonly run: RunExperiment;
  /** The folder that a sweep's runs may not lead out of; missing where the file's own is meant. */
  readonly rootOf?: (file: string) => string | undefined;
  readonly stored: readonly StoredSweep[];
  readonly store: (sweeps: readonly StoredSweep[]) => void;
  /** Runs that others have carried out, to estimate from. */
  readonly timedRuns: () => Promise<readonly TimedRun[]>;
  /** Told of every change; `outcome` says that a run came to its end. */
  readonly onChange: (sweep: SweepInfo, change: { readonly outcome: boolean }) => void;
  /** Told of each sweep that was carried out here and has come to its end, or broke off. */
  readonly onEnd: (sweep: SweepInfo) => void;
  /** Milliseconds of any steady clock. */
  readonly now: () => number;
}

interface KnownSweep {
  info: SweepInfo;
  sweep: Sweep | undefined;
  /** Of the text that was read last. */
  hash: string | undefined;
  cells: readonly Cell[];
  axes: readonly HeatAxis[];
  layout: HeatLayout | undefined;
  outcomes: Map<string, Outcome>;
  current: Cell | undefined;
  stop: AbortController;
  hold: AbortController;
}

const newSweep = (file: string): KnownSweep => ({
  info: {
    id: file,
    name: nameOf(file),
    folder: folderOf(file),
    phase: { kind: "idle" },
    runs: 0,
    finished: 0,
    failed: 0,
  },
  sweep: undefined,
  hash: undefined,
  cells: [],
  axes: [],
  layout: undefined,
  outcomes: new Map(),
  current: undefined,
  stop: new AbortController(),
  hold: new AbortController(),
});

const RESTART_LOCK_TIMEOUT_MS = 20_000;
/** How long work may take before others have their turn, in milliseconds. */
const TURN_MS = 8;

export class Sweeps {
  readonly #options: SweepsOptions;
  readonly #sweeps = new Map<string, KnownSweep>();
  /** Resolves when the sweeps that were asked for so far are over. */
  #last: Promise<void> = Promise.resolve();
  #disposed = false;

  constructor(options: SweepsOptions) {
    this.#options = options;
  }

  /** In the order they came to be known, the newest first. */
  get list(): SweepInfo[] {
    return [...this.#sweeps.values()].map(({ info }) => info).reverse();
  }

  get(id: string): SweepInfo | undefined {
    return this.#sweeps.get(id)?.info;
  }

  /** Brings back what was known before the window was closed; what was going on then goes on where it may, else it waits. */
  async restore(mayGoOn = true): Promise<void> {
    for (const { file, wanted, hash } of this.#options.stored) {
      const { id, phase } = await this.add(file).catch((error: unknown) => {
        // Its disk may be back next time.
        const known = newSweep(file);
        this.#sweeps.set(file, known);
        this.#change(known, { phase: { kind: "failed", message: messageOf(error) } });
        return known.info;
      });
      if (phase.kind !== "idle") continue;
      // The window before may be about to leave it.
      const isSame = mayGoOn && hash !== undefined && hash === this.#known(id).hash;
      if (wanted === "running" && isSame) this.start(id, RESTART_LOCK_TIMEOUT_MS);
      else if (wanted !== undefined) this.#change(this.#known(id), { phase: { kind: "paused" } });
    }
    this.#store();
  }

  /** Makes a sweep known by its file, once, and looks up what is finished of it. Throws LabErrors. */
  async add(file: string): Promise<SweepInfo> {
    const known = this.#sweeps.get(file) ?? newSweep(file);
    if (isGoingOn(known.info) || known.info.phase.kind === "paused") return known.info;
    await this.#read(known);
    this.#sweeps.set(file, known);
    const completed = known.cells.length > 0 && known.outcomes.size === known.cells.length;
    this.#change(known, { ...(await this.#figures(known)), phase: { kind: completed ? "completed" : "idle" } }, true);
    this.#store();
    return known.info;
  }

  /** Carries out what is not finished, after the sweeps that were asked for before. */
  start(id: string, lockTimeoutMs = 0): void {
    const known = this.#known(id);
    if (isGoingOn(known.info)) {
      // Not paused after all.
      if (known.info.phase.kind === "pausing") this.#resume(known);
      return;
    }
    known.stop = new AbortController();
    known.hold = new AbortController();
    this.#change(known, { phase: { kind: "waiting" } });
    this.#store();
    this.#last = this.#last.then(() => this.#perform(known, lockTimeoutMs));
  }

  pause(id: string): void {
    const known = this.#known(id);
    const { kind } = known.info.phase;
    if (kind !== "waiting" && kind !== "running") return;
    known.hold.abort();
    this.#change(known, { phase: { kind: kind === "waiting" ? "paused" : "pausing" } });
    this.#store();
  }

  /** Ends the sweep; the run at hand is carried out again should it be started anew. */
  stop(id: string): void {
    const known = this.#known(id);
    const { kind } = known.info.phase;
    if (kind === "paused" || kind === "waiting") this.#change(known, { phase: { kind: "idle" } });
    else if (isGoingOn(known.info)) this.#change(known, { phase: { kind: "stopping" } });
    known.stop.abort();
    this.#store();
  }

  /** Takes a sweep off the list; its files stay where they are. */
  forget(id: string): void {
    const known = this.#known(id);
    if (isGoingOn(known.info)) throw new LabError("badInput", `${known.info.name} is going on: stop it first.`);
    this.#sweeps.delete(id);
    this.#store();
  }

  axes(id: string): readonly HeatAxis[] {
    return this.#known(id).axes;
  }

  map(id: string, choice: HeatChoice): HeatMap {
    const known = this.#known(id);
    return heatMap(layoutOf(known, choice), known.outcomes, choice.figure);
  }

  /** The runs where a column and a row of a map meet, told apart by the other axes. */
  runsAt(id: string, choice: HeatChoice, column: string, row: string): CellInfo[] {
    const known = this.#known(id);
    const { columns, rows, places } = layoutOf(known, choice);
    const here = [choice.across, choice.down];
    return (places[rows.indexOf(row)]?.[columns.indexOf(column)] ?? []).map((cell) => {
      const others = Object.fromEntries(Object.entries(cell.axes).filter(([field]) => !here.includes(field)));
      const info = this.#cellInfo(known, cell);
      return { ...info, axes: axesText(others) || info.axes };
    });
  }

  run(id: string, name: string): CellInfo | undefined {
    const known = this.#known(id);
    const cell = known.cells.find((each) => each.name === name);
    return cell && this.#cellInfo(known, cell);
  }

  folderOf(id: string, name: string): string {
    return path.join(this.#known(id).info.folder, RUNS, name);
  }

  /** The checkpoints of its runs. */
  checkpoints(id: string): readonly string[] {
    return [...new Set(this.#known(id).cells.map(({ spec }) => spec.checkpoint))];
  }

  sweepOf(id: string): Sweep | undefined {
    return this.#known(id).sweep;
  }

  /** Writes the tables of what is finished so far. Throws a LabError (storage). */
  async writeResults(id: string): Promise<void> {
    const known = this.#known(id);
    await this.#requireInside(known);
    await writeResults(known.info.folder, inOrder(known), known.sweep?.charts);
  }

  /** Breaks off what goes on, to be gone on with by the next window. Resolves when all files are closed. */
  async dispose(): Promise<void> {
    this.#store();
    this.#disposed = true;
    for (const { stop } of this.#sweeps.values()) stop.abort();
    await this.#last;
  }

  #known(id: string): KnownSweep {
    const known = this.#sweeps.get(id);
    if (!known) throw new LabError("badInput", `There is no sweep ${id}.`);
    return known;
  }

  #resume(known: KnownSweep): void {
    known.hold = new AbortController();
    this.#change(known, { phase: { kind: "running" } });
    this.#store();
  }

  #change(known: KnownSweep, changes: Partial<SweepInfo>, outcome = false): void {
    known.info = { ...known.info, ...changes };
    if (!this.#disposed && this.#sweeps.has(known.info.id)) this.#options.onChange(known.info, { outcome });
  }

  #store(): void {
    if (this.#disposed) return;
    this.#options.store(
      [...this.#sweeps.values()].map(({ info: { id, phase }, hash }) => ({
        file: id,
        ...wantedOf(phase),
        ...(hash !== undefined && wantedOf(phase).wanted === "running" && { hash }),
      })),
    );
  }

  /** Reads the file as it stands now, and what is finished of it. Throws LabErrors. */
  async #read(known: KnownSweep): Promise<void> {
    const { id, folder } = known.info;
    const name = path.basename(id);
    const text = await readPlainText(id, LARGEST_TEXT).catch((error: unknown) => {
      throw new LabError("storage", `${id} cannot be read: ${messageOf(error)}.`, { cause: error });
    });
    const sweep = parseExperimentFile(text, name, path.dirname(id));
    checkNamedByFile(namesOf(sweep), id);
    const cells: Cell[] = [];
    let turn = this.#options.now();
    for (const cell of eachCell(sweep, name)) {
      cells.push(cell);
      if (this.#options.now() - turn < TURN_MS) continue;
      await yieldToEventLoop();
      turn = this.#options.now();
    }
    known.sweep = sweep;
    known.hash = contentHash(text);
    known.cells = cells;
    known.axes = heatAxes(cells);
    known.layout = undefined;
    known.outcomes = await outcomesIn(cells, folder);
  }

  async #requireInside({ info: { id, folder } }: KnownSweep): Promise<void> {
    const root = this.#options.rootOf?.(id) ?? path.dirname(id);
    for (const place of [folder, path.join(folder, RUNS)]) await requireInside(place, root);
  }

  async #figures(known: KnownSweep): Promise<Partial<SweepInfo>> {
    const { cells, outcomes } = known;
    const left = cells.filter(({ name }) => !outcomes.has(name)).map(({ spec }) => spec);
    const estimate = new Estimate([...(await this.#options.timedRuns()), ...timesOf(outcomes.values())]);
    return { ...counts(known), remainingMs: left.length === 0 ? undefined : estimate.of(left) };
  }

  async #perform(known: KnownSweep, lockTimeoutMs: number): Promise<void> {
    if (this.#disposed || known.info.phase.kind !== "waiting") return;
    try {
      await this.#read(known);
      await this.#requireInside(known);
      this.#store(); // the hash of what is carried out
      this.#change(known, { ...(await this.#figures(known)), phase: { kind: "running" } }, true);
      // A pause that was taken back leaves a call that has ended and runs that have not.
      do await this.#carryOut(known, lockTimeoutMs);
      while (this.#isUnfinished(known));
      await this.writeResults(known.info.id);
      this.#change(known, { ...counts(known), phase: this.#phaseAtEnd(known) });
    } catch (error) {
      this.#change(known, { phase: { kind: "failed", message: errorData(error).message } });
    }
    known.current = undefined;
    this.#change(known, { current: undefined });
    this.#store();
    if (!this.#disposed) this.#options.onEnd(known.info);
  }

  async #carryOut(known: KnownSweep, lockTimeoutMs: number): Promise<void> {
    const { cells } = known;
    await performSweep(cells, {
      folder: known.info.folder,
      run: this.#options.run,
      signal: known.stop.signal,
      hold: known.hold.signal,
      lockTimeoutMs,
      timedRuns: await this.#options.timedRuns(),
      now: this.#options.now,
      onBegin: (cell) => {
        known.current = cell;
        this.#change(known, { current: { axes: textOf(cell), share: 0 } });
      },
      onProgress: ({ done = 0 }) => {
        if (known.current) {
          this.#change(known, { current: { axes: textOf(known.current), share: done - Math.floor(done) } });
        }
      },
      onOutcome: (outcome, { remainingMs }) => {
        known.outcomes.set(outcome.cell.name, outcome);
        known.current = undefined;
        this.#change(known, { ...counts(known), remainingMs, current: undefined }, true);
      },
    });
  }

  #isUnfinished({ cells, outcomes, stop, hold }: KnownSweep): boolean {
    return !this.#disposed && outcomes.size < cells.length && !stop.signal.aborted && !hold.signal.aborted;
  }

  #phaseAtEnd({ info, cells, outcomes }: KnownSweep): SweepPhase {
    if (outcomes.size === cells.length) return { kind: "completed" };
    return { kind: info.phase.kind === "pausing" ? "paused" : "idle" };
  }

  #cellInfo({ outcomes, current }: KnownSweep, cell: Cell): CellInfo {
    const { name } = cell;
    const outcome = outcomes.get(name);
    const base = { name, axes: textOf(cell) };
    if (!outcome) return { ...base, status: current?.name === name ? "running" : "open" };
    const { status, restarts, error } = outcome;
    return {
      ...base,
      status,
      ...(restarts.length > 0 && {
        exact: restarts.filter(({ exact }) => exact).length,
        restarts: restarts.length,
        outputDistance: Math.min(...restarts.map(({ outputDistance }) => outputDistance)),
      }),
      ...(error && { message: error.message }),
    };
  }
}

/** The checkpoints that a sweep names, in whatever place. */
/** All that its runs may name, a field each. */
const namesOf = ({ base, axes }: Sweep): UncheckedFields[] => [
  base,
  ...axes.flatMap(({ field, values }) => values.map((value) => ({ [field]: value }))),
];

function layoutOf(known: KnownSweep, { across, down }: HeatChoice): HeatLayout {
  const { layout } = known;
  if (layout && layout.across === across && layout.down === down) return layout;
  return (known.layout = heatLayout(known.cells, { across, down }));
}

const wantedOf = ({ kind }: SweepPhase): Pick<StoredSweep, "wanted"> => {
  if (kind === "waiting" || kind === "running") return { wanted: "running" };
  return kind === "paused" || kind === "pausing" ? { wanted: "paused" } : {};
};

const counts = ({ cells, outcomes }: KnownSweep): Pick<SweepInfo, "runs" | "finished" | "failed"> => ({
  runs: cells.length,
  finished: outcomes.size,
  failed: [...outcomes.values()].filter(({ status }) => status === "failed").length,
});

const inOrder = ({ cells, outcomes }: KnownSweep): Outcome[] => cells.flatMap(({ name }) => outcomes.get(name) ?? []);

const textOf = ({ axes, spec }: Cell): string => axesText(axes) || subjectOf(spec);

const nameOf = (file: string): string => path.basename(file).replace(/\.(sweep|inversion)\.json$/, "");
