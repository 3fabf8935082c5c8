// The methods for those who only tell of them: pages and lists.

export { defaultMethod, methodNames, METHODS, methodOf } from "../experiments/methods/table.ts";
