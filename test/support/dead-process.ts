// A process that is not there.

/** Linux gives no process a higher number than 2²² − 1. */
export const DEAD_PID = 2 ** 22 + 1;
