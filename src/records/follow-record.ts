// Follows a record while somebody else writes it: another window, the terminal, a sweep.

import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { RunEvent } from "../experiments/events.ts";
import { EVENTS_FILE } from "./record-files.ts";
import { ifThere, readListing, type RunListing, throwIfTooLong, withEvents } from "./read-record.ts";
import { parseEvent } from "./record-schema.ts";

/** How often the record is looked at. */
const PERIOD_MS = 200;
/** Bytes that are read at once: nobody is to be held up by a long record. */
const PIECE = 1 << 20;

/** What has come of a record since the last look. */
export interface RecordNews {
  readonly events: readonly RunEvent[];
  /** The record as it is in the end; missing while its writer goes on. */
  readonly ended?: RunListing;
}

/**
 * All events of a record from its beginning, as they come, until its writer has ended or is gone; ends quietly when the
 * signal is aborted. Throws a LabError (storage).
 */
export async function* followRun(folder: string, signal: AbortSignal): AsyncGenerator<RecordNews, void, void> {
  let from = 0;
  while (!signal.aborted) {
    // Looked up first: what a writer that ends in between has written is there by then.
    const listing = await readListing(folder);
    const { events, to } = await eventsFrom(folder, from);
    const more = to > from;
    from = to;
    if (more) yield { events };
    else if (listing.status !== "running") return yield { events, ended: listing };
    else await wait(PERIOD_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Whole lines from a place of the file on, one at least where there is one, and where the next begins. */
async function eventsFrom(folder: string, from: number): Promise<{ events: RunEvent[]; to: number }> {
  const file = path.join(folder, EVENTS_FILE);
  const news = await ifThere(
    withEvents(file, async (handle) => {
      for (let length = PIECE; ; length *= 2) {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
        const end = buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1;
        if (end === 0) throwIfTooLong(bytesRead, file);
        if (end === 0 && bytesRead === length) continue;
        const lines = buffer.toString("utf8", 0, end).split("\n").slice(0, -1);
        return { events: lines.map((line) => parseEvent(line, `A line of ${file}`)), to: from + end };
      }
    }),
  );
  return news ?? { events: [], to: from }; // not begun
}
