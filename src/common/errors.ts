// The one error type that people get to read: a sentence that says what was wrong, with which value, and what to do.

/** What kind of trouble it was; callers branch on this and never on the text. */
export type LabErrorKind =
  | "badInput" // the request itself cannot be carried out as written
  | "checkpoint" // the weights are missing, damaged or not of a network we know
  | "access" // the hub does not show them, or not to everybody: a token may help
  | "memory" // it would not fit
  | "device" // the device is not there, or does not work
  | "storage" // a folder cannot be read or written
  | "network" // the hub cannot be reached, or breaks off
  | "engine" // the engine process ended before its work did
  | "cancelled"; // somebody asked it to stop

export class LabError extends Error {
  readonly kind: LabErrorKind;

  constructor(kind: LabErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LabError";
    this.kind = kind;
  }
}

/** A LabError as it crosses a process boundary. */
export interface LabErrorData {
  readonly kind: LabErrorKind;
  readonly message: string;
}

/** Any thrown value as data; what is not a LabError is our own defect, or the platform's, and keeps its message. */
export function errorData(error: unknown, otherwise: LabErrorKind = "engine"): LabErrorData {
  if (error instanceof LabError) return { kind: error.kind, message: error.message };
  return { kind: otherwise, message: error instanceof Error ? error.message : String(error) };
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return errorData(error).message;
}

/** Throws a LabError of kind "cancelled" once the signal is aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LabError("cancelled", "The run was stopped.");
}
