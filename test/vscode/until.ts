// Waiting, with a sentence when it was for nothing.

import { setTimeout as sleep } from "node:timers/promises";

/** Waits until something is so; says what was not when the time is over. */
export async function until(claim: string, holds: () => Promise<boolean> | boolean, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs / 1000} s: ${claim}.`);
    await sleep(50);
  }
}
