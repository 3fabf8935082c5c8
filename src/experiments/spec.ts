// The experiment spec: the one description of a run. The same JSON is the command line's flags, a setting's default
// and the head of a run's record, so that any run can be repeated from its record.

import * as z from "zod";
import { LabError } from "../common/errors.ts";
import { DISTANCES } from "../networks/distance.ts";
import { OUTPUTS } from "../networks/gpt2-config.ts";
import { DEVICE_NAMES } from "../runtime/devices.ts";
import { OPTIMIZER_RULES } from "./optimizers.ts";

export const POSITIONS = ["sequential", "first"] as const;
export const METRICS = keysOf(DISTANCES);
export const OPTIMIZERS = keysOf(OPTIMIZER_RULES);
export const STARTS = ["matched", "normal", "source", "custom"] as const;
export const DECODERS = ["pseudoinverse", "nearest", "cosine"] as const;
export const DEVICES = ["auto", ...DEVICE_NAMES] as const;
export const MEMORY_MODES = ["speed", "low"] as const;

function keysOf<Key extends string>(table: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(table) as Key[];
}

const count = (low: number, high: number) => z.int().min(low).max(high);
const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const experimentSpec = z.strictObject({
  method: z.literal("inversion").default("inversion").describe("The algorithm."),
  prompt: z
    .string()
    .refine((text) => text.trim() !== "", "is empty: select or write the text to invert")
    .describe("The text whose hidden states are the target."),
  checkpoint: z
    .string()
    .min(1)
    .default("random:gpt2")
    .describe("Where the weights come from: random:gpt2, random:gpt2-medium, -large, -xl, or a folder."),
  initSeed: seed.default(0).describe("Seed of the random weights."),
  blocks: count(1, 1024).default(1).describe("Number of transformer blocks, from the input on."),
  output: z.enum(OUTPUTS).default("block").describe("Where the sub-network ends."),
  positions: z.enum(POSITIONS).default("sequential").describe("Positions 0…T−1, or every token at position 0."),
  iterations: count(1, 1_000_000).default(200).describe("Number of update steps, N."),
  learningRate: z.number().positive().max(1000).default(0.01).describe("η at the first step; falls linearly to η/10."),
  metric: z.enum(METRICS).default("l1").describe("Distance between outputs."),
  optimizer: z.enum(OPTIMIZERS).default("adam").describe("Plain gradient descent, or Adam."),
  start: z.enum(STARTS).default("matched").describe("Distribution of the noise in the start point."),
  startMean: z.number().optional().describe("μ of the noise; only with start custom."),
  startStd: z.number().positive().optional().describe("σ of the noise; only with start custom."),
  noiseShare: z.number().default(1).describe("s in e₀ = s·N(μ, σ) + t·e*."),
  targetShare: z.number().default(0).describe("t in e₀ = s·N(μ, σ) + t·e*."),
  seed: seed.default(0).describe("Seed of the start points and of the shift test."),
  restarts: count(1, 64).default(1).describe("Start points run as one batch."),
  dtype: z.enum(["float32", "float64"]).default("float32").describe("Number format of the computation."),
  topK: count(1, 100).default(5).describe("Tokens listed a position."),
  decoder: z.enum(DECODERS).default("pseudoinverse").describe("How an embedding becomes tokens."),
  every: count(1, 1_000_000).optional().describe("Decode and show each so many iterations; by default about 40 times."),
  shiftStd: z.number().positive().default(0.05).describe("σ of the shift test, absolute."),
  shiftDraws: count(1, 1024).default(16).describe("Draws of the shift test; its median is the bar."),
  device: z.enum(DEVICES).default("auto").describe("Where the network runs."),
  memory: z.enum(MEMORY_MODES).default("speed").describe("Keep packed copies of the weights, or read them in place."),
});

/** What a person may leave out. */
export type ExperimentRequest = z.input<typeof experimentSpec>;
/** Every field decided; `every` too. */
export type ExperimentSpec = Omit<z.output<typeof experimentSpec>, "every"> & { readonly every: number };

/**
 * A setting of the method under a name. `source` is the source's own: every token at position 0, the head put on the
 * block without ln_f, L1, plain descent from N(1/2, 1/20) at the one rate and length it states (η = 0.001, N = 2000).
 */
export const PRESETS = {
  default: {},
  source: {
    output: "blockHead",
    positions: "first",
    metric: "l1",
    optimizer: "gd",
    start: "source",
    noiseShare: 1,
    targetShare: 0,
    learningRate: 0.001,
    iterations: 2000,
    decoder: "pseudoinverse",
    dtype: "float32",
    shiftStd: 0.05,
  },
} as const satisfies Record<string, Partial<ExperimentRequest>>;

/** About forty shown iterations, whatever N is: each costs as much as several iterations of a shallow network. */
const defaultEvery = (iterations: number): number => Math.max(1, Math.round(iterations / 40));

/** What the person who made the request calls a field: a flag, a setting. */
export type FieldName = (field: string) => string;

/** Checks a request and fills in what was left out. Throws a LabError (badInput) that names field, value and bounds. */
export function parseSpec(request: unknown, nameOf: FieldName = (field) => field): ExperimentSpec {
  const result = experimentSpec.safeParse(request);
  if (!result.success) throw new LabError("badInput", sentence(result.error.issues[0], request, nameOf));
  const spec = result.data;
  const custom = spec.start === "custom";
  if (custom !== (spec.startMean !== undefined) || custom !== (spec.startStd !== undefined)) {
    const [mean, std, start] = ["startMean", "startStd", "start"].map(nameOf);
    throw new LabError("badInput", `${mean} and ${std} go together, and with ${start} custom only.`);
  }
  return { ...spec, every: spec.every ?? defaultEvery(spec.iterations) };
}

function sentence(issue: z.core.$ZodIssue, request: unknown, nameOf: FieldName): string {
  if (issue.code === "unrecognized_keys") return `Unknown field of an experiment: ${issue.keys.join(", ")}.`;
  const path = issue.path.join(".");
  if (issue.code === "custom") return `${path === "prompt" ? "The prompt" : nameOf(path)} ${issue.message}.`;
  const field = path ? nameOf(path) : "The experiment";
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], request);
  return `${field} is ${JSON.stringify(value) ?? "missing"}: ${issue.message.replace(/^./, (letter) => letter.toLowerCase())}.`;
}

/** JSON schema of a request, for editors. */
export const specSchema = (): unknown => z.toJSONSchema(experimentSpec, { io: "input" });
