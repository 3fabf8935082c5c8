// What the engine is busy with before iterations come, and how far it has come.

import { formatBytes } from "./bytes.ts";

export interface Progress {
  /** For people: "Queued behind another run", "Writing random weights", "Opening the network"… */
  readonly stage: string;
  /** Work done and to do, in any one unit, where it is known. */
  readonly done?: number;
  readonly total?: number;
  /** What is left to wait, about, where that is known. */
  readonly secondsLeft?: number;
  /** Of a download: how fast it is; done and total are bytes then. */
  readonly bytesPerSecond?: number;
}

export type OnProgress = (progress: Progress) => void;

/** "236 MB of 548 MB, 12 MB/s" */
export const describeBytes = (done: number, total: number, bytesPerSecond: number): string =>
  `${formatBytes(done)} of ${formatBytes(total)}, ${formatBytes(bytesPerSecond)}/s`;

/** "about 25 s left"; nothing where it is not worth a word. */
export function describeTimeLeft(seconds = 0): string {
  if (!(seconds >= 2)) return "";
  return seconds < 90 ? `about ${Math.round(seconds)} s left` : `about ${Math.round(seconds / 60)} min left`;
}
