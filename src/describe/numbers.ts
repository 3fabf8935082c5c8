// Numbers and counts in words, for the page, which takes values from this room alone.

export { describeTimeLeft } from "../common/progress.ts";
export { plural } from "../common/counts.ts";
export { figure, roughTime } from "../common/number-format.ts";
