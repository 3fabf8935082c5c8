// Amounts of memory and storage as people read them.

const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"] as const;

/** "1 byte", "512 bytes", "186 MB", "1.2 GB": decimal units, two digits or more. */
export function formatBytes(bytes: number): string {
  if (bytes === 1) return "1 byte";
  let amount = bytes;
  let unit = 0;
  // What would round to 1000 of a unit is 1 of the next.
  while (Math.round(amount) >= 1000 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${unit > 0 && amount < 9.95 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`;
}
