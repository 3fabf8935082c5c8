// Gradient inversion: which input has the hidden states of this text? Starting from noise,
//   e ← e − η ∇ₑ d(O(e), O(e*)),   η falling linearly to η/10   (equations 1 and 2),
// for B start points at once; what each has become is read as tokens on a schedule (equation 3).

import { t } from "@vscode/l10n";
import { yieldToEventLoop } from "../../common/event-loop.ts";
import { plural } from "../../common/counts.ts";
import { figure } from "../../common/number-format.ts";
import type { FloatArray } from "../../common/floats.ts";
import type { COMMON_FIELDS } from "../common-fields.ts";
import type { RunEvent } from "../events.ts";
import { gradientNotFinite, throwIfNotFinite } from "../finite.ts";
import { beforeFirst, type FirstIterations, withShown, withUnshown } from "../first-iterations.ts";
import { integer, oneOf, positive, type RequestOf } from "../fields.ts";
import { RATES, searchLearningRate } from "../learning-rate-search.ts";
import { absoluteDistances } from "../metrics.ts";
import { learningRateAt, OPTIMIZER_RULES, OPTIMIZERS } from "../optimizers.ts";
import type { ExperimentSetting } from "../setting.ts";
import { startPoints, STARTS } from "../start-points.ts";
import {
  type Candidate,
  computeTarget,
  endEvent,
  isCloser,
  judge,
  startEvent,
  stepEvent,
  throwIfDiverged,
} from "../target.ts";
import type { Method, SpecOf } from "./method.ts";
import { recoveryVerdict } from "./verdicts.ts";

const schema = {
  iterations: integer(1, 1_000_000, { default: 200, description: "Number of update steps, N." }),
  learningRate: {
    anyOf: [positive(1000, {}), { type: "string", const: "auto" }],
    default: 0.01,
    description: "η at the first step; falls linearly to η/10. auto tries a ladder of rates first.",
  },
  optimizer: oneOf(OPTIMIZERS, { default: "adam", description: "Plain gradient descent, or Adam." }),
  start: oneOf(STARTS, { default: "matched", description: "Distribution of the noise in the start point." }),
  startMean: { type: "number", description: "μ of the noise; only with start custom." },
  startStd: positive(undefined, { description: "σ of the noise; only with start custom." }),
  noiseShare: { type: "number", default: 1, description: "Weight s of the noise in e₀ = s·N(μ, σ) + t·e*." },
  targetShare: {
    type: "number",
    default: 0,
    description: "Weight t of the prompt's embedding in e₀ = s·N(μ, σ) + t·e*.",
  },
  stopWhenExact: integer(0, 1_000_000, {
    description:
      "Stop when every restart has decoded to the prompt for so many iterations in a row; 0, or left out, goes on to N.",
  }),
} as const;

export type InversionSpec = SpecOf<"inversion", typeof schema>;
export type InversionRequest = RequestOf<Omit<typeof COMMON_FIELDS, "prompt"> & typeof schema> & {
  readonly method?: "inversion";
  readonly prompt: string;
};

/**
 * The source's own setting: every token at position 0, the head put on the block without the final LayerNorm, L1, plain
 * descent from N(1/2, 1/20) at the one rate and length it states (η = 0.001, N = 2000).
 */
export const SOURCE_PRESET = {
  output: "blockHead",
  positions: "first",
  metric: "l1",
  reduction: "sum",
  fromPosition: 0,
  channels: undefined,
  optimizer: "gd",
  start: "source",
  startMean: undefined,
  startStd: undefined,
  noiseShare: 1,
  targetShare: 0,
  learningRate: 0.001,
  iterations: 2000,
  stopWhenExact: undefined,
  decoder: "pseudoinverse",
  vocabulary: undefined,
  dtype: "float32",
  shiftStd: 0.05,
  shiftUnit: "absolute",
} as const satisfies Partial<InversionRequest>;

/** What the rates that are tried cost: eight restarts for a tenth of the iterations. */
const RATE_SEARCH = 0.3;

export const inversion = {
  name: "inversion",
  command: [["invert", "search for inputs that give the same hidden states as a text"]],
  editorCommand: "invertSelection",
  goal: "recover",
  schema,
  settings: ["iterations", "learningRate", "optimizer", "start", "stopWhenExact"],
  presets: { default: {}, source: SOURCE_PRESET },
  implied: ({ startMean, startStd }) => (startMean === undefined && startStd === undefined ? {} : { start: "custom" }),
  complete(values, nameOf) {
    const custom = values["start"] === "custom";
    if (custom === (values["startMean"] !== undefined) && custom === (values["startStd"] !== undefined)) return values;
    const [mean, std, name] = ["startMean", "startStd", "start"].map(nameOf);
    return `${mean} and ${std} go together, and with ${name} custom only.`;
  },
  describe: {
    title: () => t("Inversion"),
    formula: () =>
      t("e ← e − η ∇ₑ d(O(e), O(e*)),  from e₀ = s·N(μ, σ) + t·e*;  η falls linearly to η/10 over N iterations"),
    doing: (prompt) => t("Inverting “{0}”", prompt),
    heading: (prompt) => t("Inversion: {0}", prompt),
    parts: (spec: InversionSpec) => {
      const { start, startMean, startStd, noiseShare, targetShare, optimizer, learningRate, stopWhenExact = 0 } = spec;
      const noise = start === "custom" ? `N(${startMean}, ${startStd})` : start;
      return [
        noiseShare !== 1 || targetShare !== 0
          ? t("start {0}, {1}·noise + {2}·e*", noise, noiseShare, targetShare)
          : t("start {0}", noise),
        t(
          "{0}, η {1}",
          optimizer === "adam" ? "Adam" : t("gradient descent"),
          learningRate === "auto" ? t("found by trying") : figure(learningRate),
        ),
        ...(stopWhenExact === 0 ? [] : [t("stops when exact for {0}", plural(stopWhenExact, "iteration"))]),
      ];
    },
    short: ({ optimizer, learningRate }: InversionSpec) =>
      `${optimizer === "adam" ? "Adam" : t("descent")} ${learningRate}`,
  },
  verdict: recoveryVerdict,
  series: [],
  cost: ({ iterations, learningRate }: InversionSpec) => iterations * (learningRate === "auto" ? 1 + RATE_SEARCH : 1),
  run: invert,
} satisfies Method<typeof schema>;

/**
 * Runs the inversion: a start event, a step event for every restart at iterations 0, `every`, 2·`every`… and N, and an
 * end event. It ends at the shown iteration at which every restart has been exact for `stopWhenExact` iterations. Once the signal is aborted it ends after the iteration at hand, with what it has. Throws a LabError when
 * the descent diverges.
 */
export async function* invert(
  spec: InversionSpec,
  setting: ExperimentSetting,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const { decoder, now } = setting;
  const rateSearch = spec.learningRate === "auto" ? await triedRates(spec, setting, signal) : undefined;
  const network = await setting.open({ batch: spec.restarts });
  const began = now();
  const target = await computeTarget(spec, setting, network);
  yield startEvent(spec, setting, target, { rateSearch });

  const e = startPoints(spec, target.embedding, setting.moments);
  const update = OPTIMIZER_RULES[spec.optimizer](e.length, network.type);
  const tracker = new ClosestIterates(e, spec.restarts, target.shiftDistance);
  const { targetIds } = setting;
  let firsts = Array.from({ length: spec.restarts }, () => beforeFirst(targetIds.length));
  const N = spec.iterations;
  const rate = rateSearch?.chosen ?? (spec.learningRate as number);
  let final: Candidate;
  for (let n = 0; ; n++) {
    const { distance, gradient } = await network.distanceAndGradient(e, target.output);
    const outputDistances = Array.from(distance);
    throwIfDiverged(outputDistances, n, rate, network.type);
    if (n < N) throwIfNotFinite(gradient, gradientNotFinite(n, network.type));
    tracker.visit(n, e, outputDistances);
    const learningRate = learningRateAt(rate, n, N);
    const isLast = n === N || signal.aborted;
    if (n % spec.every === 0 || isLast) {
      const decodings = await decoder.decode(e);
      firsts = firsts.map((first, restart) => withShown(first, n, decodings[restart].tokenIds, targetIds));
      const inputDistances = absoluteDistances(e, target.embedding, spec.restarts);
      for (let restart = 0; restart < spec.restarts; restart++) {
        yield stepEvent(setting, decodings[restart], {
          restart,
          iteration: n,
          learningRate,
          outputDistance: outputDistances[restart],
          inputDistance: inputDistances[restart],
        });
      }
      if (isLast || isExactForLong(spec, firsts, n)) {
        final = { embedding: e, iterations: outputDistances.map(() => n), outputDistances, decodings };
        break;
      }
    }
    update(e, gradient, learningRate);
    await yieldToEventLoop(); // Without this no cancellation would ever arrive.
  }

  const closest: Candidate = { ...tracker.closest, decodings: await decoder.decode(tracker.closest.embedding) };
  const courses = tracker.beatsShiftAt.map((at, restart) => ({
    beatsShift: at !== null,
    beatsShiftAt: at,
    ...withUnshown(firsts[restart], closest.iterations[restart], closest.decodings[restart].tokenIds, targetIds),
  }));
  const results = await judge(spec, setting, target, [final, closest], courses);
  const [n] = final.iterations;
  const end = endEvent(spec, n, results, isCloser, now() - began);
  yield isExactForLong(spec, firsts, n) ? { ...end, status: "completed" } : end;
}

/** Has every restart been exact for as many iterations as are enough? The one at which it became exact is the first. */
const isExactForLong = ({ stopWhenExact = 0 }: InversionSpec, firsts: readonly FirstIterations[], n: number): boolean =>
  stopWhenExact > 0 && firsts.every(({ exactSince }) => exactSince !== null && n - exactSince + 1 >= stopWhenExact);

async function triedRates(spec: InversionSpec, setting: ExperimentSetting, signal: AbortSignal) {
  setting.onProgress?.({ stage: "Looking for a learning rate" });
  return searchLearningRate(spec, setting, await setting.open({ batch: RATES.length }), signal);
}

/** Keeps each restart's iterate of smallest output distance, and when it first passed the shift test. */
class ClosestIterates {
  readonly closest: {
    readonly embedding: FloatArray;
    readonly iterations: number[];
    readonly outputDistances: number[];
  };
  readonly beatsShiftAt: (number | null)[];
  readonly #shiftDistance: number;

  constructor(start: FloatArray, restarts: number, shiftDistance: number) {
    this.closest = {
      embedding: start.slice(),
      iterations: new Array<number>(restarts).fill(0),
      outputDistances: new Array<number>(restarts).fill(Infinity),
    };
    this.beatsShiftAt = new Array<null>(restarts).fill(null);
    this.#shiftDistance = shiftDistance;
  }

  visit(iteration: number, embedding: FloatArray, outputDistances: readonly number[]): void {
    const { closest } = this;
    const size = embedding.length / outputDistances.length;
    outputDistances.forEach((distance, restart) => {
      if (distance < this.#shiftDistance) this.beatsShiftAt[restart] ??= iteration;
      if (distance >= closest.outputDistances[restart]) return;
      closest.outputDistances[restart] = distance;
      closest.iterations[restart] = iteration;
      closest.embedding.set(embedding.subarray(restart * size, (restart + 1) * size), restart * size);
    });
  }
}
