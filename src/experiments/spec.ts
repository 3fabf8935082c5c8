// The experiment spec: the one description of a run. The same JSON is the command line's flags, a setting's default
// and the head of a run's record, so that any run can be repeated from its record. What all methods share comes first;
// each method adds its own fields.

import * as z from "zod";
import { LabError, messageOf } from "../common/errors.ts";
import { METRICS, REDUCTIONS } from "../networks/distance.ts";
import { FULLY_CONNECTED_KINDS } from "../networks/fully-connected.ts";
import { OUTPUTS } from "../networks/outputs.ts";
import { WEIGHT_FORMATS } from "../networks/weight-formats.ts";
import { DEVICE_NAMES } from "../runtime/devices/devices.ts";
import { type FieldRule, ruleInWords } from "./field-rules.ts";
import { OPTIMIZER_RULES, type OptimizerName } from "./optimizers.ts";

export const NETWORKS = ["gpt2", ...FULLY_CONNECTED_KINDS] as const;
export const POSITIONS = ["sequential", "first"] as const;
export const OPTIMIZERS = Object.keys(OPTIMIZER_RULES) as readonly OptimizerName[];
export const STARTS = ["matched", "normal", "source", "custom"] as const;
export const DECODERS = ["pseudoinverse", "nearest", "cosine"] as const;
export const DEVICES = ["auto", ...DEVICE_NAMES] as const;
export const SHIFT_UNITS = ["absolute", "embedding"] as const;
export const MEMORY_MODES = ["speed", "low"] as const;

const count = (low: number, high: number) => z.int().min(low).max(high);
const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const rate = z.number().positive().max(1000);

const commonFields = {
  prompt: z
    .string()
    .refine((text) => text.trim() !== "", "is empty: select or write the text to invert")
    .describe("The text whose hidden states are the target."),
  checkpoint: z
    .string()
    .min(1)
    .default("random:gpt2")
    .describe(
      "Where the weights come from: random:gpt2, random:gpt2-medium, -large, -xl; mini; owner/name or " +
        "owner/name@revision on the Hugging Face hub; or a folder (one that exists wins over a hub id, ./ is always one).",
    ),
  initSeed: seed.default(0).describe("Seed of the random weights."),
  network: z
    .enum(NETWORKS)
    .default("gpt2")
    .describe(
      "What is under study: blocks of GPT-2, or a fully connected net with random weights over its embeddings.",
    ),
  blocks: count(1, 1024).default(1).describe("Number of transformer blocks, from the input on."),
  output: z.enum(OUTPUTS).default("block").describe("Where the sub-network ends."),
  positions: z.enum(POSITIONS).default("sequential").describe("Positions 0…T−1, or every token at position 0."),
  metric: z.enum(METRICS).default("l1").describe("Distance between outputs."),
  reduction: z.enum(REDUCTIONS).default("sum").describe("Sum over the output as in the source, or its mean."),
  fromPosition: count(-1024, 1023)
    .default(0)
    .describe("First position of the output that counts; a negative one is counted from the end."),
  channels: count(1, 1_000_000).optional().describe("Leading channels of the output that count; by default all."),
  seed: seed.default(0).describe("Seed of all that is drawn at random in the run."),
  restarts: count(1, 64).default(1).describe("Independent runs of the method, carried out as one batch."),
  dtype: z.enum(["float32", "float64"]).default("float32").describe("Number format of the computation."),
  topK: count(1, 100).default(5).describe("Tokens listed a position."),
  decoder: z.enum(DECODERS).default("pseudoinverse").describe("How an embedding becomes tokens."),
  vocabulary: z
    .string()
    .optional()
    .describe("A text: only its tokens, and its words with and without a blank before them, are decoded."),
  every: count(1, 1_000_000).optional().describe("Decode and show each so many iterations; by default about 40 times."),
  shiftStd: z.number().positive().default(0.05).describe("σ of the shift test, in units of shiftUnit."),
  shiftUnit: z
    .enum(SHIFT_UNITS)
    .default("absolute")
    .describe(
      "What σ is measured in: as it is, as in the source, or the deviation of the checkpoint's own embeddings.",
    ),
  shiftDraws: count(1, 1024).default(16).describe("Draws of the shift test; its median is the bar."),
  device: z.enum(DEVICES).default("auto").describe("Where the network runs."),
  weights: z
    .enum(WEIGHT_FORMATS)
    .default("stored")
    .describe(
      "The checkpoint's own numbers; or its matrices in 16 bits, half of the bytes on a card or on the CPU; or in 8, a " +
        "quarter of them, on the CPU.",
    ),
  memory: z.enum(MEMORY_MODES).default("speed").describe("Keep packed copies of the weights, or read them in place."),
};

const inversionSpec = z.strictObject({
  method: z.literal("inversion").describe("The algorithm."),
  ...commonFields,
  iterations: count(1, 1_000_000).default(200).describe("Number of update steps, N."),
  learningRate: z
    .union([rate, z.literal("auto")])
    .default(0.01)
    .describe("η at the first step; falls linearly to η/10. auto tries a ladder of rates first."),
  optimizer: z.enum(OPTIMIZERS).default("adam").describe("Plain gradient descent, or Adam."),
  start: z.enum(STARTS).default("matched").describe("Distribution of the noise in the start point."),
  startMean: z.number().optional().describe("μ of the noise; only with start custom."),
  startStd: z.number().positive().optional().describe("σ of the noise; only with start custom."),
  noiseShare: z.number().default(1).describe("s in e₀ = s·N(μ, σ) + t·e*."),
  targetShare: z.number().default(0).describe("t in e₀ = s·N(μ, σ) + t·e*."),
});

export const DIRECTIONS = ["gradient", "jacobian"] as const;
export const VECTORS = ["broadcast", "perToken"] as const;
export const NULL_VECTORS = ["steady", "fresh"] as const;

const orthogonalWalkSpec = z.strictObject({
  method: z.literal("orthogonalWalk").describe("The algorithm."),
  ...commonFields,
  iterations: count(1, 1_000_000).default(40).describe("Number of steps, N."),
  learningRate: rate.default(0.01).describe("η, the length of a step (a token's, where vectors are broadcast)."),
  direction: z
    .enum(DIRECTIONS)
    .default("gradient")
    .describe("Orthogonal to ∇ΣO as in the source, or along the Jacobian's smallest singular directions."),
  vectors: z
    .enum(VECTORS)
    .optional()
    .describe("One vector for all tokens, by default with direction gradient, or one for each."),
  nullVector: z
    .enum(NULL_VECTORS)
    .default("steady")
    .describe("Keep to the direction of the step before as far as it is still orthogonal, or draw a new one."),
  lanczosSteps: count(2, 1000).default(30).describe("Lanczos steps for each direction of the Jacobian."),
  checkGradients: z
    .boolean()
    .default(false)
    .describe("Also take the gradient at the prompt by one backward pass for each output element, and compare."),
});

export const CLAMPED_FORMS = ["code", "equation"] as const;

const clampedWalkSpec = z.strictObject({
  method: z.literal("clampedWalk").describe("The algorithm."),
  ...commonFields,
  iterations: count(1, 1_000_000).default(50).describe("Number of steps, N."),
  learningRate: rate.default(0.001).describe("lr, the rate of the gradient steps."),
  randEta: z
    .number()
    .positive()
    .max(1000)
    .default(0.01)
    .describe("Standard deviation of the noise on clamped dimensions."),
  innerSteps: count(1, 10_000).default(10).describe("Gradient steps after each noise step."),
  form: z
    .enum(CLAMPED_FORMS)
    .default("code")
    .describe("The source's code, or its equation: halves swapped, ascent, and the noise's rate used twice."),
});

const SPECS = {
  inversion: inversionSpec,
  orthogonalWalk: orthogonalWalkSpec,
  clampedWalk: clampedWalkSpec,
} as const;

export type MethodName = keyof typeof SPECS;
export const METHODS = Object.keys(SPECS) as readonly MethodName[];

const methodOf = z.looseObject({ method: z.enum(METHODS).default("inversion") });

type Input<Schema extends z.ZodType> = z.input<Schema>;
/** Every field decided; `every` too. */
type Decided<Schema extends z.ZodType> = Omit<z.output<Schema>, "every"> & { readonly every: number };

/** What a person may leave out. Without a method it is an inversion. */
export type InversionRequest = Omit<Input<typeof inversionSpec>, "method"> & { readonly method?: "inversion" };
export type ExperimentRequest = InversionRequest | Input<typeof orthogonalWalkSpec> | Input<typeof clampedWalkSpec>;

export type InversionSpec = Decided<typeof inversionSpec>;
export type OrthogonalWalkSpec = Omit<Decided<typeof orthogonalWalkSpec>, "vectors"> & {
  readonly vectors: (typeof VECTORS)[number];
};
export type ClampedWalkSpec = Decided<typeof clampedWalkSpec>;
export type ExperimentSpec = InversionSpec | OrthogonalWalkSpec | ClampedWalkSpec;

/** Fields that every method has. */
export type CommonField = keyof typeof commonFields;
export const COMMON_FIELDS = Object.keys(commonFields) as readonly CommonField[];
/** The fields of a method beside its name, the common ones first. */
export const fieldsOf = (method: MethodName): readonly string[] =>
  Object.keys(SPECS[method].shape).filter((field) => field !== "method");

/**
 * A setting of the inversion under a name. `source` is the source's own: every token at position 0, the head put on the
 * block without ln_f, L1, plain descent from N(1/2, 1/20) at the one rate and length it states (η = 0.001, N = 2000).
 */
export const PRESETS = {
  default: {},
  source: {
    output: "blockHead",
    positions: "first",
    metric: "l1",
    reduction: "sum",
    fromPosition: 0,
    channels: undefined,
    optimizer: "gd",
    start: "source",
    noiseShare: 1,
    targetShare: 0,
    learningRate: 0.001,
    iterations: 2000,
    decoder: "pseudoinverse",
    vocabulary: undefined,
    dtype: "float32",
    shiftStd: 0.05,
    shiftUnit: "absolute",
  },
} as const satisfies Record<string, Partial<InversionRequest>>;

/** About forty shown iterations, whatever N is: each costs as much as several iterations of a shallow network. */
const defaultEvery = (iterations: number): number => Math.max(1, Math.round(iterations / 40));

/** What the person who made the request calls a field: a flag, a setting. */
export type FieldName = (field: string) => string;

/** Checks a request and fills in what was left out. Throws a LabError (badInput) that names field, value and bounds. */
export function parseSpec(request: InversionRequest, nameOf?: FieldName): InversionSpec;
export function parseSpec(request: unknown, nameOf?: FieldName): ExperimentSpec;
export function parseSpec(request: unknown, nameOf: FieldName = (field) => field): ExperimentSpec {
  const { method } = checked(methodOf, request, nameOf);
  const named = { ...(request as object), method };
  const spec = checked(SPECS[method], named, nameOf);
  if (spec.method === "inversion") checkStart(spec, nameOf);
  if (spec.weights !== "stored" && spec.network !== "gpt2") {
    throw new LabError("badInput", `${nameOf("weights")} ${spec.weights} is for ${nameOf("network")} gpt2 only.`);
  }
  if (spec.vocabulary?.trim() === "") {
    throw new LabError("badInput", `${nameOf("vocabulary")} holds no token: give a text, or leave it out.`);
  }
  const every = spec.every ?? defaultEvery(spec.iterations);
  if (spec.method !== "orthogonalWalk") return { ...spec, every };
  return { ...spec, every, vectors: spec.vectors ?? (spec.direction === "gradient" ? "broadcast" : "perToken") };
}

/** What is wrong with a request, each at its field; nothing when parseSpec takes it. */
export function problemsOf(request: unknown): { readonly field: string; readonly message: string }[] {
  const method = methodOf.safeParse(request);
  const named = { ...(request as object), method: method.data?.method ?? "inversion" };
  const schema = method.success ? SPECS[method.data.method] : methodOf;
  const result = schema.safeParse(named);
  if (!result.success) {
    const nameOf: FieldName = () => "This";
    return result.error.issues.map((issue) => ({
      field: issue.path.join("."),
      message: sentence(issue, schema, named, nameOf),
    }));
  }
  const asked: string[] = [];
  try {
    parseSpec(request, (field) => {
      asked.push(field);
      return field;
    });
    return [];
  } catch (error) {
    // What fields together make wrong is said at the one that is named first.
    return [{ field: asked[0] ?? "", message: messageOf(error) }];
  }
}

function checked<Schema extends z.ZodType>(schema: Schema, request: unknown, nameOf: FieldName): z.output<Schema> {
  const result = schema.safeParse(request);
  // A field that is there as undefined would make two equal specs differ.
  if (result.success) return JSON.parse(JSON.stringify(result.data)) as z.output<Schema>;
  throw new LabError("badInput", sentence(result.error.issues[0], schema, request, nameOf));
}

function checkStart({ start, startMean, startStd }: z.output<typeof inversionSpec>, nameOf: FieldName): void {
  const custom = start === "custom";
  if (custom === (startMean !== undefined) && custom === (startStd !== undefined)) return;
  const [mean, std, name] = ["startMean", "startStd", "start"].map(nameOf);
  throw new LabError("badInput", `${mean} and ${std} go together, and with ${name} custom only.`);
}

/** The same words for whatever is wrong with a field's value: what it is, and what it must be. */
function sentence(issue: z.core.$ZodIssue, schema: z.ZodType, request: unknown, nameOf: FieldName): string {
  if (issue.code === "unrecognized_keys") return `Unknown field of an experiment: ${issue.keys.join(", ")}.`;
  const path = issue.path.join(".");
  if (issue.code === "custom") return `${path === "prompt" ? "The prompt" : nameOf(path)} ${issue.message}.`;
  const field = path ? nameOf(path) : "The experiment";
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], request);
  const rules = z.toJSONSchema(schema, { io: "input" }) as { readonly properties: Readonly<Record<string, FieldRule>> };
  const rule = path ? rules.properties[path] : {};
  return `${field} is ${JSON.stringify(value) ?? "missing"}: it must be ${ruleInWords(rule)}.`;
}

/** JSON schema of a method's request, for editors and for help. */
export const specSchema = (method: MethodName = "inversion"): unknown => z.toJSONSchema(SPECS[method], { io: "input" });

/** The same of every method. */
export const specSchemas = (): Readonly<Record<MethodName, unknown>> =>
  Object.fromEntries(METHODS.map((method) => [method, specSchema(method)])) as Record<MethodName, unknown>;
