// Letting other work of the process have its turn in the middle of a long computation.

/** Resolves after the events that are waiting, messages among them: a session's `run` blocks the thread. */
export const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
