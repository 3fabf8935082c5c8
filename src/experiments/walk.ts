// What the walks share: they start at the prompt's own embedding, measure every step, decode on the spec's schedule, and
// end where they are.

import type { FloatArray } from "../common/floats.ts";
import type { Decoding } from "../text/decoder.ts";
import { type Aim, distancesOf, endEvent, judge, stepEvent, throwIfDiverged } from "./target.ts";
import type { EndEvent, RestartResult, StepEvent, WalkPoint } from "./events.ts";
import { absoluteDistances } from "./metrics.ts";
import type { ExperimentSetting } from "./setting.ts";
import type { ClampedWalkSpec, OrthogonalWalkSpec } from "./spec.ts";

/** What is known of a step beside its distances. */
export type StepNotes = Pick<WalkPoint, "gradientProducts" | "singularValue" | "clampedFrom">;

export class Walk {
  /** Where the walk is, [B, T, D]: a copy, so that the prompt's own embedding stays what it is. */
  readonly embedding: FloatArray;
  readonly #spec: OrthogonalWalkSpec | ClampedWalkSpec;
  readonly #setting: ExperimentSetting;
  readonly #aim: Aim;
  /** Steps since the last shown one, [restart]. */
  #walked: WalkPoint[][];
  #iteration = 0;
  #outputDistances: number[] = [];
  /** Of the last shown step, which the end is. */
  #decodings: readonly Decoding[] = [];
  #over = false;

  constructor(spec: OrthogonalWalkSpec | ClampedWalkSpec, setting: ExperimentSetting, aim: Aim) {
    this.embedding = aim.target.slice();
    this.#spec = spec;
    this.#setting = setting;
    this.#aim = aim;
    this.#walked = Array.from({ length: spec.restarts }, () => []);
  }

  /** True after the last step, or the first one after a cancellation. */
  get isOver(): boolean {
    return this.#over;
  }

  /**
   * Takes the output distances [B] at the embedding as it is after `iteration` steps, with the notes of the last one.
   * Throws a LabError when a distance is no number.
   */
  async *arrive(
    iteration: number,
    distance: FloatArray,
    notes: readonly StepNotes[],
    signal: AbortSignal,
  ): AsyncGenerator<StepEvent> {
    const { iterations, every, learningRate, restarts } = this.#spec;
    throwIfDiverged(distance, iteration, learningRate);
    this.#iteration = iteration;
    this.#outputDistances = Array.from(distance);
    this.#over = iteration === iterations || signal.aborted;
    const inputDistances = absoluteDistances(this.embedding, this.#aim.target, restarts);
    this.#walked.forEach((points, restart) => {
      const distances = distancesOf(this.#outputDistances[restart], inputDistances[restart]);
      points.push({ iteration, ...distances, ...notes[restart] });
    });
    if (iteration % every !== 0 && !this.#over) return;
    this.#decodings = await this.#setting.decoder.decode(this.embedding);
    const walked = this.#walked;
    this.#walked = walked.map(() => []);
    for (let restart = 0; restart < restarts; restart++) {
      yield stepEvent(this.#setting, this.#decodings[restart], {
        restart,
        iteration,
        learningRate,
        outputDistance: this.#outputDistances[restart],
        inputDistance: inputDistances[restart],
        walked: walked[restart],
      });
    }
  }

  /** Judges where the walk has come to, once it is over; `began` is the clock's time at its start. */
  async *end(began: number): AsyncGenerator<EndEvent> {
    const { embedding } = this;
    const outputDistances = this.#outputDistances;
    const candidate = {
      embedding,
      iterations: outputDistances.map(() => this.#iteration),
      outputDistances,
      decodings: this.#decodings,
    };
    const verdicts = outputDistances.map((distance) => ({
      beatsShift: distance < this.#aim.shiftDistance,
      beatsShiftAt: null,
    }));
    const results = await judge(this.#spec, this.#setting, this.#aim, [candidate], verdicts);
    yield endEvent(this.#spec, this.#iteration, results, isFarther, this.#setting.now() - began);
  }
}

/** Farther away for the same change of the output; where that has not changed at all, farther away. */
const isFarther = (a: RestartResult, b: RestartResult): boolean =>
  (a.ratio ?? Infinity) > (b.ratio ?? Infinity) || (a.ratio === b.ratio && a.inputDistance > b.inputDistance);
