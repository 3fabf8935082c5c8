// One worker at a time on a file, over processes and windows: a lock file beside it that its owner keeps fresh. Node has
// no flock. A lock whose owner is gone, or has not touched it for a minute, is anybody's.

import { randomBytes } from "node:crypto";
import { readFile, rename, rm, stat, utimes } from "node:fs/promises";
import os from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { throwIfCancelled } from "./errors.ts";
import { errorCode, writeNew } from "./files.ts";
import { isRunning, thisProcess } from "./processes.ts";

const FRESH_MS = 60_000;
const TOUCH_MS = 5_000;
const LOOK_AGAIN_MS = 250;

export interface LockOptions {
  readonly signal?: AbortSignal;
  /** Called again and again while somebody else has the lock. */
  readonly onWaiting?: () => void | Promise<void>;
}

/**
 * Holds the lock while `work` runs. Whoever works under one must bear that it is broken, by a machine that slept for a
 * minute, say. Throws a LabError (cancelled); trouble of the file system is passed on.
 */
export async function withFileLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  await acquire(file, options);
  const touch = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, TOUCH_MS).unref();
  try {
    return await work();
  } finally {
    clearInterval(touch);
    await rm(file, { force: true }).catch(() => undefined);
  }
}

async function acquire(file: string, { signal, onWaiting }: LockOptions): Promise<void> {
  for (;;) {
    throwIfCancelled(signal);
    try {
      return await writeNew(file, JSON.stringify({ host: os.hostname(), ...thisProcess() }));
    } catch (error) {
      // Windows says EPERM of a file that is about to be removed.
      if (errorCode(error) !== "EEXIST" && errorCode(error) !== "EPERM") throw error;
    }
    if (await isAbandoned(file)) {
      // Renamed first: of two that find it abandoned, one gets it.
      const stale = `${file}.${randomBytes(6).toString("hex")}`;
      await rename(file, stale).then(
        () => rm(stale, { force: true }),
        () => undefined,
      );
      continue;
    }
    await onWaiting?.();
    await wait(LOOK_AGAIN_MS);
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(file);
    if (Date.now() - mtimeMs > FRESH_MS) return true;
    const { host, pid, began } = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    // Older versions wrote no beginning.
    const owner = { pid: pid as number, began: typeof began === "string" ? began : "" };
    return host === os.hostname() && Number.isSafeInteger(pid) && !isRunning(owner);
  } catch {
    return false; // being written, or gone
  }
}
