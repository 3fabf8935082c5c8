// Letting other work of the process have its turn in the middle of a long computation.

/** Node has it; a page, which imports the methods for their words alone, never calls it. */
interface Timers {
  setImmediate(callback: () => void): void;
}

/** Resolves after the events that are waiting, messages among them: a session's `run` blocks the thread. */
export const yieldToEventLoop = (): Promise<void> =>
  new Promise((resolve) => (globalThis as unknown as Timers).setImmediate(resolve));
