// What a run says to a person, in words: the lines that the live view and the plain one share.

import type { EndEvent, RestartResult, StartEvent, StepEvent, Token } from "../experiments/events.ts";
import type { ExperimentSpec } from "../experiments/spec.ts";
import type { Styles } from "./io.ts";
import type { Span } from "./visible-text.ts";

/** Four digits, as many as two runs can be compared by. */
export const figure = (value: number): string => Number(value.toPrecision(4)).toString();

/** "0.8 s", "2 min 5 s", "1 h 2 min". */
export function duration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** The condition: what is inverted, through what, and how. */
export function header(spec: ExperimentSpec): string[] {
  const { checkpoint, initSeed, blocks, output, optimizer, learningRate, metric, start, seed, restarts } = spec;
  const weights = checkpoint.startsWith("random:") ? `${checkpoint} (seed ${initSeed})` : checkpoint;
  const noise = start === "custom" ? `N(${spec.startMean}, ${spec.startStd})` : start;
  const search = [`${optimizer} η ${figure(learningRate)}`, `metric ${metric}`, `start ${noise}`, `seed ${seed}`];
  if (restarts > 1) search.push(counted(restarts, "restart"));
  return [
    `Inverting ${JSON.stringify(spec.prompt)}`,
    `${weights} · ${counted(blocks, "block")} · output ${output}`,
    search.join(" · "),
  ];
}

/** How many of the decoded tokens are the prompt's. */
export const rightTokens = (tokenIds: readonly number[], { target }: StartEvent): number =>
  tokenIds.filter((id, position) => id === target.tokenIds[position]).length;

/**
 * The decoded text with the prompt's tokens marked. One token may hold a part of a character only; its own text is a
 * replacement character then, so a text that is right as a whole is shown as a whole.
 */
export function decoded({ tokenIds, topK, text }: StepEvent, start: StartEvent, { match }: Styles): Span[] {
  if (rightTokens(tokenIds, start) === start.target.tokenIds.length) return [{ text, mark: match }];
  return topK.map(([best], position) =>
    best.id === start.target.tokenIds[position] ? { text: best.text, mark: match } : { text: best.text },
  );
}

const quoted = ({ text }: Token): string => JSON.stringify(text);

/** What came of the run. */
export function summary(end: EndEvent, { spec, target, shiftDistance, device }: StartEvent): string[] {
  const { best, restarts } = end;
  const right = best.tokenIds.filter((id, position) => id === target.tokenIds[position]).length;
  const rows: [string, string][] = [
    ["text", best.text],
    [
      "restart",
      `${best.restart}, at iteration ${best.iteration}` +
        (restarts.length > 1 ? ` (${restarts.filter(({ exact }) => exact).length} of ${restarts.length} exact)` : ""),
    ],
    ["output distance", `${figure(best.outputDistance)}, ${againstShift(best, shiftDistance)}`],
    ["discrete distance", `${figure(best.discreteDistance)}, of the decoded tokens themselves`],
    [
      "next token",
      best.sameNextToken
        ? `${quoted(best.nextToken)}, as after the prompt`
        : `${quoted(best.nextToken)}, and ${quoted(target.nextToken)} after the prompt`,
    ],
    ["seed", String(spec.seed)],
    ["time", `${duration(end.elapsedMs)} for ${counted(end.iterations, "iteration")} on ${device}`],
  ];
  return [verdict(end, right, target.tokenIds.length), ...rows.map(([name, value]) => `  ${name.padEnd(18)}${value}`)];
}

/** A descent that fails shows what this search did, never that the information is gone. */
function verdict({ status, best, iterations }: EndEvent, right: number, length: number): string {
  const stopped = status === "cancelled" ? `Stopped after ${counted(iterations, "iteration")}. ` : "";
  if (best.exact) return `${stopped}Exact: the prompt came back.`;
  return (
    `${stopped}Not exact: ${right} of ${counted(length, "token")} ${right === 1 ? "is" : "are"} right. ` +
    "This search did not find the prompt; another start, rate or length may."
  );
}

function againstShift({ beatsShift, beatsShiftAt }: RestartResult, shiftDistance: number): string {
  const bar = `the shift test's ${figure(shiftDistance)}`;
  return beatsShift ? `first below ${bar} at iteration ${beatsShiftAt}` : `never below ${bar}`;
}
