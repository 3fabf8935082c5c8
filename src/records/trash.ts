// Records that were deleted and can still come back: moved into a folder beside the runs, one batch a deletion, and gone
// for good a week later.

import { subjectOf } from "../describe/spec-subject.ts";
import { randomBytes } from "node:crypto";
import { readdir, rename, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { storageError } from "../common/files.ts";
import { LabError } from "../common/errors.ts";
import { makeFolder } from "../common/folders.ts";
import { readListing, type RunListing } from "./read-record.ts";

const KEPT_MS = 7 * 24 * 60 * 60 * 1000;
/** `1790000000000-3f9a`: when the batch was deleted, in milliseconds since 1970. */
const BATCH = /^(\d+)-[0-9a-f]+$/;

/** The folder in a cache folder that holds what was deleted from its runs. */
export const trashFolder = (cache: string): string => path.join(cache, "deleted-runs");

/** What one deletion took away. */
export interface Batch {
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly deletedAt: number;
  readonly runs: readonly RunListing[];
}

/**
 * Moves records into a new batch, each whole or not at all; resolves to the batch's folder. A run that goes on stays, and so
 * do all others then. Throws a LabError: badInput for a run that goes on, storage for a record that cannot be moved.
 */
export async function moveToTrash(records: readonly string[], trash: string, now: number): Promise<string> {
  for (const record of records) {
    // A record that cannot be read is one that its owner wants to be rid of all the more.
    const listing = await readListing(record).catch(() => undefined);
    if (listing?.status !== "running") continue;
    throw new LabError(
      "badInput",
      `${JSON.stringify(subjectOf(listing.spec))} is still running: stop it, then delete it.`,
    );
  }
  const batch = path.join(trash, `${now}-${randomBytes(4).toString("hex")}`);
  try {
    await makeFolder(batch);
    for (const record of records) await rename(record, path.join(batch, path.basename(record)));
  } catch (error) {
    // Without a record there is nothing to bring back.
    await rmdir(batch).catch(() => undefined);
    throw storageError(error, trash);
  }
  return batch;
}

/** Moves a batch's records back to the runs. Throws a LabError (storage); what was moved by then is back. */
export async function restore(batch: string, runs: string): Promise<void> {
  try {
    await makeFolder(runs);
    for (const name of await readdir(batch)) await rename(path.join(batch, name), path.join(runs, name));
    await rmdir(batch);
  } catch (error) {
    throw storageError(error, runs);
  }
}

/** All that can come back, the last deletion first. */
export async function listTrash(trash: string): Promise<Batch[]> {
  const batches = (await batchesIn(trash)).map(async ({ folder, deletedAt }) => {
    const names = await readdir(folder).catch(() => []);
    const runs = await Promise.all(names.map((name) => readListing(path.join(folder, name)).catch(() => undefined)));
    return { folder, deletedAt, runs: runs.filter((run) => run !== undefined) };
  });
  return (await Promise.all(batches)).filter(({ runs }) => runs.length > 0).sort((a, b) => b.deletedAt - a.deletedAt);
}

/** Removes for good what was deleted more than a week ago. Never rejects. */
export async function sweepTrash(trash: string, now: number): Promise<void> {
  for (const { folder, deletedAt } of await batchesIn(trash)) {
    if (now - deletedAt > KEPT_MS) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function batchesIn(trash: string): Promise<{ readonly folder: string; readonly deletedAt: number }[]> {
  const names = await readdir(trash).catch(() => []);
  return names.flatMap((name) => {
    const [, deletedAt] = BATCH.exec(name) ?? [];
    return deletedAt === undefined ? [] : [{ folder: path.join(trash, name), deletedAt: Number(deletedAt) }];
  });
}
