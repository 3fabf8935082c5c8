// Orthogonal walk: change the input where the output does not. Each step is
//   e ← e + η b(v),   v ⟂ every row of ∇ₑ ΣO [T, D],
// with one vector v broadcast to all tokens by b, or one for each token. That gradient knows one number of the output
// only, its sum; the other kind of direction is the one in which the whole output moves least, the smallest singular
// direction of the Jacobian J = ∂O/∂e, found by Lanczos' method on JᵀJ.

import { t } from "@vscode/l10n";
import { LabError } from "../../common/errors.ts";
import { yieldToEventLoop } from "../../common/event-loop.ts";
import { figure } from "../../common/number-format.ts";
import { dot, type FloatArray, floats } from "../../common/floats.ts";
import { randomStream } from "../../common/random.ts";
import type { NetworkFunctions } from "../../networks/functions.ts";
import type { RunEvent } from "../events.ts";
import { gradientNotFinite, throwIfNotFinite } from "../finite.ts";
import { integer, oneOf, positive } from "../fields.ts";
import { checkGradients, ones } from "../input-gradients.ts";
import type * as NullSpace from "../null-space.ts";
import type { ExperimentSetting } from "../setting.ts";
import { computeTarget, startEvent, type Target } from "../target.ts";
import { type StepNotes, Walk } from "../walk.ts";
import type { Method, SpecOf } from "./method.ts";
import { movementVerdict } from "./verdicts.ts";

const schema = {
  iterations: integer(1, 1_000_000, { default: 40, description: "Number of steps, N." }),
  learningRate: positive(1000, {
    default: 0.01,
    description: "η, the length of a step (a token's, where vectors are broadcast).",
  }),
  direction: oneOf(["gradient", "jacobian"], {
    default: "gradient",
    description: "Orthogonal to ∇ΣO as in the source, or along the Jacobian's smallest singular directions.",
  }),
  vectors: oneOf(["broadcast", "perToken"], {
    description: "One vector for all tokens, by default with direction gradient, or one for each.",
  }),
  nullVector: oneOf(["steady", "fresh"], {
    default: "steady",
    description: "Keep to the direction of the step before as far as it is still orthogonal, or draw a new one.",
  }),
  lanczosSteps: integer(2, 1000, {
    default: 30,
    description: "Lanczos steps for each direction of the Jacobian.",
  }),
  checkGradients: {
    type: "boolean",
    default: false,
    description: "Also take the gradient at the prompt by one backward pass for each output element, and compare.",
  },
} as const;

export type OrthogonalWalkSpec = SpecOf<"orthogonalWalk", typeof schema> & {
  readonly vectors: "broadcast" | "perToken";
};

export const orthogonalWalk = {
  name: "orthogonalWalk",
  command: [
    ["walk", "change a text's embedding while the output stays"],
    ["orthogonal", "step where the gradient, or the Jacobian, says that nothing changes"],
  ],
  editorCommand: "walkOrthogonal",
  goal: "move",
  schema,
  settings: ["iterations", "learningRate", "direction", "nullVector"],
  complete: (values) => ({
    ...values,
    vectors: values["vectors"] ?? (values["direction"] === "gradient" ? "broadcast" : "perToken"),
  }),
  describe: {
    title: () => t("Orthogonal walk"),
    formula: () => t("e ← e + η v, N times;  v ⟂ ∇ₑ ΣO(e), or v the smallest singular direction of J = ∂O/∂e"),
    doing: (prompt) => t("Walking from “{0}”", prompt),
    heading: (prompt) => t("Walk: {0}", prompt),
    parts: ({ direction, vectors, nullVector, learningRate }: OrthogonalWalkSpec) => [
      t("orthogonal walk"),
      direction === "gradient" ? t("null vectors of the gradient") : t("smallest directions of the Jacobian"),
      vectors === "broadcast" ? t("one vector for all tokens") : t("one vector per token"),
      ...(nullVector === "fresh" ? [t("drawn anew each step")] : []),
      t("step {0}", figure(learningRate)),
    ],
    short: () => t("orthogonal walk"),
  },
  verdict: movementVerdict,
  series: [
    {
      name: "gradientProducts",
      perToken: true,
      absolute: true,
      title: () => t("|gradient · v|"),
      meaning: () => t("the gradient’s product with the step’s direction"),
    },
    {
      name: "singularValue",
      label: "σ",
      title: () => t("Singular value ‖J v‖₂"),
      meaning: () => t("‖J v‖₂ for the step’s unit vector v: how much the output moves for it"),
    },
  ],
  cost: ({ iterations, direction, lanczosSteps }: OrthogonalWalkSpec) =>
    iterations * (direction === "jacobian" ? 1 + lanczosSteps : 1),
  run: walkOrthogonally,
} satisfies Method<typeof schema>;

/**
 * Walks: a start event, step events on the schedule, an end event; cancelled between steps. Throws a LabError
 * (badInput) when the gradient is zero, since then every direction is orthogonal to it, or not finite.
 */
export async function* walkOrthogonally(
  spec: OrthogonalWalkSpec,
  setting: ExperimentSetting,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  // Its linear algebra is of no use to a page.
  const nullSpace = await import("../null-space.ts");
  const network = await setting.open({ batch: spec.restarts });
  const began = setting.now();
  const target = await computeTarget(spec, setting, network);
  if (spec.direction === "gradient") await throwIfFlat(network, target, spec.seed);
  const gradientCheck = spec.checkGradients
    ? await checkGradients(network, target.embedding, target.output, signal)
    : undefined;
  yield startEvent(spec, setting, target, { gradientCheck });

  const directions = spec.direction === "gradient" ? gradientNullVectors : jacobianDirections;
  const find = directions(spec, network, nullSpace);
  const walk = new Walk(spec, setting, target);
  const cotangent = ones(network);
  let notes: readonly StepNotes[] = [];
  for (let n = 0; ; n++) {
    const { distance, gradient } = await network.vjp(walk.embedding, cotangent, target.output);
    yield* walk.arrive(n, distance, notes, signal);
    if (walk.isOver) break;
    if (spec.direction === "gradient") throwIfNotFinite(gradient, gradientNotFinite(n, network.type));
    const step = await find(n, walk.embedding, gradient, signal);
    if (!step) {
      yield* walk.stop();
      break;
    }
    for (let i = 0; i < walk.embedding.length; i++) walk.embedding[i] += spec.learningRate * step.directions[i];
    notes = step.notes;
    await yieldToEventLoop(); // Without this no cancellation would ever arrive.
  }
  yield* walk.end(began);
}

/** One step, for all restarts. */
interface Step {
  /** What is added, times η: [B, T, D], of mean square 1/D. */
  readonly directions: FloatArray;
  readonly notes: readonly StepNotes[];
}

/** Finds step n from where the walk is [B, T, D] and ∇ₑ ΣO there; none when it is cancelled in the middle. */
type FindStep = (
  n: number,
  embedding: FloatArray,
  gradient: FloatArray,
  signal: AbortSignal,
) => Promise<Step | undefined>;

/** Null vectors of the gradient's rows: one for all tokens, or one for each. */
function gradientNullVectors(
  spec: OrthogonalWalkSpec,
  { batch, length: T, width: D, type }: NetworkFunctions,
  { orthogonalPart }: typeof NullSpace,
): FindStep {
  const choice = new Directions(spec);
  return async (n, _, gradient) => {
    const directions = floats(type, gradient.length);
    const notes = Array.from({ length: batch }, (_, restart) => {
      const own = (values: FloatArray, token: number): FloatArray =>
        values.subarray((restart * T + token) * D, (restart * T + token + 1) * D);
      const rows = Array.from({ length: T }, (_, token) => Float64Array.from(own(gradient, token)));
      const nullVector = (name: string): Float64Array =>
        choice.settle(name, orthogonalPart(choice.candidate(name, n, D), rows));
      const shared = spec.vectors === "broadcast" ? nullVector(`${restart}`) : undefined;
      const gradientProducts = rows.map((row, token) => {
        const place = own(directions, token);
        place.set(shared ?? nullVector(`${restart} ${token}`));
        return dot(row, place); // with the vector as it is used, rounded to the network's own numbers
      });
      return { gradientProducts };
    });
    return { directions, notes };
  };
}

/** The smallest singular direction of the Jacobian: of one vector for all tokens, or of all tokens' together. */
function jacobianDirections(
  spec: OrthogonalWalkSpec,
  network: NetworkFunctions,
  { Lanczos }: typeof NullSpace,
): FindStep {
  const { batch, length: T, width: D, type } = network;
  const choice = new Directions(spec);
  const shared = spec.vectors === "broadcast";
  const size = shared ? D : T * D;
  /** [size] → [T, D], of length 1 where the vector is. */
  const lift = (vector: Float64Array, place: FloatArray): void => {
    for (let i = 0; i < place.length; i++) place[i] = shared ? vector[i % D] / Math.sqrt(T) : vector[i];
  };
  /** The transpose of lift. */
  const lower = (product: FloatArray): Float64Array => {
    if (!shared) return Float64Array.from(product);
    const sum = new Float64Array(D);
    for (let i = 0; i < product.length; i++) sum[i % D] += product[i] / Math.sqrt(T);
    return sum;
  };

  return async (n, embedding, _, signal) => {
    const searches = Array.from({ length: batch }, (_, restart) => {
      return new Lanczos(choice.candidate(`${restart}`, n, size));
    });
    const tangent = floats(type, batch * T * D);
    const own = (values: FloatArray, restart: number): FloatArray =>
      values.subarray(restart * T * D, (restart + 1) * T * D);
    for (let step = 0; step < spec.lanczosSteps && !searches.every(({ isClosed }) => isClosed); step++) {
      if (signal.aborted) return undefined;
      searches.forEach(({ vector }, restart) => lift(vector, own(tangent, restart)));
      const { product } = await network.normalProduct(embedding, tangent);
      throwIfNotFinite(product, gradientNotFinite(n, type));
      searches.forEach((search, restart) => search.next(lower(own(product, restart))));
      await yieldToEventLoop();
    }
    const notes = searches.map((search, restart) => {
      const { vector, singularValue } = search.smallest();
      lift(choice.settle(`${restart}`, vector), own(tangent, restart));
      return { singularValue };
    });
    // A token's share of the direction has then the length 1 in the mean.
    return { directions: tangent.map((value) => value * Math.sqrt(T)), notes };
  };
}

/**
 * Which of all null vectors? The one closest to the step before or, where the spec asks for a fresh one and at the first
 * step, to a random vector; its sign, which is arbitrary too, agrees with the step before.
 */
class Directions {
  readonly #spec: OrthogonalWalkSpec;
  readonly #before = new Map<string, Float64Array>();

  constructor(spec: OrthogonalWalkSpec) {
    this.#spec = spec;
  }

  /** The vector [size] that step n's direction of this name shall be close to. */
  candidate(name: string, n: number, size: number): Float64Array {
    const before = this.#spec.nullVector === "steady" ? this.#before.get(name) : undefined;
    if (before) return before;
    const drawn = new Float64Array(size);
    randomStream(this.#spec.seed, `direction ${name}`).fillNormal(drawn, 0, 1, n * size);
    return drawn;
  }

  /** Gives the direction its sign and remembers it. */
  settle(name: string, direction: Float64Array): Float64Array {
    const before = this.#before.get(name);
    const settled = before && dot(before, direction) < 0 ? direction.map((value) => -value) : direction;
    this.#before.set(name, settled);
    return settled;
  }
}

/** A gradient this much smaller than that of the output with random signs is what rounding has left of zero. */
const FLAT = { float32: 1e-5, float64: 1e-12 } as const;

/** The summed output may not depend on the input at all, as after a LayerNorm whose weights are all one. */
async function throwIfFlat(network: NetworkFunctions, { embedding, output }: Target, seed: number): Promise<void> {
  const size = async (cotangent: FloatArray): Promise<number> => {
    const { gradient } = await network.vjp(embedding, cotangent, output);
    throwIfNotFinite(gradient, gradientNotFinite(0, network.type));
    return Math.sqrt(dot(gradient, gradient));
  };
  const signs = randomStream(seed, "signs")
    .normal(output.length, 0, 1, network.type)
    .map((value: number) => Math.sign(value));
  if ((await size(ones(network))) > FLAT[network.type] * (await size(signs))) return;
  throw new LabError(
    "badInput",
    "The gradient of the summed output is zero at this text, so that every direction is orthogonal to it: choose another output, or the directions of the Jacobian.",
  );
}
