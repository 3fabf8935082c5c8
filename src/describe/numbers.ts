// Numbers and counts in words, for the page, which takes values from this room alone.

export { counted, plural } from "../common/counts.ts";
export { duration, figure, roughTime } from "../common/number-format.ts";
