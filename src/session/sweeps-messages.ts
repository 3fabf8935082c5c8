// Everything that crosses between the extension host and the page of the Sweeps view: one union a direction, plain JSON.

import type { RequestSchema } from "../experiments/spec.ts";
import type {
  HeatAxis,
  HeatChoice,
  HeatMap,
  ReadySweep,
  SweepChart,
  SweepCheck,
  SweepDraft,
} from "../sweeps/view-data.ts";

export type SweepPhase =
  /** Neither going on nor asked for. */
  | { readonly kind: "idle" }
  /** Its file is being read, or another sweep is going on. */
  | { readonly kind: "waiting" }
  | { readonly kind: "running" }
  /** Asked to pause: the run at hand is the last. */
  | { readonly kind: "pausing" }
  | { readonly kind: "paused" }
  | { readonly kind: "stopping" }
  | { readonly kind: "completed" }
  | { readonly kind: "failed"; readonly message: string };

export interface SweepInfo {
  /** Names the sweep: the path of its file. */
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly phase: SweepPhase;
  readonly runs: number;
  /** Runs that came to an end, those that failed included. */
  readonly finished: number;
  readonly failed: number;
  /** The run at hand: what its axes are, and how much of it is done, 0…1. */
  readonly current?: { readonly axes: string; readonly share: number };
  /** By estimate; missing where nothing is known. */
  readonly remainingMs?: number;
}

export interface CellInfo {
  readonly name: string;
  readonly axes: string;
  readonly status: "open" | "running" | "completed" | "failed";
  readonly exact?: number;
  readonly restarts?: number;
  readonly outputDistance?: number;
  readonly message?: string;
}

export interface SweepFormData {
  /** JSON schema of each method's request. */
  readonly schemas: Readonly<Record<string, RequestSchema>>;
  /** Checkpoints that need not be looked for. */
  readonly checkpoints: readonly string[];
  readonly draft: SweepDraft;
  /** Of the sweep that the draft is of. */
  readonly charts: readonly SweepChart[];
  readonly ready: readonly ReadySweep[];
}

export interface FigureInfo {
  readonly name: string;
  readonly label: string;
  readonly unit?: "share" | "milliseconds";
}

export type ToSweepsPage =
  | { readonly type: "sweeps"; readonly sweeps: readonly SweepInfo[]; readonly shown: string | undefined }
  | {
      readonly type: "map";
      readonly id: string;
      readonly axes: readonly HeatAxis[];
      readonly figures: readonly FigureInfo[];
      readonly map: HeatMap;
    }
  | {
      readonly type: "runs";
      readonly id: string;
      readonly column: string;
      readonly row: string;
      readonly runs: readonly CellInfo[];
    }
  | { readonly type: "form"; readonly form: SweepFormData }
  | { readonly type: "check"; readonly check: SweepCheck }
  /** The sweep that was asked for is begun: the form may close. */
  | { readonly type: "begun" };

export type FromSweepsPage =
  | { readonly type: "ready" }
  | { readonly type: "select"; readonly id: string }
  | { readonly type: "choose"; readonly choice: HeatChoice }
  | {
      readonly type: "start" | "pause" | "stop" | "forget" | "openFile" | "showResults" | "saveMap";
      readonly id: string;
    }
  | { readonly type: "openPlace"; readonly id: string; readonly column: string; readonly row: string }
  | { readonly type: "openRun"; readonly id: string; readonly name: string }
  /** Asks for the form: filled in from the settings, or as a sweep is. */
  | { readonly type: "new" }
  | { readonly type: "duplicate"; readonly id: string }
  | { readonly type: "openSweep" }
  | { readonly type: "check"; readonly draft: SweepDraft }
  /**
   * Begins the sweep if nothing is wrong with it; without a name it gets one that tells its axes. Charts of axes that it has
   * no more are left out.
   */
  | {
      readonly type: "begin";
      readonly name: string;
      readonly draft: SweepDraft;
      readonly charts: readonly SweepChart[];
    };
