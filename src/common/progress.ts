// What the engine is busy with before iterations come, and how far it has come.

export interface Progress {
  /** For people: "Waiting for the run before", "Writing random weights", "Opening the network"… */
  readonly stage: string;
  /** Work done and to do, in any one unit, where it is known. */
  readonly done?: number;
  readonly total?: number;
}

export type OnProgress = (progress: Progress) => void;
