// One process at a time: a lock file that names its holder, and that the next process takes over when the holder is gone.

import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Runs `work` while no other process runs its own under the same file; waits as long as that takes.
 * @template T
 * @param {string} file the lock file; its folder is made when it is missing
 * @param {() => Promise<T> | T} work
 * @returns {Promise<T>}
 */
export async function withLock(file, work) {
  mkdirSync(path.dirname(file), { recursive: true });
  const claim = `${file}.${process.pid}`;
  writeFileSync(claim, `${process.pid}`);
  try {
    for (let said = false; !linked(claim, file);) {
      const holder = holderOf(file);
      if (holder === undefined) continue;
      if (!isAlive(holder)) breakLock(file, holder);
      else if (!said) {
        console.error(`Waiting for process ${holder}, which holds ${file} (delete that file if it never ends).`);
        said = true;
      } else await sleep(100);
    }
  } finally {
    rmSync(claim, { force: true });
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** A hard link appears with its content or not at all, so nobody ever reads half a claim. */
function linked(/** @type {string} */ claim, /** @type {string} */ file) {
  try {
    linkSync(claim, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
    return false;
  }
}

/** @returns {number | undefined} nothing when the lock has just been let go */
function holderOf(/** @type {string} */ file) {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function isAlive(/** @type {number} */ pid) {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}

/** Has it ended, and nobody has waited for it? Only Linux tells. */
function isZombie(/** @type {number} */ pid) {
  try {
    return /\) [ZXx] [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Takes a dead holder's lock away; when a live process has claimed it in the meantime, gives it back. */
function breakLock(/** @type {string} */ file, /** @type {number} */ holder) {
  const broken = `${file}.broken.${process.pid}`;
  try {
    renameSync(file, broken);
  } catch {
    return; // somebody else was faster
  }
  if (holderOf(broken) !== holder) linked(broken, file);
  rmSync(broken);
}
