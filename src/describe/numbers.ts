// Numbers and counts in words, for the page, which takes values from this room alone.

export { plural } from "../common/counts.ts";
export { figure, roughTime } from "../common/number-format.ts";
