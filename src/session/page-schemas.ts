// What a page may say. A page shows texts of others, so that what comes from it is looked at like any other input; names
// in it are looked up by whoever is told, and none is a path to be opened.

import * as z from "zod";
import type { FromPage } from "./panel-messages.ts";
import type { FromSweepsPage } from "./sweeps-messages.ts";

/** Longer than any name, sentence or prompt of ours. */
const LONGEST_TEXT = 1_000_000;
/** An entire PNG of a drawing in base64. */
const LONGEST_DRAWING = 64 * 2 ** 20;
/** A line for each restart of a dozen runs, and their levels. */
const MOST_LINES = 2000;
/** Of a sweep. */
const MOST_CHARTS = 100;

const text = z.string().max(LONGEST_TEXT);
const flag = z.boolean().optional();
const pair = z.tuple([z.number(), z.number()]);

const figure = z.strictObject({
  title: text,
  xLabel: text,
  yLabel: text,
  logarithmic: flag,
  from: z.number().optional(),
  span: pair.optional(),
  lines: z
    .array(
      z.strictObject({
        name: text.optional(),
        points: z.array(pair),
        style: z.int().min(0).max(MOST_LINES).optional(),
        faint: flag,
        dotted: flag,
        neutral: flag,
      }),
    )
    .max(MOST_LINES),
  marks: z
    .array(z.strictObject({ x: z.number(), label: text, style: z.int().min(0).max(MOST_LINES).optional() }))
    .max(MOST_LINES)
    .optional(),
});

/** A message of one type with these fields. */
const message = <const Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.strictObject({ type: z.literal(type), ...shape });

const fromPage = z.discriminatedUnion("type", [
  message("ready", {}),
  message("select", { id: text }),
  message("compare", { id: text, beside: z.array(text).max(MOST_LINES) }),
  message("stop", { id: text }),
  message("pause", { id: text }),
  message("resume", { id: text }),
  message("runAgain", { id: text, preset: text.optional() }),
  message("duplicate", { id: text }),
  message("recoverExactly", { id: text }),
  message("suggested", { id: text, name: text }),
  message("check", { request: z.unknown() }),
  message("start", { request: z.unknown() }),
  message("saveFigure", { id: text, figure, format: z.enum(["svg", "png"]) }),
  message("rasterised", {
    request: z.int(),
    png: z.base64().max(LONGEST_DRAWING).optional(),
    problem: text.optional(),
  }),
  message("export", { id: text, comparison: z.boolean() }),
  message("showLog", {}),
]) satisfies z.ZodType<FromPage>;

const draft = z.record(text, text);
const chart = z.strictObject({ y: text, along: text, lines: text.optional(), x: text.optional() });

const fromSweepsPage = z.discriminatedUnion("type", [
  message("ready", {}),
  message("select", { id: text }),
  message("choose", {
    choice: z.strictObject({ across: text.optional(), down: text.optional(), figure: text }),
  }),
  z.strictObject({
    type: z.enum(["start", "pause", "stop", "forget", "openFile", "showResults", "saveMap"]),
    id: text,
  }),
  message("openPlace", { id: text, column: text, row: text }),
  message("openRun", { id: text, name: text }),
  message("new", {}),
  message("duplicate", { id: text }),
  message("openSweep", {}),
  message("check", { draft }),
  message("begin", { name: text, draft, charts: z.array(chart).max(MOST_CHARTS) }),
]);

/** A message of the panel's page; undefined for what is none. */
export const panelMessage = (value: unknown): FromPage | undefined => fromPage.safeParse(value).data;

/** A message of the sweeps' page; undefined for what is none. */
export const sweepsMessage = (value: unknown): FromSweepsPage | undefined =>
  fromSweepsPage.safeParse(value).data as FromSweepsPage | undefined;
