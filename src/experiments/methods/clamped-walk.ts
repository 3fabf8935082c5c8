// Clamped gradient walk: move a part of the input at random and let descent on the rest hold the output. Each step draws
// i in [0, D); then, as in the source's code,
//   e[:, i:] ← e[:, i:] + N(0, η),   and some times   e[:, :i] ← e[:, :i] − ε ∇ ‖O(e) − O(e*)‖₁,
// or as in its equation, with the halves swapped, an ascent, and η twice:
//   e[:, :i] ← e[:, :i] + η N(0, η),   e[:, i:] ← e[:, i:] + ε ∇ ‖O(e) − O(e*)‖₁.
// Its figure is r = ‖e* − e‖₁ / ‖O(e*) − O(e)‖₁.

import { t } from "@vscode/l10n";
import { plural } from "../../common/counts.ts";
import { yieldToEventLoop } from "../../common/event-loop.ts";
import { figure } from "../../common/number-format.ts";
import { floats } from "../../common/floats.ts";
import { randomStream } from "../../common/random.ts";
import type { ExperimentSpec } from "../common-fields.ts";
import type { RunEvent } from "../events.ts";
import { gradientNotFinite, throwIfNotFinite } from "../finite.ts";
import { integer, oneOf, positive } from "../fields.ts";
import type { ExperimentSetting } from "../setting.ts";
import { computeTarget, startEvent, throwIfDiverged } from "../target.ts";
import { type StepNotes, Walk } from "../walk.ts";
import type { Method, SpecOf } from "./method.ts";
import { movementVerdict } from "./verdicts.ts";

const schema = {
  iterations: integer(1, 1_000_000, { default: 50, description: "Number of steps, N." }),
  learningRate: positive(1000, { default: 0.001, description: "lr, the rate of the gradient steps." }),
  randEta: positive(1000, { default: 0.01, description: "Standard deviation of the noise on clamped dimensions." }),
  innerSteps: integer(1, 10_000, { default: 10, description: "Gradient steps after each noise step." }),
  form: oneOf(["code", "equation"], {
    default: "code",
    description: "The source's code, or its equation: halves swapped, ascent, and the noise's rate used twice.",
  }),
} as const;

export type ClampedWalkSpec = SpecOf<"clampedWalk", typeof schema>;

export const clampedWalk = {
  name: "clampedWalk",
  command: [
    ["walk", "change a text's embedding while the output stays"],
    ["clamped", "move some dimensions at random and hold the output with the others"],
  ],
  editorCommand: "walkClamped",
  goal: "move",
  schema,
  settings: ["iterations", "randEta", "learningRate", "innerSteps"],
  describe: {
    title: () => t("Clamped walk"),
    formula: () =>
      t(
        "N times: draw i; e[:, i:] ← e[:, i:] + N(0, randEta); then innerSteps times e[:, :i] ← e[:, :i] − lr ∇ₑ d(O(e), O(e*))",
      ),
    symbols: { learningRate: "lr", randEta: "std" },
    doing: (prompt) => t("Walking from “{0}”", prompt),
    heading: (prompt) => t("Walk: {0}", prompt),
    parts: ({ randEta, innerSteps, learningRate, form }: ClampedWalkSpec) => [
      t("clamped walk"),
      t("noise {0}", figure(randEta)),
      t("{0} of {1}", plural(innerSteps, "gradient step"), figure(learningRate)),
      ...(form === "equation" ? [t("the equation’s form")] : []),
    ],
    short: () => t("clamped walk"),
  },
  verdict: movementVerdict,
  series: [
    {
      name: "clampedFrom",
      label: "i",
      dotted: true,
      from: 0,
      title: () => t("Clamped at dimension i"),
      meaning: (spec: ExperimentSpec) =>
        t(
          "Where each step divides the dimensions of every token: {0}",
          (spec as ClampedWalkSpec).form === "equation"
            ? t("noise below i, gradient steps from i on")
            : t("noise from i on, gradient steps below i"),
        ),
    },
  ],
  cost: ({ iterations, innerSteps }: ClampedWalkSpec) => iterations * (innerSteps + 1),
  run: walkClamped,
} satisfies Method<typeof schema>;

/** Walks: a start event, step events on the schedule, an end event; cancelled between gradient steps. */
export async function* walkClamped(
  spec: ClampedWalkSpec,
  setting: ExperimentSetting,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const network = await setting.open({ batch: spec.restarts });
  const { width: D } = network;
  const began = setting.now();
  const target = await computeTarget(spec, setting, network);
  yield startEvent(spec, setting, target);

  const walk = new Walk(spec, setting, target);
  const e = walk.embedding;
  const { noiseStd, descent, upperHalf } = FORMS[spec.form](spec);
  const draw = clamps(spec, D, e.length / spec.restarts);
  let notes: readonly StepNotes[] = [];
  for (let n = 0; ; n++) {
    const { distance } = await network.distanceAndGradient(e, target.output);
    yield* walk.arrive(n, distance, notes, signal);
    if (walk.isOver) break;
    const { clampedFrom, noise } = draw(n);
    /** Does the dimension of this entry get noise in this step? */
    const isClamped = (i: number): boolean => {
      const upper = i % D >= clampedFrom[Math.floor((i * spec.restarts) / e.length)];
      return upper === upperHalf;
    };
    for (let i = 0; i < e.length; i++) if (isClamped(i)) e[i] += noiseStd * noise[i];
    for (let inner = 0; inner < spec.innerSteps && !signal.aborted; inner++) {
      const { distance, gradient } = await network.distanceAndGradient(e, target.output);
      // The noise of the step has been taken by now, also in the first one.
      throwIfDiverged(distance, n + 1, spec.learningRate, network.type);
      throwIfNotFinite(gradient, gradientNotFinite(n, network.type));
      for (let i = 0; i < e.length; i++) if (!isClamped(i)) e[i] -= descent * gradient[i];
      await yieldToEventLoop(); // Without this no cancellation would ever arrive.
    }
    notes = clampedFrom.map((from) => ({ clampedFrom: from }));
  }
  yield* walk.end(began);
}

/** Standard deviation of the noise, which half gets it, and the rate of descent on the other. */
const FORMS = {
  code: ({ randEta, learningRate }: ClampedWalkSpec) => ({ noiseStd: randEta, upperHalf: true, descent: learningRate }),
  equation: ({ randEta, learningRate }: ClampedWalkSpec) => ({
    noiseStd: randEta ** 2,
    upperHalf: false,
    descent: -learningRate,
  }),
} as const;

/** Of step n: the first dimension of the upper half for each restart, [B], and N(0, 1) for every entry, [B, T, D]. */
function clamps({ seed, restarts }: ClampedWalkSpec, D: number, size: number) {
  const noise = floats("float64", restarts * size);
  const place = new Float64Array(1);
  return (n: number) => {
    const clampedFrom = Array.from({ length: restarts }, (_, restart) => {
      randomStream(seed, `noise ${restart}`).fillNormal(
        noise.subarray(restart * size, (restart + 1) * size),
        0,
        1,
        n * size,
      );
      randomStream(seed, `clamp ${restart}`).fillUniform(place, 0, D, n);
      return Math.floor(place[0]);
    });
    return { clampedFrom, noise };
  };
}
