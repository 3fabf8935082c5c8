// A record that is followed to its end, and what it told.

import { followRun } from "../../src/records/follow-record.ts";

/** Calls `onEvents` whenever events came. */
export async function follow(record: string, signal = new AbortController().signal, onEvents = () => {}) {
  const types: string[] = [];
  let status: string | undefined;
  for await (const { events, ended } of followRun(record, signal)) {
    types.push(...events.map(({ type }) => type));
    if (events.length > 0) onEvents();
    status = ended?.status;
  }
  return { types, status };
}
