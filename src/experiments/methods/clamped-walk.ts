// Clamped gradient walk: move a part of the input at random and let descent on the rest hold the output. Each step draws
// i in [0, D); then, as in the source's code,
//   e[:, i:] ← e[:, i:] + N(0, η),   and some times   e[:, :i] ← e[:, :i] − ε ∇ ‖O(e) − O(e*)‖₁,
// or as in its equation, with the halves swapped, an ascent, and η twice:
//   e[:, :i] ← e[:, :i] + η N(0, η),   e[:, i:] ← e[:, i:] + ε ∇ ‖O(e) − O(e*)‖₁.
// Its figure is r = ‖e* − e‖₁ / ‖O(e*) − O(e)‖₁.

import { yieldToEventLoop } from "../../common/event-loop.ts";
import { floats } from "../../common/floats.ts";
import { randomStream } from "../../common/random.ts";
import { startEvent, takeAim, throwIfDiverged } from "../target.ts";
import type { RunEvent } from "../events.ts";
import type { ExperimentSetting } from "../setting.ts";
import type { ClampedWalkSpec } from "../spec.ts";
import { type StepNotes, Walk } from "../walk.ts";

/** Walks: a start event, step events on the schedule, an end event; cancelled between gradient steps. */
export async function* walkClamped(
  spec: ClampedWalkSpec,
  setting: ExperimentSetting,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const { network, now } = setting;
  const { width: D } = network;
  const began = now();
  const aim = await takeAim(spec, setting);
  yield startEvent(spec, setting, aim);

  const walk = new Walk(spec, setting, aim);
  const e = walk.embedding;
  const { noiseStd, descent, upperHalf } = FORMS[spec.form](spec);
  const draw = clamps(spec, D, e.length / spec.restarts);
  let notes: readonly StepNotes[] = [];
  for (let n = 0; ; n++) {
    const { distance } = await network.distanceAndGradient(e, aim.targetOutput);
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
      const { distance, gradient } = await network.distanceAndGradient(e, aim.targetOutput);
      throwIfDiverged(distance, n, spec.learningRate);
      for (let i = 0; i < e.length; i++) if (!isClamped(i)) e[i] -= descent * gradient[i];
      await yieldToEventLoop(); // Sessions block the thread: without this no cancellation would ever arrive.
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
