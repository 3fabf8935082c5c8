// Who writes a record, so that a reader can tell a run that goes on from one whose writer is gone.

import os from "node:os";
import { isRunning, type ProcessId, thisProcess } from "../common/processes.ts";

export interface Writer extends ProcessId {
  readonly host: string;
}

export const thisWriter = (): Writer => ({ host: os.hostname(), ...thisProcess() });

/**
 * Is the writer still there? One on another machine cannot be asked and counts as gone; its run shows as interrupted until
 * its summary is there.
 */
export const isAlive = (writer: Writer): boolean => writer.host === os.hostname() && isRunning(writer);
