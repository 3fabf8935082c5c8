// Everything that crosses between the extension host and the panel's page: one union a direction, plain JSON.

import type { LabErrorData } from "../common/errors.ts";
import type { PrintedFigure } from "../reports/line-chart.ts";
import type { Progress } from "../engine/messages.ts";
import type { RestartResult, RunEvent } from "../experiments/events.ts";
import type { ExperimentSpec, RequestSchema } from "../experiments/spec.ts";

export type RunPhase =
  /** Behind another run, which may be paused; how far that is as a figure, "27/100", once it has begun. */
  | { readonly kind: "waiting"; readonly behind: string; readonly reached?: string; readonly behindPaused?: boolean }
  /** No iteration yet; the engine says what it is busy with. */
  | { readonly kind: "preparing"; readonly progress?: Progress }
  | { readonly kind: "running" }
  /** Asked to pause; does so after the iteration that is shown next. */
  | { readonly kind: "pausing" }
  /** Stands still, since when in milliseconds since 1970. */
  | { readonly kind: "paused"; readonly since: number }
  /** Asked to stop; ends after the iteration at hand. */
  | { readonly kind: "stopping" }
  /** Carried out by a sweep, another window or the terminal, and followed here. */
  | { readonly kind: "external" }
  | { readonly kind: "completed" }
  | { readonly kind: "cancelled" }
  /** The window went while the run was going on. */
  | { readonly kind: "interrupted" }
  | { readonly kind: "failed"; readonly error: LabErrorData };

export interface RunInfo {
  readonly id: string;
  readonly spec: ExperimentSpec;
  readonly phase: RunPhase;
  /** Where its record is; missing before the record is begun. */
  readonly folder?: string;
  /** When it was asked for, in milliseconds since 1970; missing of a run that was taken from its record. */
  readonly askedAt?: number;
  /** When the first event came, in milliseconds since 1970. */
  readonly startedAt?: number;
  /** How long it stood still before, in milliseconds. */
  readonly pausedMs?: number;
  /** How long it took, pauses left out; missing while it goes on. */
  readonly elapsedMs?: number;
  /** What it came to; missing while it goes on, and where it did not end in order. */
  readonly best?: RestartResult;
  /** The runs of its comparison, itself among them, in the order of their columns and colours; empty where it has none. */
  readonly compared: readonly string[];
  /** Trouble that the run survived: its record ends early. */
  readonly warning?: string;
}

export interface RunHistory {
  readonly id: string;
  readonly events: readonly RunEvent[];
}

/** What is wrong with a request, at one of its fields; "" is none of them. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

export interface FormData {
  /** JSON schema of each method's request. */
  readonly schemas: Readonly<Record<string, RequestSchema>>;
  readonly commonFields: readonly string[];
  /** Checkpoints that need not be looked for. */
  readonly checkpoints: readonly string[];
  readonly request: Readonly<Record<string, unknown>>;
}

export type ToPage =
  /** Everything anew: all runs of the session, and what the shown one and those compared with it have told so far. */
  | {
      readonly type: "show";
      readonly runs: readonly RunInfo[];
      readonly shown?: RunHistory;
      readonly beside: readonly RunHistory[];
    }
  | { readonly type: "run"; readonly run: RunInfo }
  /** More events of the shown run, or of one beside it. */
  | { readonly type: "events"; readonly id: string; readonly events: readonly RunEvent[] }
  /** Asks for an SVG as a PNG: the page has what draws it. */
  | { readonly type: "rasterise"; readonly request: number; readonly svg: string }
  | { readonly type: "form"; readonly form: FormData }
  /** The answer to a request that was to be checked or started. */
  | { readonly type: "problems"; readonly request: unknown; readonly problems: readonly FieldProblem[] };

export type FromPage =
  | { readonly type: "ready" }
  | { readonly type: "select"; readonly id: string }
  | { readonly type: "compare"; readonly id: string; readonly beside: readonly string[] }
  | { readonly type: "stop"; readonly id: string }
  | { readonly type: "pause"; readonly id: string }
  | { readonly type: "resume"; readonly id: string }
  | { readonly type: "runAgain"; readonly id: string; readonly preset?: string }
  /** Proves what the run's hidden states determine, and compares. */
  | { readonly type: "recoverExactly"; readonly id: string }
  /** A run that the method of this one suggests, by its name. */
  | { readonly type: "suggested"; readonly id: string; readonly name: string }
  | { readonly type: "duplicate"; readonly id: string }
  | { readonly type: "check"; readonly request: unknown }
  | { readonly type: "start"; readonly request: unknown }
  /** Saves a plot as it is seen, in the format that its file is to have. */
  | { readonly type: "saveFigure"; readonly id: string; readonly figure: PrintedFigure; readonly format: "svg" | "png" }
  /** The answer to a request: the PNG in base64, or why there is none. */
  | {
      readonly type: "rasterised";
      readonly request: number;
      readonly png?: string;
      readonly problem?: string;
    }
  | { readonly type: "export"; readonly id: string; readonly comparison: boolean }
  | { readonly type: "showLog" };
