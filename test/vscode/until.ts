// Waiting, with a sentence when it was for nothing.

import { setTimeout as sleep } from "node:timers/promises";

/** How long any wait may take: a machine may be busy with other things, and where all is well nobody waits so long. */
export const WAIT_MS = 90_000;
/** Of an act that may have been lost, before it is done again. */
const FIRST_WAIT_MS = 2_000;

type Condition = () => Promise<boolean> | boolean;

/** Waits until something is so; says what was not when the time is over. */
export async function until(claim: string, holds: Condition, timeoutMs = WAIT_MS): Promise<void> {
  if (!(await holdsWithin(timeoutMs, holds))) throw new Error(`Not within ${timeoutMs / 1000} s: ${claim}.`);
}

/**
 * Does something until what is to come of it is there: a page that is being drawn loses keys and clicks. Each wait is
 * longer than the one before, so that what is only slow is not done again for ever. An act that throws is done again
 * too; it is handed how long it may take.
 */
export async function repeatUntil(
  claim: string,
  act: (timeoutMs: number) => Promise<unknown>,
  holds: Condition,
): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  let trouble = "";
  for (let waitMs = FIRST_WAIT_MS; performance.now() < deadline; waitMs *= 2) {
    trouble = await act(waitMs).then(
      () => "",
      (error: unknown) => ` ${String(error)}`,
    );
    if (await holdsWithin(Math.min(waitMs, deadline - performance.now()), holds)) return;
  }
  throw new Error(`Not within ${WAIT_MS / 1000} s: ${claim}.${trouble}`);
}

async function holdsWithin(timeoutMs: number, holds: Condition): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}
