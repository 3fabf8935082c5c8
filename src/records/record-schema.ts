// What a record's files must hold to be believed. Fields that are not named here pass: a method adds some of its own, and
// a later version others.

import * as z from "zod";
import { LabError } from "../common/errors.ts";
import { withoutByteOrderMark } from "../common/plain-file.ts";
import { visible } from "../common/visible.ts";
import { COMMON_FIELDS } from "../experiments/common-fields.ts";
import type { RunEvent } from "../experiments/events.ts";
import { METHODS } from "../experiments/methods/table.ts";
import { problemsOf } from "../experiments/spec.ts";
import { RECORD_FORMAT, type RecordHead, type RunSummary } from "./record-files.ts";

/** Of spec.json and summary.json, which have a few kilobytes beside the prompt and its decoding. */
export const LARGEST_JSON = 64 * 2 ** 20;
/** Of events.jsonl: as much as is read at once. */
export const LARGEST_EVENTS = 2 ** 31 - 1;
/** Of one line of it: an end with 64 restarts of a thousand tokens has about 5 MB. */
export const LONGEST_LINE = 64 * 2 ** 20;

const number = z.number();
const count = z.int().min(0);
const numberOrNull = number.nullable();
const restart = z
  .int()
  .min(0)
  .max(COMMON_FIELDS.restarts.maximum - 1);
const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), "Invalid input: expected a time");
const token = z.looseObject({ id: count, text: z.string() });
const distances = { outputDistance: number, inputDistance: number, ratio: numberOrNull };

/** Made when it is first asked for, since methods can be added to their table. */
function pointSchema() {
  const series = METHODS.flatMap((method) => method.series).map(
    ({ name, perToken }) => [name, (perToken ? z.array(numberOrNull) : numberOrNull).optional()] as const,
  );
  return z.looseObject({ ...Object.fromEntries(series), iteration: count, ...distances });
}

const result = z.looseObject({
  ...distances,
  restart,
  iteration: count,
  tokenIds: z.array(count),
  tokens: z.array(z.string()),
  text: z.string(),
  exact: z.boolean(),
  hamming: z.looseObject({ top1: number, top5: number }),
  repetition: z.looseObject({ repeated: number, distinct1: number, distinct2: number }),
  ratioPerElement: numberOrNull,
  discreteDistance: number,
  beatsShift: z.boolean(),
  beatsShiftAt: numberOrNull,
  firstExactIteration: count.nullable().optional(),
  exactSince: count.nullable().optional(),
  firstCorrectIterations: z.array(count.nullable()).optional(),
  nextToken: token.nullable(),
  sameNextToken: z.boolean().nullable(),
  utility: z
    .looseObject({ agreement: number, kl: numberOrNull, agreements: z.array(z.boolean()), kls: z.array(numberOrNull) })
    .optional(),
});

const start = z.looseObject({
  type: z.literal("start"),
  spec: z.unknown().refine((spec) => problemsOf(spec).length === 0, "Invalid input: expected a spec"),
  target: z.looseObject({
    tokenIds: z.array(count),
    tokens: z.array(z.string()),
    text: z.string(),
    nextToken: token.nullable(),
  }),
  shiftDistance: number,
  shiftDistances: z.array(number),
  device: z.string(),
  memory: z.string().optional(),
  checkpoint: z.looseObject({ source: z.string(), revision: z.string().optional(), fingerprint: z.string() }),
  versions: z.record(z.string(), z.string()),
  quantisation: z
    .looseObject({ weightError: number, outputError: numberOrNull, outputDistance: numberOrNull })
    .optional(),
  rateSearch: z
    .looseObject({
      iterations: count,
      rates: z.array(number),
      outputDistances: z.array(numberOrNull),
      chosen: number,
    })
    .optional(),
  gradientCheck: z
    .looseObject({ elements: count, largestDifference: number, meanDifference: number, largestEntry: number })
    .optional(),
});

const stepSchema = () =>
  z.looseObject({
    ...distances,
    type: z.literal("step"),
    restart,
    iteration: count,
    learningRate: number,
    tokenIds: z.array(count),
    text: z.string(),
    topK: z.array(z.array(token.extend({ score: numberOrNull })).min(1)),
    targetRanks: z.array(number),
    walked: z.array(pointSchema()).optional(),
  });

const end = z.looseObject({
  type: z.literal("end"),
  status: z.enum(["completed", "cancelled"]),
  iterations: count,
  best: result,
  restarts: z.array(result).min(1).max(COMMON_FIELDS.restarts.maximum),
  elapsedMs: number,
});

const head = z.looseObject({
  createdAt: time,
  writer: z.looseObject({ host: z.string(), pid: z.int().min(1).max(0xffffffff), began: z.string() }),
  spec: z.unknown(),
});

const summary = z.looseObject({
  status: z.enum(["completed", "cancelled", "failed", "interrupted"]),
  startedAt: time,
  endedAt: time,
  elapsedMs: number,
  best: result.optional(),
  error: z.looseObject({ kind: z.string(), message: z.string() }).optional(),
});

const makeEventSchema = () => z.discriminatedUnion("type", [start, stepSchema(), end]);
let eventSchema: { readonly methods: number; readonly schema: ReturnType<typeof makeEventSchema> } | undefined;

/** A line of events.jsonl; `what` names it in sentences. Throws a LabError (storage). */
export function parseEvent(text: string, what: string): RunEvent {
  if (eventSchema?.methods !== METHODS.length) eventSchema = { methods: METHODS.length, schema: makeEventSchema() };
  return checked(eventSchema.schema, parsed(text, what), what) as RunEvent;
}

/** The text of a spec.json, all but its spec checked. Throws a LabError (storage). */
export function parseHead(text: string, file: string): RecordHead {
  const json = parsed(text, file);
  const format = (json as Partial<RecordHead> | null)?.format;
  if (format !== RECORD_FORMAT) {
    const has = visible(JSON.stringify(format) ?? "no format");
    throw new LabError("storage", `${file} has format ${has}, and this version reads ${RECORD_FORMAT}.`);
  }
  return checked(head, json, file) as RecordHead;
}

/** The text of a summary.json. Throws a LabError (storage). */
export const parseSummary = (text: string, file: string): RunSummary =>
  checked(summary, parsed(text, file), file) as RunSummary;

/** The value itself and not what the schema makes of it: a record is shown and exported as it was written. */
function checked(schema: z.ZodType, value: unknown, what: string): unknown {
  const { error } = schema.safeParse(value);
  if (!error) return value;
  const { path, message } = error.issues[0];
  const place = path.length === 0 ? "" : ` at ${path.join(".")}`;
  throw new LabError("storage", visible(`${what} is damaged${place}: ${message.replace(/^Invalid input: /, "")}.`));
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(withoutByteOrderMark(text)) as unknown;
  } catch (error) {
    throw new LabError("storage", `${what} is not JSON: the record is damaged.`, { cause: error });
  }
}
