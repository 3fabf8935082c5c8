// The events of a made-up run, as the engine would tell them.

import type {
  Certainty,
  EndEvent,
  RestartResult,
  RunEvent,
  StartEvent,
  StepEvent,
} from "../../src/experiments/events.ts";
import { type ExperimentRequest, type ExperimentSpec, parseSpec } from "../../src/experiments/spec.ts";
import { type InversionRequest, type InversionSpec } from "../../src/experiments/methods/inversion.ts";
import { PLAIN_RESULT } from "./results.ts";

export const PROMPT = { ids: [464, 6766, 13], tokens: ["The", " sky", "."] };

export const spec = (request: Partial<InversionRequest> = {}): InversionSpec =>
  parseSpec({ prompt: PROMPT.tokens.join(""), iterations: 10, every: 5, ...request });

export const startEvent = (of: ExperimentSpec = spec()): StartEvent => ({
  type: "start",
  spec: of,
  target: {
    tokenIds: PROMPT.ids,
    tokens: PROMPT.tokens,
    text: PROMPT.tokens.join(""),
    nextToken: { id: 198, text: "\n" },
  },
  shiftDistance: 2,
  shiftDistances: [1, 2, 3],
  device: "cpu",
  checkpoint: { source: of.checkpoint, fingerprint: "f" },
  versions: {},
});

/** `right` of the prompt's tokens are found, the first ones. */
export const stepEvent = (iteration: number, right: number, changes: Partial<StepEvent> = {}): StepEvent => {
  const tokens = PROMPT.ids.map((id, position) =>
    position < right ? { id, text: PROMPT.tokens[position] } : { id: 7000 + position, text: " wrong" },
  );
  return {
    type: "step",
    restart: 0,
    iteration,
    learningRate: 0.01,
    outputDistance: 10 / (iteration + 1),
    inputDistance: 5,
    ratio: 1,
    tokenIds: tokens.map(({ id }) => id),
    text: tokens.map(({ text }) => text).join(""),
    topK: tokens.map((token) => [
      { ...token, score: 0.9 },
      { id: 1, text: "!", score: 0.1 },
    ]),
    targetRanks: tokens.map((_, position) => (position < right ? 1 : 42)),
    ...changes,
  };
};

export const endEvent = (steps: readonly StepEvent[], changes: Partial<EndEvent> = {}): EndEvent => {
  const restarts = steps.map(resultOf);
  return {
    type: "end",
    status: "completed",
    iterations: steps[0].iteration,
    best: restarts.find(({ exact }) => exact) ?? restarts[0],
    restarts,
    elapsedMs: 1500,
    ...changes,
  };
};

function resultOf(step: StepEvent): RestartResult {
  const wrong = step.tokenIds.filter((id, position) => id !== PROMPT.ids[position]);
  const exact = wrong.length === 0;
  return {
    ...PLAIN_RESULT,
    restart: step.restart,
    iteration: step.iteration,
    tokenIds: step.tokenIds,
    tokens: step.topK.map(([{ text }]) => text),
    text: step.text,
    exact,
    hamming: { top1: wrong.length / PROMPT.ids.length, top5: wrong.length / PROMPT.ids.length },
    outputDistance: step.outputDistance,
    inputDistance: step.inputDistance,
    discreteDistance: exact ? 0 : 3,
    beatsShift: exact,
    beatsShiftAt: exact ? 4 : null,
    nextToken: exact ? { id: 198, text: "\n" } : { id: 11, text: "," },
    sameNextToken: exact,
  };
}

export const exactSpec = (changes: Partial<ExperimentRequest> = {}): ExperimentSpec =>
  parseSpec({ method: "exact", prompt: PROMPT.tokens.join(""), ...changes });

/** A round of exact recovery; tokens of no certainty are wrong. */
export const roundEvent = (
  round: number,
  position: number,
  certainty: readonly Certainty[],
  changes: Partial<StepEvent> = {},
): StepEvent => {
  const right = certainty.findIndex((each) => each === "unknown");
  const settled = (value: number) => certainty.map((each) => (each === "unknown" ? null : value));
  return stepEvent(round, right < 0 ? certainty.length : right, {
    learningRate: 0,
    round,
    position,
    certainty,
    proved: certainty.map((each) => each === "proved"),
    distances: settled(0.25),
    margins: settled(0.5),
    tried: certainty.map((each) => (each === "unknown" ? 0 : 4)),
    candidates: [],
    tokenForwards: 10 * (round + 1),
    ...changes,
  });
};

/** One proved, one most likely, one that nothing fits. */
export function exactRun(of: ExperimentSpec = exactSpec()): RunEvent[] {
  const tried = [
    { id: 6766, text: " sky", distance: 0.25 },
    { id: 5, text: " cloud", distance: 0.75 },
  ];
  const steps = [
    roundEvent(0, 1, ["proved", "unknown", "unknown"]),
    roundEvent(1, 2, ["proved", "likely", "unknown"], { triedAt: 1, candidates: tried }),
    roundEvent(2, 3, ["proved", "likely", "unknown"], { distances: [0.25, 0.25, 0.5], tried: [4, 4, 28] }),
  ];
  const { proved, certainty, distances, margins, tried: counts } = steps[2];
  const [found] = endEvent([steps[2]]).restarts;
  const best = { ...found, proved, certainty, distances, margins, tried: counts };
  const fit = { tokens: 8000, seconds: 10, cached: true, hitRate: 0.98 };
  return [{ ...startEvent(of), fit }, ...steps, endEvent([steps[2]], { best, restarts: [best], tokenForwards: 30 })];
}

/** A run of one restart that finds the prompt. */
export const wholeRun = (of: ExperimentSpec = spec()): RunEvent[] => {
  const steps = [stepEvent(0, 0), stepEvent(5, 2), stepEvent(10, 3)];
  return [startEvent(of), ...steps, endEvent([steps[2]])];
};
