// What the walks share: they start at the prompt's own embedding, measure every step, decode on the spec's schedule, and
// end where they are.

import { type FloatArray, typeOf } from "../common/floats.ts";
import type { Decoding } from "../text/decoder.ts";
import type { ExperimentSpec } from "./common-fields.ts";
import type { EndEvent, RestartResult, StepEvent, WalkPoint } from "./events.ts";
import { absoluteDistances } from "./metrics.ts";
import type { ExperimentSetting } from "./setting.ts";
import { distancesOf, endEvent, judge, stepEvent, type Target, throwIfDiverged } from "./target.ts";

/** What is known of a step beside its distances: the columns of the method's series. */
export type StepNotes = Omit<WalkPoint, "iteration" | "outputDistance" | "inputDistance" | "ratio">;

type WalkSpec = ExperimentSpec & { readonly learningRate: number };

export class Walk {
  /** Where the walk is, [B, T, D]: a copy, so that the prompt's own embedding stays what it is. */
  readonly embedding: FloatArray;
  readonly #spec: WalkSpec;
  readonly #setting: ExperimentSetting;
  readonly #target: Target;
  /** Steps since the last shown one, [restart]. */
  #walked: WalkPoint[][];
  #iteration = 0;
  #outputDistances: number[] = [];
  #inputDistances: number[] = [];
  /** Of the last shown step, which the end is. */
  #decodings: readonly Decoding[] = [];
  #over = false;

  constructor(spec: WalkSpec, setting: ExperimentSetting, target: Target) {
    this.embedding = target.embedding.slice();
    this.#spec = spec;
    this.#setting = setting;
    this.#target = target;
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
    throwIfDiverged(distance, iteration, learningRate, typeOf(this.embedding));
    this.#iteration = iteration;
    this.#outputDistances = Array.from(distance);
    this.#inputDistances = absoluteDistances(this.embedding, this.#target.embedding, restarts);
    this.#walked.forEach((points, restart) => {
      const distances = distancesOf(this.#outputDistances[restart], this.#inputDistances[restart]);
      points.push({ iteration, ...distances, ...notes[restart] });
    });
    this.#over = iteration === iterations || signal.aborted;
    if (iteration % every === 0 || this.#over) yield* this.#show();
  }

  /** Ends the walk where it is, when no further step is to be taken. */
  async *stop(): AsyncGenerator<StepEvent> {
    this.#over = true;
    if (this.#walked.some((points) => points.length > 0)) yield* this.#show();
  }

  async *#show(): AsyncGenerator<StepEvent> {
    this.#decodings = await this.#setting.decoder.decode(this.embedding);
    const walked = this.#walked;
    this.#walked = walked.map(() => []);
    for (let restart = 0; restart < walked.length; restart++) {
      yield stepEvent(this.#setting, this.#decodings[restart], {
        restart,
        iteration: this.#iteration,
        learningRate: this.#spec.learningRate,
        outputDistance: this.#outputDistances[restart],
        inputDistance: this.#inputDistances[restart],
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
    const againstShift = outputDistances.map((distance) => ({
      beatsShift: distance < this.#target.shiftDistance,
      beatsShiftAt: null,
    }));
    const results = await judge(this.#spec, this.#setting, this.#target, [candidate], againstShift);
    yield endEvent(this.#spec, this.#iteration, results, isFarther, this.#setting.now() - began);
  }
}

/** Farther away for the same change of the output; where that has not changed at all, farther away. */
const isFarther = (a: RestartResult, b: RestartResult): boolean =>
  (a.ratio ?? Infinity) > (b.ratio ?? Infinity) || (a.ratio === b.ratio && a.inputDistance > b.inputDistance);
