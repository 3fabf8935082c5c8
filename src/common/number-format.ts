// Numbers and times as people read them.

/** So many significant digits, without zeros at the end; four are as many as two runs can be compared by. */
export const figure = (value: number, digits = 4): string => String(Number(value.toPrecision(digits)));

/** "0.8 s", "2 min 5 s", "1 h 2 min". */
export function duration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Of an estimate: "40 s", "3 min", "2.5 h" */
export function roughTime(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${figure(seconds / 3600, 2)} h`;
}
